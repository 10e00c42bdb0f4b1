// How long an entry lives, how much a memory tier may hold, and who leaves it. The first two are
// mandatory: a cache without a bound is a leak, and a TTL of zero has meant "off" to one reader and
// "for ever" to the next, so zero is refused and "for ever" is spelled out.
//
// Plain values, no errors here: a wrong value is reported where it is used, next to the name of
// the cache (`MemoryCache`'s constructor, `Node::start`).
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
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

    // The same, in pages of 2 MiB where the system has them (Linux, unless transparent huge pages
    // are off), else in usual ones. For tiers of tens of megabytes and more: a read then waits less
    // for the processor to find its memory. Costs some 2 MiB, and room for what may still come:
    // with a bound in entries, for all of them (a million at most); with one in bytes, what the
    // arrays have not filled yet, a third of them on average. A page takes its time (0.1 ms) when
    // it is first written. What is kept by address is of the heap in any case.
    [[nodiscard]] constexpr Bound in_huge_pages() const noexcept {
        Bound same = *this;
        same.huge_pages_ = true;
        return same;
    }
    [[nodiscard]] constexpr bool has_huge_pages() const noexcept { return huge_pages_; }

    friend constexpr bool operator==(const Bound&, const Bound&) = default;

private:
    Unit unit_;
    bool huge_pages_ = false;
    std::size_t limit_;
};

[[nodiscard]] constexpr std::string_view to_string(Bound::Unit unit) noexcept {
    switch (unit) {
    case Bound::Unit::entries: return "entries";
    case Bound::Unit::bytes: return "bytes";
    }
    return "unknown";
}

namespace detail {

// What is less than nothing is nothing, and refused where it is used; not the enormous number that
// the language makes of it.
template <class Number>
[[nodiscard]] constexpr std::size_t amount(Number number) noexcept {
    if (!(number > Number{})) return 0;
    if constexpr (std::is_floating_point_v<Number>) {
        constexpr auto end = static_cast<Number>(std::numeric_limits<std::ptrdiff_t>::max());
        if (number >= end) return std::numeric_limits<std::size_t>::max();
    }
    return static_cast<std::size_t>(number);
}

}  // namespace detail

template <class Number>
    requires std::is_arithmetic_v<Number>
[[nodiscard]] constexpr Bound entries(Number limit) noexcept {
    return {Bound::Unit::entries, detail::amount(limit)};
}
template <class Number>
    requires std::is_arithmetic_v<Number>
[[nodiscard]] constexpr Bound bytes(Number limit) noexcept {
    return {Bound::Unit::bytes, detail::amount(limit)};
}

// Who leaves a memory tier when there is no room.
enum class Eviction : unsigned char {
    adaptive,  // keeps what was used often or lately, whichever the accesses reward
    lru,       // exactly the entry whose last use is the longest ago leaves
};

[[nodiscard]] constexpr std::string_view to_string(Eviction eviction) noexcept {
    switch (eviction) {
    case Eviction::adaptive: return "adaptive";
    case Eviction::lru: return "lru";
    }
    return "unknown";
}

}  // namespace tutti
