// What an instance has of a key, and how old it is: what it answers `tutti probe` with.
#include <cstdlib>
#include <iostream>
#include <string>

#include "tutti/node.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "shop-1"}).value();
    const auto prices = node->coherent<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::wrong,
        .ttl = 24h,
        .bound = tutti::entries(100),
        .load = [](const std::string&, const tutti::LoadContext&) { return 10; },
        .channel = "cache:prices",
    });
    if (!node->start()) return 1;

    // GET /holdings?channel=cache:prices&key=apple
    const auto answer = [&] { return node->holdings("cache:prices", "apple"); };

    expect(answer().held.empty(), "a read would have to load");
    (void)prices.get("apple");
    world.advance(1min);
    const auto held = answer().held;
    expect(held.size() == 1 && held[0].age == 1min, "a read would be given what is a minute old");
    std::cout << tutti::to_json(answer()) << '\n';

    (void)prices.invalidate("apple");
    expect(answer().held.empty(), "what was invalidated is given to no reader");
    return 0;
}
