// A test of a service of one's own: an hour passes at once, and Redis is away when the test says
// so.
#include <cstdlib>
#include <iostream>
#include <string>

#include "tutti/cache.hpp"
#include "tutti/lookup.hpp"
#include "tutti/node.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

// What the service does, in production with a node on Redis.
class Prices {
public:
    explicit Prices(tutti::Node& node, int& source)
        : cache_(node.coherent<std::string, int>({
              .name = "prices",
              .caches = "prices by article",
              .stale = tutti::Stale::wrong,
              .ttl = 1h,
              .bound = tutti::entries(1000),
              .load = [&source](const std::string&, tutti::LoadContext&) { return source; },
              .channel = "prices",
          })) {}

    [[nodiscard]] int of(const std::string& article) const {
        return cache_.get(article).value_or(-1);
    }
    void changed(const std::string& article) const { (void)cache_.invalidate(article); }

private:
    tutti::Coherent<std::string, int> cache_;
};

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    int source = 10;
    tutti::testing::World world;
    const auto one = world.node({.name = "shop-1"}).value();
    const auto two = world.node({.name = "shop-2"}).value();
    const Prices prices(*one, source);
    const Prices others(*two, source);
    if (!one->start() || !two->start()) return 1;
    (void)others.of("apple");

    source = 11;
    expect(others.of("apple") == 10, "a price stays in memory");
    world.advance(61min);
    expect(others.of("apple") == 11, "and is asked for again after its hour");

    source = 12;
    prices.changed("apple");
    world.settle();
    expect(others.of("apple") == 12, "a change is seen by the other shop at once");

    world.cut_off("shop-2");
    source = 13;
    prices.changed("apple");
    world.advance(4s);
    expect(others.of("apple") == 13, "also by one that is cut off, when its lease has ended");
    world.reconnect("shop-2");
    world.advance(1s);
    return 0;
}
