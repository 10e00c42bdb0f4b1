// How long an entry lives and how much a memory tier may hold. Both are mandatory: a cache without
// a bound is a leak, and a TTL of zero has meant "off" to one reader and "for ever" to the next, so
// zero is refused and "for ever" is spelled out.
//
// Plain values, no errors here: a wrong value is reported where it is used, next to the name of
// the cache (`MemoryCache`'s constructor, `Node::start`).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <type_traits>

#include "tutti/clock.hpp"

namespace tutti {

// Time to live. An entry is alive at exactly its TTL and dead after it.
class Ttl {
public:
    // Implicit, so that options read `.ttl = 30s`. Zero or less is kept, and refused where it is
    // used; more than a Duration can hold is the longest one.
    template <class Rep, class Period>
    constexpr Ttl(
        std::chrono::duration<Rep, Period> lifetime)  // NOLINT(google-explicit-constructor)
        : lifetime_(saturating_duration(lifetime)) {}

    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr Ttl(Number) {  // NOLINT(google-explicit-constructor)
        static_assert(!std::is_arithmetic_v<Number>,
                      "a Ttl (`.ttl`, `.absent_ttl`, StoreTier::ttl) needs a unit: `.ttl = 30s`, "
                      "with `using namespace std::chrono_literals`");
    }

    [[nodiscard]] static constexpr Ttl never() noexcept { return Ttl{}; }

    [[nodiscard]] constexpr bool is_never() const noexcept { return !lifetime_; }
    [[nodiscard]] constexpr bool valid() const noexcept {
        return !lifetime_ || *lifetime_ > Duration::zero();
    }
    // Requires: not `never`.
    [[nodiscard]] constexpr Duration lifetime() const noexcept { return *lifetime_; }

    friend constexpr bool operator==(const Ttl&, const Ttl&) = default;

private:
    constexpr Ttl() noexcept = default;  // never

    std::optional<Duration> lifetime_;
};

// What a memory tier may hold: a number of entries, or a weight in bytes as a weigher estimates it.
class Bound {
public:
    enum class Unit : unsigned char { entries, bytes };

    constexpr Bound(Unit unit, std::size_t limit) noexcept : unit_(unit), limit_(limit) {}

    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr Bound(Number) {  // NOLINT(google-explicit-constructor)
        static_assert(!std::is_arithmetic_v<Number>,
                      "a Bound (`.bound`) says of what: `.bound = tutti::entries(1000)` or "
                      "`tutti::bytes(1 << 20)`");
    }

    [[nodiscard]] constexpr Unit unit() const noexcept { return unit_; }
    [[nodiscard]] constexpr std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] constexpr bool valid() const noexcept { return limit_ > 0; }

    friend constexpr bool operator==(const Bound&, const Bound&) = default;

private:
    Unit unit_;
    std::size_t limit_;
};

[[nodiscard]] constexpr Bound entries(std::size_t limit) noexcept {
    return {Bound::Unit::entries, limit};
}
[[nodiscard]] constexpr Bound bytes(std::size_t limit) noexcept {
    return {Bound::Unit::bytes, limit};
}

}  // namespace tutti
