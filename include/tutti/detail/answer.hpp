// What is known about a key and where from, and the two halves of a Lookup: without types, for the
// core, and with them, for a handle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/held.hpp"

namespace tutti {

enum class Tier : unsigned char { memory, store, source };

[[nodiscard]] constexpr std::string_view to_string(Tier tier) noexcept {
    switch (tier) {
    case Tier::memory: return "memory";
    case Tier::store: return "store";
    case Tier::source: return "source";
    }
    return "unknown";
}

enum class Freshness : unsigned char {
    fresh,    // proven, or loaded for this read
    suspect,  // served although the lease lapsed, because the cache is declared `serve_up_to`
    stale,    // past its TTL and not invalidated: the source fails or is slow, and the cache has
              // `stale_if_error`
};

[[nodiscard]] constexpr std::string_view to_string(Freshness freshness) noexcept {
    switch (freshness) {
    case Freshness::fresh: return "fresh";
    case Freshness::suspect: return "suspect";
    case Freshness::stale: return "stale";
    }
    return "unknown";
}

// What is known about a key. Only `found` comes with a value.
enum class Answer : unsigned char {
    found,
    absent,    // the source has no such thing
    negative,  // the source fails in a way that is remembered (`tutti::negative`), so it is not
               // asked
    unknown,   // the source could not tell now; never cached
};

[[nodiscard]] constexpr std::string_view to_string(Answer answer) noexcept {
    switch (answer) {
    case Answer::found: return "found";
    case Answer::absent: return "absent";
    case Answer::negative: return "negative";
    case Answer::unknown: return "unknown";
    }
    return "unknown";
}

namespace detail {

// The untyped half of a Lookup: one implementation serves caches of every type.
struct RawLookup {
    std::shared_ptr<const void> value;  // null unless `found`
    Answer answer = Answer::absent;
    std::string category = {};  // of a negative answer
    Duration age{};
    Tier tier = Tier::source;
    Freshness freshness = Freshness::fresh;
    std::string degraded = {};
};

// What is seldom told of an answer.
struct Remarks {
    std::string category;
    std::string degraded;
    std::optional<Duration> left = std::nullopt;  // of its TTL
};
inline const Remarks no_remarks;

// The typed half: an answer without remarks allocates nothing and has no string.
template <class V>
struct HeldLookup {
    HeldLookup() noexcept = default;
    explicit HeldLookup(RawLookup raw)
        : value(std::static_pointer_cast<const V>(std::move(raw.value))),
          age(raw.age),
          answer(raw.answer),
          tier(raw.tier),
          freshness(raw.freshness) {
        if (!raw.category.empty() || !raw.degraded.empty()) {
            remarks =
                std::make_shared<const Remarks>(std::move(raw.category), std::move(raw.degraded));
        }
    }

    Held<V> value;
    std::shared_ptr<const Remarks> remarks;  // null: none
    Duration age{};
    Answer answer = Answer::absent;
    Tier tier = Tier::source;
    Freshness freshness = Freshness::fresh;
};

// Where a hit writes: what is copied only once is not moved about.
struct InsideLookup {
    template <class Answer>
    [[nodiscard]] static auto& of(Answer& lookup) noexcept {
        return lookup.held_;
    }
};

}  // namespace detail

}  // namespace tutti
