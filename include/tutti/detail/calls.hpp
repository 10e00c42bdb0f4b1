// How the facades call what is the user's: the text of a key, and what a completion throws.
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

// Who is told what a completion has thrown.
class ReportTo {
public:
    explicit ReportTo(std::shared_ptr<Cache> cache) noexcept : cache_(std::move(cache)) {}
    void operator()(const Error& error) const noexcept { cache_->report("completion", error); }

private:
    std::shared_ptr<Cache> cache_;
};

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
void invalidate(Cache& cache, Changed key, InvalidateOptions options, Done done) {
    if (!key) {
        return done(Invalidation{.outcome = Invalidation::Outcome::unconfirmed,
                                 .position = {},
                                 .reason = "nothing was invalidated: " + key.error().message()});
    }
    cache.invalidate(*std::move(key), options, std::move(done));
}

inline Invalidation invalidate_and_wait(Cache& cache, Changed key, InvalidateOptions options) {
    if (const auto error = cannot_wait("invalidate", cache.name())) {
        invalidate(cache, std::move(key), options, [](const Invalidation&) {});
        return {.outcome = Invalidation::Outcome::unconfirmed,
                .position = {},
                .reason = "on its way, but not waited for: " + error->message()};
    }
    return wait_for<Invalidation>(
        [&](auto done) { invalidate(cache, std::move(key), options, std::move(done)); });
}

}  // namespace tutti::detail
