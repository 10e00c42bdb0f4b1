// What a handle says when data has changed: the part that caches and invalidators have in common.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/bus.hpp"
#include "tutti/detail/async_start.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/key.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti {

// What `reload` has come to.
template <class V>
struct Reloaded {
    Invalidation invalidation;
    Result<Lookup<V>> value;  // what the source had after it, or why this is not known
};

template <class V>
struct detail::NoAnswer<Reloaded<V>> {
    static Reloaded<V> because(Errc code, const std::string& why) {
        return {.invalidation = NoAnswer<Invalidation>::because(code, why),
                .value = fail(code, "reload", why)};
    }
};

}  // namespace tutti

namespace tutti::detail {

// A range of keys, which is no key itself.
template <class Range, class K>
concept KeysOf = std::ranges::input_range<Range> &&
                 std::convertible_to<std::ranges::range_reference_t<Range>, const K&> &&
                 !std::convertible_to<Range, const K&>;

// What an invalidation concerns, or why one of its keys has no text.
using Changed = Result<KeySet>;

template <Key K, class Range>
[[nodiscard]] Changed changed(const Range& keys, std::string_view name) {
    return guarded(key_text("invalidate", name), [&] {
        KeySet changed{.keys = {}, .all = false};
        for (const K& key : keys) changed.keys.push_back(text_of(key));
        return changed;
    });
}

// A range of tags.
template <class Range>
concept TagsOf = std::ranges::input_range<Range> &&
                 std::convertible_to<std::ranges::range_reference_t<Range>, std::string_view> &&
                 !std::convertible_to<Range, std::string_view>;

template <class Range>
[[nodiscard]] Changed changed_tags(const Range& tags) {
    KeySet changed{.keys = {}, .all = false};
    for (const std::string_view tag : tags) {
        if (!is_tag(tag))
            return fail(Errc::invalid_option, "invalidate_tag",
                        "a tag must have 1 to " + std::to_string(tag_bytes_max) + " bytes");
        changed.tags.emplace_back(tag);
    }
    return changed;
}

[[nodiscard]] inline Invalidation nothing_was_invalidated(const std::string& why) {
    return {.outcome = Invalidation::Outcome::unconfirmed,
            .position = {},
            .reason = "nothing was invalidated: " + why};
}

template <class Done>
void invalidate(Invalidated& what, Changed changed, InvalidateOptions options, Done done) {
    if (!changed) return done(nothing_was_invalidated(changed.error().message()));
    what.invalidate(*std::move(changed), options, std::move(done));
}

inline Invalidation invalidate_and_wait(Invalidated& what, Changed changed,
                                        InvalidateOptions options) {
    if (const auto error = cannot_wait("invalidate", what.name())) {
        invalidate(what, std::move(changed), options, [](const Invalidation&) {});
        return {.outcome = Invalidation::Outcome::unconfirmed,
                .position = {},
                .reason = "on its way, but not waited for: " + error->message()};
    }
    return wait_for<Invalidation>(
        [&](auto done) { invalidate(what, std::move(changed), options, std::move(done)); });
}

// Handle has `invalidated()`, a reference to the shared pointer of what takes its invalidations.
template <class Handle, Key K>
class Invalidating {
public:
    // The data behind `key` changed and the source has committed. Gone on this instance at once,
    // and when it is published from the store: a read that begins after this call returned never
    // yields or joins an older load here. Blocking: one round trip with Ack::none, the wait-out
    // with Ack::every_instance, never longer than the deadline. In a loader and in a completion it
    // does not wait: the key is gone here, the publication is on its way, and the outcome is
    // `unconfirmed`.
    [[nodiscard]] Invalidation invalidate(const K& key, InvalidateOptions options = {}) const {
        return send(of(std::span(&key, 1)), options);
    }
    // Several at once: one outcome, which holds for all of them, and one publication for each
    // Bus::keys_max of them. When one has no text, none is invalidated, and the outcome says so.
    template <KeysOf<K> Range>
    [[nodiscard]] Invalidation invalidate(const Range& keys, InvalidateOptions options = {}) const {
        return send(of(keys), options);
    }
    [[nodiscard]] Invalidation invalidate(std::initializer_list<K> keys,
                                          InvalidateOptions options = {}) const {
        return send(of(keys), options);
    }
    // Every key of the channel; of a `Shared` cache, its own.
    [[nodiscard]] Invalidation invalidate_all(InvalidateOptions options = {}) const {
        return send(KeySet::everything(), options);
    }

    // Every entry of the channel's caches that carries the tag (`Loaded::tag`), as `invalidate` the
    // entry of a key: promises, outcomes and blocking are the same, and a load that runs now is not
    // joined by a later reader. In caches that are not declared `tagged` nothing changes. Cost:
    // here and on each instance linear in the entries that carry it.
    [[nodiscard]] Invalidation invalidate_tag(std::string_view tag,
                                              InvalidateOptions options = {}) const {
        return send(changed_tags(std::span(&tag, 1)), options);
    }
    template <TagsOf Range>
    [[nodiscard]] Invalidation invalidate_tags(const Range& tags,
                                               InvalidateOptions options = {}) const {
        return send(changed_tags(tags), options);
    }
    [[nodiscard]] Invalidation invalidate_tags(std::initializer_list<std::string_view> tags,
                                               InvalidateOptions options = {}) const {
        return send(changed_tags(tags), options);
    }

    // For `invalidate_together`, <tutti/invalidator.hpp>.
    [[nodiscard]] ChangedKey key(const K& key) const { return {target(), of(std::span(&key, 1))}; }
    [[nodiscard]] ChangedKey tag(std::string_view tag) const {
        return {target(), changed_tags(std::span(&tag, 1))};
    }

    // The same without blocking; `token` as for `get`, it takes an Invalidation.
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate(const K& key, Token&& token) const {
        return invalidate(key, InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate(const K& key, InvalidateOptions options, Token&& token) const {
        return start(of(std::span(&key, 1)), options, std::forward<Token>(token));
    }
    template <KeysOf<K> Range, class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate(const Range& keys, Token&& token) const {
        return invalidate(keys, InvalidateOptions{}, std::forward<Token>(token));
    }
    template <KeysOf<K> Range, class Token>
    auto invalidate(const Range& keys, InvalidateOptions options, Token&& token) const {
        return start(of(keys), options, std::forward<Token>(token));
    }
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate(std::initializer_list<K> keys, Token&& token) const {
        return start(of(keys), InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate(std::initializer_list<K> keys, InvalidateOptions options, Token&& token) const {
        return start(of(keys), options, std::forward<Token>(token));
    }
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate_tag(std::string_view tag, Token&& token) const {
        return invalidate_tag(tag, InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate_tag(std::string_view tag, InvalidateOptions options, Token&& token) const {
        return start(changed_tags(std::span(&tag, 1)), options, std::forward<Token>(token));
    }
    template <TagsOf Range, class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate_tags(const Range& tags, Token&& token) const {
        return invalidate_tags(tags, InvalidateOptions{}, std::forward<Token>(token));
    }
    template <TagsOf Range, class Token>
    auto invalidate_tags(const Range& tags, InvalidateOptions options, Token&& token) const {
        return start(changed_tags(tags), options, std::forward<Token>(token));
    }
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate_tags(std::initializer_list<std::string_view> tags, Token&& token) const {
        return start(changed_tags(tags), InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate_tags(std::initializer_list<std::string_view> tags, InvalidateOptions options,
                         Token&& token) const {
        return start(changed_tags(tags), options, std::forward<Token>(token));
    }
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate_all(Token&& token) const {
        return invalidate_all(InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate_all(InvalidateOptions options, Token&& token) const {
        return start(KeySet::everything(), options, std::forward<Token>(token));
    }

private:
    friend Handle;
    Invalidating() = default;

    [[nodiscard]] const auto& target() const noexcept {
        return static_cast<const Handle&>(*this).invalidated();
    }
    template <class Range>
    [[nodiscard]] Changed of(const Range& keys) const {
        return changed<K>(keys, target()->name());
    }
    Invalidation send(Changed what, InvalidateOptions options) const {
        return invalidate_and_wait(*target(), std::move(what), options);
    }
    template <class Token>
    auto start(Changed what, InvalidateOptions options, Token&& token) const {
        auto call = [target = target(), what = std::move(what), options](auto done) {
            detail::invalidate(*target, what, options, std::move(done));
        };
        return AsyncStart<std::decay_t<Token>, Invalidation>::run(
            std::move(call), std::forward<Token>(token), ReportTo(target()));
    }
};

}  // namespace tutti::detail
