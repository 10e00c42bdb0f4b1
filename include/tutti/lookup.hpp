// What a read asks for, what it returns, and what a loader returns.
//
// "The source has no such thing" is an answer like any other: it is cached, it is invalidated, and
// `Lookup::found` tells it from a value. Plain values; thread-safe as const objects are.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"  // IWYU pragma: export
#include "tutti/detail/last_words.hpp"
#include "tutti/detail/load_context.hpp"  // IWYU pragma: export
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

// What one read asks for.
struct GetOptions {
    // The read fails with Errc::timeout after this long; Duration::max(): never. A load that asks
    // the source already goes on, for the next reader; one that still waits, for its turn or for
    // another instance, ends with its last reader.
    OptionDuration deadline = std::chrono::seconds{5};
    // After this long a last known good is the answer, as with StaleIfError::when_slower_than, in
    // whose place it stands for this read. Zero: at once. Duration::max(): only when the load has
    // failed. Means nothing without `stale_if_error`, with `age_max`, and for a refresh.
    std::optional<OptionDuration> soft_deadline = std::nullopt;
    // A value whose load began longer ago is not the answer: it is loaded anew, for this read and
    // all later ones. Zero: what begins after this call, like `refresh`, but joined by others like
    // it. When the load fails, so does the read, and what was there stays. Of what is in the store
    // it is compared there; the answer is older by the way of the question.
    OptionDuration age_max = Duration::max();
};

// The answer to one `get`. Holds the value, a small trivially copyable one by copy and any other by
// shared ownership: it stays valid for as long as the Lookup (or a copy of `shared`) lives, also
// when the entry is evicted or invalidated meanwhile.
//
//     auto found = names.get(42);                           // a Result: also the read may fail
//     if (const auto* name = found.get_if()) greet(*name);  // one question for both layers
//     greet(found.value_or("stranger"));                    // the same for a default
//
// Taking a value out of a lookup that has none ends the program with an explanation.
template <class V>
class Lookup {
public:
    // Known absent; what coroutines need to begin with. Defaulted, all of it would be zeros first.
    constexpr Lookup() noexcept {}  // NOLINT(modernize-use-equals-default)
    explicit Lookup(detail::RawLookup raw) : held_(std::move(raw)) {}
    explicit Lookup(detail::HeldLookup<V> held) noexcept : held_(std::move(held)) {}

    [[nodiscard]] Answer answer() const noexcept { return held_.answer; }
    // Whether there is a value. Without one it is known absent, unless the loader tells more.
    [[nodiscard]] bool found() const noexcept { return get_if() != nullptr; }
    explicit operator bool() const noexcept { return found(); }
    // Of a negative answer, as the loader called it: "rate_limit". Otherwise empty.
    [[nodiscard]] const std::string& category() const noexcept { return remarks().category; }

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
    [[nodiscard]] const V* get_if() const noexcept { return held_.value.get(); }
    // A copy of the value, or `fallback` without one.
    template <class U = V>
    [[nodiscard]] V value_or(U&& fallback) const {
        return found() ? value() : static_cast<V>(std::forward<U>(fallback));
    }
    // Null without a value. Of a small trivially copyable one: a copy of its own.
    [[nodiscard]] std::shared_ptr<const V> shared() const { return held_.value.shared(); }

    // Where the answer came from.
    [[nodiscard]] Tier tier() const noexcept { return held_.tier; }
    // Since its load began (from the store: since it was stored, or a little more); zero: loaded
    // for this read.
    [[nodiscard]] Duration age() const noexcept { return held_.age; }
    // Until its TTL ends; Duration::max(): it never does. Only `peek` and `for_each` tell.
    [[nodiscard]] std::optional<Duration> time_left() const noexcept { return remarks().left; }
    [[nodiscard]] Freshness freshness() const noexcept { return held_.freshness; }
    // Empty when all is well; otherwise why this read had to do without a tier or the bus.
    [[nodiscard]] const std::string& degraded() const noexcept { return remarks().degraded; }

private:
    friend struct detail::InsideLookup;

    [[nodiscard]] const detail::Remarks& remarks() const noexcept {
        return held_.remarks ? *held_.remarks : detail::no_remarks;
    }

    detail::HeldLookup<V> held_;
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

// What a loader returns when the source says that the value is still the one that
// `LoadContext::former` has given: `return tutti::not_modified;`. It is kept as if it had been
// loaded now. Without one the load has failed.
struct NotModified {};
inline constexpr NotModified not_modified{};

// A loader's answer, with what the loader knows about keeping it. Built implicitly from a value,
// from `absent` and its likes and from an optional, so that most loaders never name this type.
template <class V>
class Loaded {
public:
    // Says nothing, and so is not kept: what a coroutine has before it has returned.
    Loaded() : Loaded(Unknown{"the loader has returned nothing"}) {}
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
    Loaded(NotModified) noexcept  // NOLINT(google-explicit-constructor)
        : answer_(Answer::unknown), not_modified_(true) {}

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

    // It carries this tag, of 1 to `tag_bytes_max` bytes: `invalidate_tag` removes it. Again: one
    // more. Only in a cache that is declared `tagged`; in another one the load fails. Of
    // `not_modified` without a tag: those of the former value.
    Loaded& tag(std::string name) {
        tags_.push_back(std::move(name));
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
    [[nodiscard]] bool not_modified() const noexcept { return not_modified_; }
    [[nodiscard]] const std::vector<std::string>& tags() const noexcept { return tags_; }

private:
    std::shared_ptr<const V> value_;
    Answer answer_ = Answer::absent;
    std::string detail_;
    std::optional<Ttl> ttl_;
    std::vector<std::string> tags_;
    bool cacheable_ = true;
    bool guessed_ = false;
    bool not_modified_ = false;
};

}  // namespace tutti
