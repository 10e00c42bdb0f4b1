// The process that writes keeps nothing: it tells the instances that read, and waits until none of
// them serves what was there before.
#include "tutti/invalidator.hpp"

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    std::map<std::string, int> prices{{"apple", 3}, {"pear", 4}};

    const auto hub = tutti::EmbeddedHub::create();  // with .redis = "redis://..." : two processes
    const auto shop = tutti::Node::create({.name = "shop-1", .embedded = hub}).value();
    const auto import = tutti::Node::create({.name = "nightly-import", .embedded = hub}).value();

    const auto shown = shop->coherent<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::wrong,
        .ttl = 5min,
        .bound = tutti::entries(1000),
        .load = [&](const std::string& fruit, tutti::LoadContext&) { return prices[fruit]; },
        .channel = "cache:prices",
    });
    const auto changes = import->invalidator<std::string>(
        {.name = "price-changes", .changes = "prices by fruit", .channel = "cache:prices"});
    if (!shop->start() || !import->start()) return 1;

    std::cout << "the shop shows:  " << *shown.get("apple").value() << '\n';
    prices = {{"apple", 5}, {"pear", 6}};
    const auto told = changes.invalidate({"apple", "pear"}, {.ack = tutti::Ack::every_instance});
    std::cout << "two prices told: " << to_string(told.outcome) << '\n';
    std::cout << "the shop shows:  " << *shown.get("apple").value() << '\n';
    return told.done() && *shown.get("apple").value() == 5 ? 0 : 1;
}
