// What a user's program reaches: the headers, the compiled library, and the doubles for its tests.
#include <chrono>
#include <string>
#include <tutti/embedded.hpp>
#include <tutti/memory_cache.hpp>
#include <tutti/testing/manual_clock.hpp>

int main() {
    using namespace std::chrono_literals;

    tutti::testing::ManualClock clock;
    tutti::MemoryCache<std::string, int> cache(
        {.ttl = 30s, .bound = tutti::entries(10), .clock = &clock});
    const auto hub = tutti::EmbeddedHub::create();
    cache.put("a", 1);
    const bool alive = cache.get("a") == 1;
    clock.advance(31s);
    const bool dead = !cache.get("a");
    return alive && dead && hub ? 0 : 1;
}
