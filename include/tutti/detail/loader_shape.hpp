// Which functions can be a loader, and what to say about those that cannot.
#pragma once

#include <concepts>
#include <coroutine>
#include <ranges>
#include <type_traits>
#include <utility>

#include "tutti/error.hpp"
#include "tutti/lookup.hpp"
#include "tutti/store.hpp"

namespace tutti::detail {

template <class F, class K>
concept PlainLoader = std::invocable<F&, const K&, LoadContext&>;

template <class F, class K, class V>
concept AsynchronousLoader =
    !PlainLoader<F, K> && std::invocable<F&, const K&, LoadContext, Completion<Loaded<V>>>;

template <class R>
concept CoroutineType = requires { typename std::coroutine_traits<R>::promise_type; };

template <class R, class V>
concept ValueAnswer = std::convertible_to<R, V> || std::constructible_from<Loaded<V>, R>;

template <class R, class V>
concept LoaderAnswer = !std::is_void_v<R> && (ValueAnswer<R, V> || requires(R answer) {
    answer.has_value();
    answer.error();
    requires ValueAnswer<decltype(*std::move(answer)), V>;
});

template <class R, class K, class V>
concept PairsOf = std::ranges::input_range<R> && requires(std::ranges::range_value_t<R> pair) {
    { pair.first } -> std::convertible_to<const K&>;
    requires LoaderAnswer<decltype(pair.second), V>;
};

// Compiles for what a cache, a document or a note can be made of.
template <class V>
consteval bool is_plain_value() {
    static_assert(
        std::is_object_v<V> && !std::is_array_v<V> && std::same_as<V, std::remove_cv_t<V>>,
        "a cache's value type V (a reservation's T, a document D) is a plain object type, "
        "without const, volatile, & and []: `node.coherent<K, std::string>`; what a cache "
        "keeps is const by itself");
    static_assert(std::move_constructible<V>,
                  "a cache's value type V (a reservation's T, a document D) is moved into the "
                  "cache, so it must be move-constructible: for what cannot be moved use "
                  "std::shared_ptr<const V>");
    return true;
}

// Compiles for the return type of a plain loader only.
template <class R, class V>
constexpr bool explain_answer() {
    static_assert(!CoroutineType<R>,
                  "a coroutine is no loader by itself: `.load = tutti::awaitable_loader<K, V>("
                  "executor, coroutine)`, of <tutti/asio.hpp>");
    static_assert(CoroutineType<R> || LoaderAnswer<R, V>,
                  "`.load` returns V, std::optional<V>, tutti::Loaded<V> or a Result of one of "
                  "these, and V is the cache's value type");
    return !CoroutineType<R> && LoaderAnswer<R, V>;
}

// Compiles for the return type of a bulk loader only.
template <class R, class K, class V>
constexpr bool explain_bulk_answer() {
    constexpr bool good = [] {
        if constexpr (requires(R answer) { answer.has_value(), answer.error(), *answer; }) {
            return PairsOf<std::remove_cvref_t<decltype(*std::declval<R>())>, K, V>;
        } else {
            return PairsOf<R, K, V>;
        }
    }();
    static_assert(good,
                  "`.load_many` returns pairs of a key and its value, in any order, such as "
                  "std::unordered_map<K, V>, or a Result of that; instead of V also "
                  "std::optional<V>, tutti::Loaded<V> or a Result");
    return good;
}

// Compiles for no F.
template <class F, class K>
constexpr void explain_loader() {
    constexpr bool context_is_missing = std::invocable<F&, const K&>;
    static_assert(!context_is_missing,
                  "`.load` takes a LoadContext beside the key, which tells its deadline: "
                  "`[](const K& key, tutti::LoadContext& context) -> tutti::Result<V>`");
    static_assert(
        context_is_missing,
        "`.load` is `Result<V>(const K& key, tutti::LoadContext& context)` or `void(const "
        "K& key, tutti::LoadContext context, tutti::Completion<tutti::Loaded<V>> done)`, "
        "and K is the cache's key type");
}

}  // namespace tutti::detail
