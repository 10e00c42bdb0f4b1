// A batch job changes prices in the database and tells no cache: spot checks find out.
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
    int price = 10;               // the database
    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "shop-1"}).value();
    const auto prices = node->coherent<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::wrong,
        .ttl = 24h,
        .bound = tutti::entries(100),
        .load = [&](const std::string&, const tutti::LoadContext&) { return price; },
        .spot_check = tutti::SpotCheck<int>{.one_in = 1, .within = 10s},  // a shop: one_in = 1000
        .channel = "prices",
    });
    if (!node->start()) return 1;
    const auto read = [&] {
        const int seen = prices.get("apple").value_or(0);
        world.settle();  // a hit does not wait for its check
        return seen;
    };
    const auto counters = [&] { return node->inventory().front().counters; };

    (void)read();
    (void)read();
    expect(counters().checked_same == 1, "a hit that the source confirms");

    price = 11;
    expect(read() == 10, "the writer has not published yet: an old value");
    (void)prices.invalidate("apple");
    world.advance(10s);
    expect(counters().checked_stale == 0 && counters().checked_overtaken == 1,
           "it has, so the old value was a change on its way");

    (void)read();
    price = 12;  // UPDATE prices SET ..., and nothing else
    expect(read() == 11, "nothing has told the cache");
    world.advance(10s);
    expect(counters().checked_stale == 1, "and nothing has in ten seconds: a writer is silent");
    expect(read() == 12, "what the check has loaded is served");

    std::cout << tutti::to_text(node->inventory());
    return 0;
}
