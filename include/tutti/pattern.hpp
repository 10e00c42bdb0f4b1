// The six caching patterns, what a cache may need, and the decision tree between the two. The
// audit's grades come from here too: a grade is a rule that looks at a declaration, not an opinion.
//
// Everything is constexpr, pure and thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace tutti {

// May a reader get an answer that is no longer true?
enum class Stale : std::uint8_t { wrong, acceptable };

enum class Pattern : std::uint8_t {
    coherent,     // memory, invalidated everywhere by way of the bus
    shared,       // store with a TTL, optionally memory in front
    near,         // memory over a value that another program maintains in the store
    local,        // memory with a TTL only
    cooldown,     // memory: at most once per key and period, on this instance
    reservation,  // store: at most once per key and period, in the whole fleet
};

// What one knows about the data when one declares a cache.
struct Need {
    Stale stale = Stale::wrong;
    bool expensive_source = false;  // every load costs money, quota or seconds
    bool read_heavy = false;        // the value is in the store already and is read all the time
    bool rate_limit = false;     // counts or spaces out actions; each instance on its own is right
    bool once_in_fleet = false;  // an action must happen once, whichever instance is asked

    friend constexpr bool operator==(const Need&, const Need&) = default;
};

// The audit's decision tree, asked in this order.
[[nodiscard]] constexpr Pattern choose(const Need& need) noexcept {
    if (need.once_in_fleet) return Pattern::reservation;
    if (need.stale == Stale::wrong) return Pattern::coherent;
    if (need.expensive_source) return Pattern::shared;
    if (need.read_heavy) return Pattern::near;
    if (need.rate_limit) return Pattern::cooldown;
    return Pattern::local;
}

// The tiers that a pattern keeps values in.
[[nodiscard]] constexpr bool uses_memory(Pattern pattern) noexcept {
    return pattern != Pattern::reservation;
}
[[nodiscard]] constexpr bool uses_bus(Pattern pattern) noexcept {
    return pattern == Pattern::coherent;
}
[[nodiscard]] constexpr bool uses_store(Pattern pattern) noexcept {
    return pattern == Pattern::shared || pattern == Pattern::near ||
           pattern == Pattern::reservation;
}

[[nodiscard]] constexpr std::string_view to_string(Pattern pattern) noexcept {
    switch (pattern) {
    case Pattern::coherent: return "coherent";
    case Pattern::shared: return "shared";
    case Pattern::near: return "near";
    case Pattern::local: return "local";
    case Pattern::cooldown: return "cooldown";
    case Pattern::reservation: return "reservation";
    }
    return "unknown";
}

// The pattern in the words of the audit's table.
[[nodiscard]] constexpr std::string_view describe(Pattern pattern) noexcept {
    switch (pattern) {
    case Pattern::coherent: return "Redis + pub/sub invalidation";
    case Pattern::shared: return "Redis with TTL";
    case Pattern::near: return "In-memory with TTL (reads from Redis)";
    case Pattern::local: return "In-memory TTL only";
    case Pattern::cooldown: return "In-memory map (local is correct)";
    case Pattern::reservation: return "Reservation in Redis";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(Stale stale) noexcept {
    return stale == Stale::wrong ? "wrong" : "acceptable";
}

}  // namespace tutti
