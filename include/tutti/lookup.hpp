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
#include "tutti/detail/last_words.hpp"
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

enum class Tier : unsigned char { memory, store, source };

enum class Freshness : unsigned char {
    fresh,    // proven, or loaded for this read
    suspect,  // served although the lease lapsed, because the cache is declared `serve_up_to`
    stale,    // past its TTL and not invalidated: the source fails, and the cache has
              // `stale_if_error`
};

// What is known about a key. Only `found` comes with a value.
enum class Answer : unsigned char {
    found,
    absent,    // the source has no such thing
    negative,  // the source fails in a way that is remembered (`tutti::negative`), so it is not
               // asked
    unknown,   // the source could not tell now; never cached
};

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

}  // namespace detail

// The answer to one `get`. Holds the value by shared ownership: it stays valid for as long as the
// Lookup (or a copy of `shared`) lives, also when the entry is evicted or invalidated meanwhile.
//
//     auto found = names.get(42);                           // a Result: also the read may fail
//     if (const auto* name = found.get_if()) greet(*name);  // one question for both layers
//     greet(found.value_or("stranger"));                    // the same for a default
//
// Taking a value out of a lookup that has none ends the program with an explanation.
template <class V>
class Lookup {
public:
    Lookup() noexcept = default;  // known absent; what coroutines need to begin with
    explicit Lookup(detail::RawLookup raw) noexcept : raw_(std::move(raw)) {}

    [[nodiscard]] Answer answer() const noexcept { return raw_.answer; }
    // Whether there is a value. Without one it is known absent, unless the loader tells more.
    [[nodiscard]] bool found() const noexcept { return raw_.value != nullptr; }
    explicit operator bool() const noexcept { return found(); }
    // Of a negative answer, as the loader called it: "rate_limit". Otherwise empty.
    [[nodiscard]] const std::string& category() const noexcept { return raw_.category; }

    // Require: found().
    [[nodiscard]] const V& value() const noexcept {
        if (!found()) [[unlikely]] {
            detail::last_words(
                "a Lookup without a value was dereferenced: the source has no such "
                "thing, or cannot tell; ask found(), get_if() or value_or()");
        }
        return *get_if();
    }
    const V& operator*() const noexcept { return value(); }
    const V* operator->() const noexcept { return &value(); }
    // Null without a value. Borrowed from this Lookup.
    [[nodiscard]] const V* get_if() const noexcept {
        return static_cast<const V*>(raw_.value.get());
    }
    // A copy of the value, or `fallback` without one.
    template <class U = V>
    [[nodiscard]] V value_or(U&& fallback) const {
        return found() ? value() : static_cast<V>(std::forward<U>(fallback));
    }
    // Null without a value.
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

// The answer of a read, or why there is none. Beside what every Result has: one question for "it
// failed" and "there is no value".
template <class V>
class [[nodiscard]] Result<Lookup<V>> : public detail::CheckedResult<Lookup<V>> {
public:
    using detail::CheckedResult<Lookup<V>>::CheckedResult;

    // Null when the read failed or found no value. Borrowed from this Result.
    [[nodiscard]] const V* get_if() const& noexcept {
        return this->has_value() ? (**this).get_if() : nullptr;
    }
    const V* get_if() const&& = delete;  // it would point into what is gone
    // A copy of the value, or `fallback` when the read failed or found none.
    template <class U = V>
    [[nodiscard]] V value_or(U&& fallback) const {
        const V* value = get_if();
        return value != nullptr ? *value : static_cast<V>(std::forward<U>(fallback));
    }
};

// What a loader returns when the source has no such thing: `return tutti::absent;`
struct Absent {};
inline constexpr Absent absent{};

// What a loader returns when the source fails in a way that will last: it is not asked again for
// the time that `CacheOptions::negative` gives to the category. Whether the caller retries is not
// its matter.
struct Negative {
    std::string category;  // "rate_limit"; at most 64 bytes
};
[[nodiscard]] inline Negative negative(std::string category) { return {std::move(category)}; }

// What a loader returns when it cannot tell: neither a value nor that there is none. Nothing is
// cached; a last known good is served where the cache keeps one.
struct Unknown {
    std::string reason;  // for people
};
[[nodiscard]] inline Unknown unknown(std::string reason) { return {std::move(reason)}; }

// A loader's answer, with what the loader knows about keeping it. Built implicitly from a value,
// from `absent` and its likes and from an optional, so that most loaders never name this type.
template <class V>
class Loaded {
public:
    Loaded(V value)  // NOLINT(google-explicit-constructor)
        : value_(std::make_shared<const V>(std::move(value))), answer_(Answer::found) {}
    Loaded(Absent) noexcept {}      // NOLINT(google-explicit-constructor)
    Loaded(std::optional<V> value)  // NOLINT(google-explicit-constructor)
        : Loaded(value ? std::make_shared<const V>(*std::move(value)) : nullptr) {}
    Loaded(std::shared_ptr<const V> value) noexcept  // NOLINT(google-explicit-constructor)
        : value_(std::move(value)), answer_(value_ ? Answer::found : Answer::absent) {}
    Loaded(Negative why) noexcept  // NOLINT(google-explicit-constructor)
        : answer_(Answer::negative), detail_(std::move(why.category)) {}
    Loaded(Unknown why) noexcept  // NOLINT(google-explicit-constructor)
        : answer_(Answer::unknown), detail_(std::move(why.reason)), cacheable_(false) {}

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

    // It is not known; this is the best that can be said. Stored nowhere, `reason` is the lookup's
    // `degraded`, and a last known good goes before it.
    Loaded& guess(std::string reason) {
        guessed_ = true;
        detail_ = std::move(reason);
        return do_not_cache();
    }

    [[nodiscard]] const std::shared_ptr<const V>& value() const noexcept { return value_; }
    [[nodiscard]] Answer answer() const noexcept { return answer_; }
    // The category of a negative answer, the reason of an unknown or guessed one.
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] bool guessed() const noexcept { return guessed_; }
    [[nodiscard]] const std::optional<Ttl>& ttl() const noexcept { return ttl_; }
    [[nodiscard]] bool cacheable() const noexcept { return cacheable_; }

private:
    std::shared_ptr<const V> value_;
    Answer answer_ = Answer::absent;
    std::string detail_;
    std::optional<Ttl> ttl_;
    bool cacheable_ = true;
    bool guessed_ = false;
};

// What a loader is told. Cheap to copy; valid for as long as the load runs.
class LoadContext {
public:
    LoadContext(TimePoint deadline, const Clock& clock) noexcept
        : deadline_(deadline), clock_(&clock) {}

    // No reader waits for the result after this.
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
