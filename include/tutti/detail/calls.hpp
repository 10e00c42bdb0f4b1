// How the facades call what is the user's: the text of a key, and the completion of a call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/key.hpp"

namespace tutti::detail {

template <class Done, class Answer>
void complete(Cache& cache, Done& done, Answer answer) {
    constexpr std::string_view completion = "completion";
    const auto called = guarded({.name = completion}, [&] { done(std::move(answer)); });
    if (!called) cache.report(completion, called.error());
}

[[nodiscard]] inline UserFunction key_text(std::string_view operation, std::string_view cache) {
    return {
        .name = "KeyText", .operation = operation, .cache = cache, .code = Errc::invalid_option};
}

template <Key K>
[[nodiscard]] std::string text_of(const K& key) {
    return std::string(std::string_view(KeyText<K>::text(key)));
}
template <Key K>
[[nodiscard]] Result<std::string> text_of(const K& key, std::string_view operation,
                                          std::string_view cache) {
    return guarded(key_text(operation, cache), [&] { return text_of(key); });
}

// The same for a call that blocks.
template <Key K>
[[nodiscard]] Result<std::string> text_for_waiting(const K& key, std::string_view operation,
                                                   std::string_view cache) {
    if (auto error = cannot_wait(operation, cache)) return fail(*std::move(error));
    return text_of(key, operation, cache);
}

// What an invalidation concerns: a key, all of them (nullopt), or a key that has no text.
using Changed = Result<std::optional<std::string>>;

template <Key K>
[[nodiscard]] Changed changed(const K& key, std::string_view cache) {
    return guarded(key_text("invalidate", cache), [&] { return std::optional(text_of(key)); });
}

template <class Done>
void invalidate(std::shared_ptr<Cache> cache, Changed key, InvalidateOptions options, Done done) {
    Cache& called = *cache;
    if (!key) {
        Invalidation nothing{.outcome = Invalidation::Outcome::unconfirmed,
                             .position = {},
                             .reason = "nothing was invalidated: " + key.error().message()};
        return complete(called, done, std::move(nothing));
    }
    called.invalidate(
        *std::move(key), options,
        [cache = std::move(cache), done = std::move(done)](Invalidation outcome) mutable {
            complete(*cache, done, std::move(outcome));
        });
}

inline Invalidation invalidate_and_wait(std::shared_ptr<Cache> cache, Changed key,
                                        InvalidateOptions options) {
    if (const auto error = cannot_wait("invalidate", cache->name())) {
        invalidate(std::move(cache), std::move(key), options, [](const Invalidation&) {});
        return {.outcome = Invalidation::Outcome::unconfirmed,
                .position = {},
                .reason = "on its way, but not waited for: " + error->message()};
    }
    return wait_for<Invalidation>(
        [&](auto done) { invalidate(std::move(cache), std::move(key), options, std::move(done)); });
}

}  // namespace tutti::detail
