// How a cache reaches its source. A loader is one of
//   V or Result<V> or std::optional<V> or Loaded<V> or Result<Loaded<V>>  (const K&, LoadContext&)
//       a plain function, which may block: it runs on the node's bounded worker pool;
//   void (const K&, LoadContext, Completion<Loaded<V>>)
//       an asynchronous function: it must not block and calls the completion once, from any thread.
// `<tutti/asio.hpp>` makes the second kind from a coroutine.
//
// A bulk loader loads several keys at once:
//   R or Result<R>  (std::span<const K>, LoadContext&)
//       a plain function; R is a range of pairs, such as std::unordered_map<K, V>, of a key and
//       what a plain loader may return for it. A key that it does not name is absent.
//
// A loader that throws, whatever it throws, has failed: every waiter gets Errc::load_failed with
// the exception's text. A failed load is never cached.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/loader_shape.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
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
                                const void* typed_key,
                                LoadContext& context) -> Result<detail::RawLoaded> {
                context.type_ = &typeid(V);
                return guarded_load(
                    "load", [&] { return (*call)(*static_cast<const K*>(typed_key), context); });
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
                                std::shared_ptr<const void> typed_key, LoadContext context,
                                Completion<detail::RawLoaded> done) {
            context.type_ = &typeid(V);
            const K& key = *static_cast<const K*>(typed_key.get());
            // Shared, because both the loader and the catch clause may have to report.
            auto report = std::make_shared<Completion<detail::RawLoaded>>(std::move(done));
            auto started = detail::guarded({.name = "load"}, [&] {
                (*call)(key, context, [report, typed_key](Result<Loaded<V>> loaded) {
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

    // What `body`, which calls the user's function of this name, returns, untyped. It is given no
    // former value, so it can confirm none.
    template <class Body>
    static Result<detail::RawLoaded> guarded_answer(std::string_view name, Body body) {
        auto given = guarded_load(name, body);
        if (!given || !given->not_modified) return given;
        return fail(Errc::load_failed, {},
                    std::string(name) + " has answered not_modified, which only `load` may");
    }

private:
    template <class Body>
    static Result<detail::RawLoaded> guarded_load(std::string_view name, const Body& body) {
        return detail::guarded({.name = name}, [&] { return raw(answer(body())); });
    }
    static Result<detail::RawLoaded> raw(Result<Loaded<V>> loaded) {
        if (!loaded) return fail(std::move(loaded).error());
        return detail::RawLoaded{.value = loaded->value(),
                                 .answer = loaded->answer(),
                                 .detail = loaded->detail(),
                                 .guessed = loaded->guessed(),
                                 .ttl = loaded->ttl(),
                                 .cacheable = loaded->cacheable(),
                                 .not_modified = loaded->not_modified(),
                                 .tags = loaded->tags()};
    }

    detail::RawLoader raw_;
};

// Pairs in any order, and by their keys: rows of a query name what they are, and those that are not
// there have no place in it. One that was not asked for is left out; of two of the same key the
// last one counts.
template <class K, class V>
class BulkLoader {
public:
    BulkLoader() = default;

    template <class F>
        requires std::invocable<F&, std::span<const K>, LoadContext&>
    BulkLoader(F function) {  // NOLINT(google-explicit-constructor)
        using Returned = std::invoke_result_t<F&, std::span<const K>, LoadContext&>;
        if constexpr (detail::explain_bulk_answer<Returned, K, V>()) {
            raw_ = [call = std::make_shared<F>(std::move(function))](
                       std::span<const detail::RawKey> keys, LoadContext& context) {
                return detail::guarded({.name = "load_many"}, [&] {
                    return answers(keys, (*call)(typed(keys), context));
                });
            };
        }
    }

    [[nodiscard]] const detail::RawBulkLoader& raw_loader() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }

private:
    using Answers = std::vector<Result<detail::RawLoaded>>;

    static std::vector<K> typed(std::span<const detail::RawKey> keys) {
        std::vector<K> all;
        all.reserve(keys.size());
        for (const auto& key : keys) all.push_back(*static_cast<const K*>(key.typed));
        return all;
    }
    template <class Given>
    static Result<Answers> answers(std::span<const detail::RawKey> keys, Given given) {
        if constexpr (requires { given.has_value(), given.error(); }) {
            if (!given.has_value()) return fail(std::move(given).error());
            return in_order(keys, *std::move(given));
        } else {
            return in_order(keys, std::move(given));
        }
    }
    template <class Pairs>
    static Answers in_order(std::span<const detail::RawKey> keys, Pairs pairs) {
        Answers all(keys.size(), detail::RawLoaded{.value = nullptr, .detail = {}});
        std::unordered_map<std::string_view, std::size_t> places;
        for (std::size_t i = 0; i < keys.size(); ++i) places.emplace(keys[i].text, i);
        for (auto&& [key, value] : pairs) {
            const K& of = key;
            const auto found = places.find(std::string_view(KeyText<K>::text(of)));
            if (found == places.end()) continue;
            all[found->second] =
                Loader<K, V>::guarded_answer("load_many", [&] { return std::move(value); });
        }
        return all;
    }

    detail::RawBulkLoader raw_;
};

}  // namespace tutti
