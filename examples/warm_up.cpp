// A node that is ready when the keys that everybody asks for are in memory.
#include <chrono>
#include <iostream>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

int main() {
    const auto node = tutti::Node::create({.name = "shop-1"}).value();
    const auto prices = node->local<int, int>({
        .name = "prices",
        .caches = "prices by article",
        .stale = tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(1000),
        .load_many =
            [](std::span<const int> articles, tutti::LoadContext&) {
                std::unordered_map<int, int> found;  // SELECT ... WHERE article IN (...)
                for (const int article : articles) found.emplace(article, article * 10);
                return found;
            },
        .warm_up = tutti::WarmUp<int>{.keys = [] { return std::vector{1, 2, 3, 4}; },
                                      .keys_at_once = 2,
                                      .delays_readiness = true,
                                      .progress =
                                          [](const tutti::WarmUpProgress& progress) {
                                              std::cout << progress.done << " of " << progress.keys
                                                        << (progress.ended ? ", ready\n" : "\n");
                                          }},
    });
    if (!node->start()) return 1;

    while (!node->health().ready) std::this_thread::yield();  // a load balancer asks that

    return prices.contains(1) && prices.contains(4) ? 0 : 1;
}
