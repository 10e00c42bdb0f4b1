// What is in memory, for how long, and how a part of the program finds a cache that another one has
// declared.
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

using Prices = tutti::Local<std::string, int>;

// Knows the node and the name, and nothing else.
int look(const tutti::Node& node) {
    const auto prices = node.find<Prices>("prices");
    if (!prices) return 1;

    int seen = 0;
    prices->for_each([&](std::string_view fruit, const tutti::Lookup<int>& known) {
        const auto left = std::chrono::duration_cast<std::chrono::minutes>(*known.time_left());
        std::cout << fruit << ": " << *known << ", for " << left.count() << " min\n";
        ++seen;
    });
    const bool loads = prices->contains("quince");  // asks no source

    const auto wrong = node.find<tutti::Local<int, int>>("prices");
    std::cout << wrong.error().message() << '\n';  // says what it is
    return seen == 1 && !loads && !wrong ? 0 : 1;
}

int main() {
    const auto node = tutti::Node::create({.name = "shop-1"}).value();
    const auto prices = node->local<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(100),
        .load = [](const std::string& fruit, tutti::LoadContext&) { return int(fruit.size()); },
    });
    if (!node->start() || !prices.get("apple")) return 1;
    return look(*node);
}
