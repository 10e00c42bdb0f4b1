// How a cache reaches its source. A loader is one of
//   V or Result<V> or std::optional<V> or Loaded<V> or Result<Loaded<V>>  (const K&, LoadContext&)
//       a plain function, which may block: it runs on the node's bounded worker pool;
//   void (const K&, LoadContext, Completion<Loaded<V>>)
//       an asynchronous function: it must not block and calls the completion once, from any thread.
// `<tutti/asio.hpp>` makes the second kind from a coroutine.
//
// A loader that throws, whatever it throws, has failed: every waiter gets Errc::load_failed with
// the exception's text. A failed load is never cached.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/loader_shape.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti {

template <class K, class V>
class Loader {
public:
    Loader() = default;

    template <class F>
        requires detail::PlainLoader<F, K>
    Loader(F function) {  // NOLINT(google-explicit-constructor)
        using Returned = std::invoke_result_t<F&, const K&, LoadContext&>;
        if constexpr (detail::explain_answer<Returned, V>()) {
            raw_.blocking = [call = std::make_shared<F>(std::move(function))](
                                const void* key,
                                LoadContext& context) -> Result<detail::RawLoaded> {
                return guarded_answer(
                    "load", [&] { return (*call)(*static_cast<const K*>(key), context); });
            };
        }
    }

    // Says why another function is none, where a page of candidates would not.
    template <class F>
        requires(!detail::PlainLoader<F, K> && !detail::AsynchronousLoader<F, K, V>)
    Loader(F) {  // NOLINT(google-explicit-constructor)
        detail::explain_loader<F, K>();
    }

    template <class F>
        requires detail::AsynchronousLoader<F, K, V>
    Loader(F function) {  // NOLINT(google-explicit-constructor)
        raw_.asynchronous = [call = std::make_shared<F>(std::move(function))](
                                std::shared_ptr<const void> key, LoadContext context,
                                Completion<detail::RawLoaded> done) {
            const K& typed = *static_cast<const K*>(key.get());
            // Shared, because both the loader and the catch clause may have to report.
            auto report = std::make_shared<Completion<detail::RawLoaded>>(std::move(done));
            auto started = detail::guarded({.name = "load"}, [&] {
                (*call)(typed, context, [report, key](Result<Loaded<V>> loaded) {
                    if (*report) std::exchange(*report, nullptr)(raw(std::move(loaded)));
                });
            });
            if (!started && *report) std::exchange(*report, nullptr)(fail(started.error()));
        };
    }

    [[nodiscard]] const detail::RawLoader& raw_loader() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_.blocking || raw_.asynchronous; }

    // Every return type that a loader may have becomes one.
    template <class Answer>
    static Result<Loaded<V>> answer(Answer&& given) {
        if constexpr (requires { given.has_value(), given.error(); }) {
            if (!given.has_value()) return fail(std::forward<Answer>(given).error());
            return Loaded<V>(*std::forward<Answer>(given));
        } else if constexpr (std::convertible_to<Answer, V>) {
            return Loaded<V>(static_cast<V>(std::forward<Answer>(given)));
        } else {
            return Loaded<V>(std::forward<Answer>(given));
        }
    }

    // What `body`, which calls the user's function of this name, returns, untyped.
    template <class Body>
    static Result<detail::RawLoaded> guarded_answer(std::string_view name, Body body) {
        return detail::guarded({.name = name}, [&] { return raw(answer(body())); });
    }

private:
    static Result<detail::RawLoaded> raw(Result<Loaded<V>> loaded) {
        if (!loaded) return fail(std::move(loaded).error());
        return detail::RawLoaded{.value = loaded->value(),
                                 .answer = loaded->answer(),
                                 .detail = loaded->detail(),
                                 .guessed = loaded->guessed(),
                                 .ttl = loaded->ttl(),
                                 .cacheable = loaded->cacheable()};
    }

    detail::RawLoader raw_;
};

}  // namespace tutti
