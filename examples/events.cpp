// What a cache drops, and why: a listener that a slow disk cannot turn into slow reads.
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    std::atomic<bool> told = false;  // outlives the node, whose worker sets it

    const auto node = tutti::Node::create({.name = "shop-1"}).value();
    const auto prices = node->local<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(1),
        .load = [](const std::string& fruit, tutti::LoadContext&) { return int(fruit.size()); },
        .events = tutti::EventListener{.listen =
                                           [&told](const tutti::CacheEvent& event) {
                                               std::cout << event.cache << ": "
                                                         << tutti::to_string(event.kind) << ' '
                                                         << event.key << ", "
                                                         << tutti::to_string(event.cause) << '\n';
                                               told = true;
                                           },
                                       .kinds = {tutti::CacheEvent::Kind::evicted}},
        .measure_hits = true,
    });
    if (!node->start()) return 1;

    (void)prices.get("apple");
    (void)prices.get("quince");  // there is room for one
    (void)prices.get("quince");

    const tutti::CacheCounters counters = node->inventory().front().counters;
    std::cout << "waited " << counters.wait_times.count() << " times, hit "
              << counters.hit_times->count() << " time\n";

    while (!told) std::this_thread::yield();  // a worker tells it
    return 0;
}
