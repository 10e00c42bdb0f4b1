// What a reader of a cache may ask for; what a cache is, and what all have in common:
// <tutti/cache.hpp>.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/detail/async_start.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/invalidating.hpp"
#include "tutti/detail/reading.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
#include "tutti/lookup.hpp"

namespace tutti {

// What the caches have in common: reading.
template <Key K, class V>
class ReadableCache {
public:
    // Blocking: not on a hit; on a miss until the load is done or `options.deadline` passed.
    // Errors: timeout, load_failed, overloaded, suspect, not_started, stopped; the cache is as
    // before. In a loader and in a completion: wrong_thread, on a hit, too. A loader that needs
    // another cache: examples/composed.cpp
    [[nodiscard]] Result<Lookup<V>> get(const K& key, GetOptions options = {}) const {
        return reading_.get(key, options);
    }

    // The same without blocking: `token` is a function that takes Result<Lookup<V>>, or an Asio
    // completion token with <tutti/asio.hpp>. A function is called on an unspecified thread,
    // possibly before the call returns; what it throws is logged and goes no further.
    template <class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto get(const K& key, Token&& token) const {
        return get(key, GetOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto get(const K& key, GetOptions options, Token&& token) const {
        return run<Result<Lookup<V>>>(reading_.to_get(key, options), std::forward<Token>(token));
    }

    // Several at once, duplicates welcome: the answers in the order of `keys`, each with an error
    // of its own. What memory lacks the store is asked for in one round trip, and for what is not
    // there either one call of CacheOptions::load_many does (more than `load_many_keys_max` keys:
    // several); a key that is loaded already is waited for. Blocking and errors: as `get`, for all
    // of them together.
    template <detail::KeysOf<K> Range>
    [[nodiscard]] std::vector<Result<Lookup<V>>> get_many(const Range& keys,
                                                          GetOptions options = {}) const {
        return reading_.get_many(keys, options);
    }
    [[nodiscard]] std::vector<Result<Lookup<V>>> get_many(std::initializer_list<K> keys,
                                                          GetOptions options = {}) const {
        return reading_.get_many(keys, options);
    }
    // The same without blocking; `token` as for `get`, it takes the vector, which is empty if the
    // token was cancelled.
    template <detail::KeysOf<K> Range, class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto get_many(const Range& keys, Token&& token) const {
        return get_many(keys, GetOptions{}, std::forward<Token>(token));
    }
    template <detail::KeysOf<K> Range, class Token>
    auto get_many(const Range& keys, GetOptions options, Token&& token) const {
        return run<std::vector<Result<Lookup<V>>>>(reading_.to_get_many(keys, options),
                                                   std::forward<Token>(token));
    }

    template <class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto get_many(std::initializer_list<K> keys, Token&& token) const {
        return get_many(keys, GetOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto get_many(std::initializer_list<K> keys, GetOptions options, Token&& token) const {
        return run<std::vector<Result<Lookup<V>>>>(reading_.to_get_many(keys, options),
                                                   std::forward<Token>(token));
    }

    // What memory has and may serve now; nothing is loaded, and it counts as no read and no use.
    // Never blocks, from any thread. Nothing: it has none, the cache does not serve, its lease has
    // lapsed, or the key has no text.
    [[nodiscard]] std::optional<Lookup<V>> peek(const K& key) const { return reading_.peek(key); }
    // Whether `peek` has a value.
    [[nodiscard]] bool contains(const K& key) const {
        const auto known = peek(key);
        return known && known->found();
    }

    // `visit(std::string_view key, const Lookup<V>&)` of everything that `peek` would find now,
    // with its age and the time that it has left; the key as its text, and in no order. A snapshot
    // of each entry and not of all: one that comes, goes or changes meanwhile is seen before or
    // after. No lock is held, and writers go on; until `visit` returns, values that are removed
    // anywhere stay in memory: short. Throws what `visit` throws. Cost: O(n).
    template <class F>
        requires std::invocable<F&, std::string_view, const Lookup<V>&>
    void for_each(F visit) const {
        reading_.for_each(visit);
    }

    // Loads now, whatever is cached. Never answered by a load that began before this call; the
    // value replaces what is there, and when the load fails what is there stays. Meanwhile readers
    // get the old value. Errors and blocking as `get` on a miss.
    [[nodiscard]] Result<Lookup<V>> refresh(const K& key, GetOptions options = {}) const {
        return reading_.refresh(key, options.deadline);
    }
    template <class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto refresh(const K& key, Token&& token) const {
        return refresh(key, GetOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto refresh(const K& key, GetOptions options, Token&& token) const {
        return run<Result<Lookup<V>>>(reading_.to_refresh(key, options.deadline),
                                      std::forward<Token>(token));
    }

protected:
    explicit ReadableCache(std::shared_ptr<detail::Cache> core) noexcept
        : reading_(std::move(core)) {}

    [[nodiscard]] detail::Cache& core() const noexcept { return *reading_.core(); }
    [[nodiscard]] const std::shared_ptr<detail::Cache>& core_pointer() const noexcept {
        return reading_.core();
    }

    template <class Answer, class Start, class Token>
    auto run(Start start, Token&& token) const {  // NOLINT(performance-unnecessary-value-param)
        return detail::AsyncStart<std::decay_t<Token>, Answer>::run(
            std::move(start), std::forward<Token>(token), detail::ReportTo(core_pointer()));
    }

private:
    detail::Reading<K, V> reading_;
};

}  // namespace tutti
