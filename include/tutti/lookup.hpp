// What a read returns and what a loader returns.
//
// "The source has no such thing" is an answer like any other: it is cached, it is invalidated, and
// `Lookup::found` tells it from a value. Plain values; thread-safe as const objects are.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

enum class Tier : unsigned char { memory, store, source };

enum class Freshness : unsigned char {
    fresh,    // proven, or loaded for this read
    suspect,  // served although the lease lapsed, because the cache is declared `serve_up_to`
};

namespace detail {

// The untyped half of a Lookup: one implementation serves caches of every type.
struct RawLookup {
    std::shared_ptr<const void> value;  // null: known absent
    Duration age{};
    Tier tier = Tier::source;
    Freshness freshness = Freshness::fresh;
    std::string degraded;
};

}  // namespace detail

// The answer to one `get`. Holds the value by shared ownership: it stays valid for as long as the
// Lookup (or a copy of `shared`) lives, also when the entry is evicted or invalidated meanwhile.
template <class V>
class Lookup {
public:
    explicit Lookup(detail::RawLookup raw) noexcept : raw_(std::move(raw)) {}

    // False: the source is known to have no such thing.
    [[nodiscard]] bool found() const noexcept { return raw_.value != nullptr; }
    explicit operator bool() const noexcept { return found(); }

    // Require: found().
    [[nodiscard]] const V& value() const noexcept {
        return *static_cast<const V*>(raw_.value.get());
    }
    const V& operator*() const noexcept { return value(); }
    const V* operator->() const noexcept { return &value(); }
    [[nodiscard]] std::shared_ptr<const V> shared() const noexcept {
        return std::static_pointer_cast<const V>(raw_.value);
    }

    // Where the answer came from.
    [[nodiscard]] Tier tier() const noexcept { return raw_.tier; }
    // Time since the load that produced it began; zero for a value loaded for this read.
    [[nodiscard]] Duration age() const noexcept { return raw_.age; }
    [[nodiscard]] Freshness freshness() const noexcept { return raw_.freshness; }
    // Empty when all is well; otherwise why this read had to do without a tier or the bus.
    [[nodiscard]] const std::string& degraded() const noexcept { return raw_.degraded; }

private:
    detail::RawLookup raw_;
};

// What a loader returns when the source has no such thing: `return tutti::absent;`
struct Absent {};
inline constexpr Absent absent{};

// A loader's answer, with what the loader knows about keeping it. Built implicitly from a value, from
// `absent` and from an optional, so that most loaders never name this type.
template <class V>
class Loaded {
public:
    Loaded(V value)  // NOLINT(google-explicit-constructor)
        : value_(std::make_shared<const V>(std::move(value))) {}
    Loaded(Absent) noexcept {}      // NOLINT(google-explicit-constructor)
    Loaded(std::optional<V> value)  // NOLINT(google-explicit-constructor)
        : value_(value ? std::make_shared<const V>(*std::move(value)) : nullptr) {}
    Loaded(std::shared_ptr<const V> value) noexcept  // NOLINT(google-explicit-constructor)
        : value_(std::move(value)) {}

    // Keep it for this long instead of the cache's TTL. Zero or less: store it nowhere.
    Loaded& keep_for(Ttl ttl) noexcept {
        ttl_ = ttl;
        return *this;
    }
    // Give it to the readers who wait and store it nowhere.
    Loaded& do_not_cache() noexcept {
        cacheable_ = false;
        return *this;
    }

    [[nodiscard]] const std::shared_ptr<const V>& value() const noexcept { return value_; }
    [[nodiscard]] const std::optional<Ttl>& ttl() const noexcept { return ttl_; }
    [[nodiscard]] bool cacheable() const noexcept { return cacheable_; }

private:
    std::shared_ptr<const V> value_;
    std::optional<Ttl> ttl_;
    bool cacheable_ = true;
};

// What a loader is told. Cheap to copy; valid for as long as the load runs.
class LoadContext {
public:
    LoadContext(TimePoint deadline, const Clock& clock) noexcept
        : deadline_(deadline), clock_(&clock) {}

    // Nobody waits for the result after this.
    [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
    // Never negative.
    [[nodiscard]] Duration remaining() const noexcept {
        return std::max(Duration::zero(), deadline_ - clock_->now());
    }

private:
    TimePoint deadline_;
    const Clock* clock_;
};

}  // namespace tutti
