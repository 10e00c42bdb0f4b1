#include <iostream>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    auto node = tutti::Node::create({.name = "shop-1"}).value();  // .redis, .app: a fleet
    auto prices = node->coherent<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::wrong,
        .ttl = 30s,
        .bound = tutti::entries(1000),
        .load = [](const std::string& fruit, tutti::LoadContext&) { return int(fruit.size()); },
        .channel = "cache:prices",
    });
    if (auto started = node->start(); !started) return std::cerr << started.error().message(), 1;

    auto found = prices.get("apple");  // from memory, or by one load for however many readers
    if (const int* price = found.get_if()) std::cout << "apple: " << *price << '\n';
    auto sent = prices.invalidate("apple");  // published: each instance drops it, or stops serving
    auto done = prices.invalidate("apple", {.ack = tutti::Ack::every_instance});
    return sent.published() && done.done() ? 0 : 1;  // done: no reader gets what was there
}
