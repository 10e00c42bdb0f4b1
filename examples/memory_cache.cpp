// The memory tier on its own: a bounded map whose entries die of age.
#include "tutti/memory_cache.hpp"

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

int main() {
    using namespace std::chrono_literals;

    tutti::MemoryCache<std::string, int> cache({.ttl = 30s, .bound = tutti::entries(1000)});
    cache.put("channel-1", 7);
    std::optional<int> value = cache.get("channel-1");
    std::cout << "channel-1: " << value.value_or(0) << '\n';

    // A cooldown is a check-and-set: of all callers within the TTL, one is allowed.
    tutti::MemoryCache<std::string, bool> notified({.ttl = 1h, .bound = tutti::entries(10'000)});
    const auto allowed = [&](const std::string& user) {
        return notified.update(user, [](const bool* live) {
            return live == nullptr ? std::optional(true) : std::nullopt;
        });
    };
    const bool first = allowed("alice");
    const bool again = allowed("alice");
    std::cout << "first notice: " << first << ", again: " << again << '\n';

    // A bound in bytes needs to be told what an entry weighs.
    tutti::MemoryCache<std::string, std::string> pages({
        .ttl = tutti::Ttl::never(),
        .bound = tutti::bytes(1'000'000),
        .weigher = [](const auto& url, const auto& page) { return url.size() + page.size(); },
    });
    const bool stored = pages.put("/huge", std::string(2'000'000, 'x'));
    std::cout << "heavier than the bound, stored: " << stored << '\n';

    return value == 7 && first && !again && !stored ? 0 : 1;
}
