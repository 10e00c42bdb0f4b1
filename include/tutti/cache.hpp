// The caches that hold values. A handle is cheap to copy and may outlive its node: it then answers
// Errc::stopped.
//
// The problem: a value in the memory of many processes, and a change that one of them makes. A
// `Coherent` cache promises, by lease and replay (docs/coherence.md), that a served value is never
// older than the lease bound after the change was published, whatever is lost, and with
// `Ack::every_instance` that no read that begins after `invalidate` returned `done` yields an older
// value, on any instance. A `Local` cache promises nothing beyond its TTL on this instance.
//
// A `Shared` cache keeps its values in the store, for all instances, with a TTL; memory in front of
// it is optional and invalidated on this instance only. A `Near` cache reads what others keep in
// the store.
//
// All: one load per key at a time, however many readers wait; a value whose load began before an
// invalidation of its key is never stored after it; failed loads are not cached.
//
// With a store (`shared`, or `coherent` with CacheOptions::store) there is one load in the whole
// fleet, and a value from before an invalidation enters the store neither. When the store is away
// every instance loads on its own, and the lookup says `degraded`.
//
// Not promised: freshness of the loader's own source, such as a lagging replica.
//
// Thread-safety: every function may be called from any thread. Cost of a hit: one lock, one clock
// reading, no allocation for keys that are strings or integers. A deadline of Duration::max() is
// none; at zero or less only memory answers, everything else is a timeout.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tutti/detail/async_start.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/key.hpp"
#include "tutti/lookup.hpp"
#include "tutti/options.hpp"

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
        if (auto error = detail::cannot_wait("get", core_->name())) return fail(*std::move(error));
        return detail::guarded(key_text("get"), [&]() -> Result<Lookup<V>> {
            const auto& text = KeyText<K>::text(key);
            if (auto hit = core_->hit(text)) return typed(*std::move(hit));
            return typed(detail::wait_for<Result<detail::RawLookup>>([&](auto done) {
                core_->load(std::string(std::string_view(text)), std::make_shared<const K>(key),
                            options.deadline, std::move(done));
            }));
        });
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
        // Owns what it needs: with a lazy token it starts after this call has returned.
        auto start = [core = core_, key = std::make_shared<const K>(key), options](auto done) {
            auto text = detail::text_of(*key, "get", core->name());
            if (!text) return done(failed(text));
            if (auto hit = core->hit(*text)) return done(typed(*std::move(hit)));
            core->load(*std::move(text), key, options.deadline, typing(std::move(done)));
        };
        return run(std::move(start), std::forward<Token>(token));
    }

    // Loads now, whatever is cached. Never answered by a load that began before this call; the
    // value replaces what is there, and when the load fails what is there stays. Meanwhile readers
    // get the old value. Errors and blocking as `get` on a miss.
    [[nodiscard]] Result<Lookup<V>> refresh(const K& key, GetOptions options = {}) const {
        auto text = detail::text_for_waiting(key, "refresh", core_->name());
        if (!text) return failed(text);
        return typed(detail::wait_for<Result<detail::RawLookup>>([&](auto done) {
            core_->refresh(*std::move(text), std::make_shared<const K>(key), options.deadline,
                           std::move(done));
        }));
    }
    template <class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto refresh(const K& key, Token&& token) const {
        return refresh(key, GetOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto refresh(const K& key, GetOptions options, Token&& token) const {
        auto start = [core = core_, key = std::make_shared<const K>(key), options](auto done) {
            auto text = detail::text_of(*key, "refresh", core->name());
            if (!text) return done(failed(text));
            core->refresh(*std::move(text), key, options.deadline, typing(std::move(done)));
        };
        return run(std::move(start), std::forward<Token>(token));
    }

protected:
    explicit ReadableCache(std::shared_ptr<detail::Cache> core) noexcept : core_(std::move(core)) {}

    [[nodiscard]] detail::Cache& core() const noexcept { return *core_; }
    [[nodiscard]] const std::shared_ptr<detail::Cache>& core_pointer() const noexcept {
        return core_;
    }

private:
    [[nodiscard]] detail::UserFunction key_text(std::string_view operation) const {
        return detail::key_text(operation, core_->name());
    }
    static Result<Lookup<V>> failed(Result<std::string>& text) {
        return fail(std::move(text).error());
    }
    static Result<Lookup<V>> typed(Result<detail::RawLookup> raw) {
        if (!raw) return fail(std::move(raw).error());
        return Lookup<V>(*std::move(raw));
    }
    template <class Done>
    static auto typing(Done done) {
        return [done = std::move(done)](Result<detail::RawLookup> raw) mutable {
            done(typed(std::move(raw)));
        };
    }
    template <class Start, class Token>
    auto run(Start start, Token&& token) const {  // NOLINT(performance-unnecessary-value-param)
        return detail::AsyncStart<std::decay_t<Token>, Result<Lookup<V>>>::run(
            std::move(start), std::forward<Token>(token), detail::ReportTo(core_));
    }

    std::shared_ptr<detail::Cache> core_;  // never null
};

// What `Coherent` and `Shared` have in common: telling others that something changed.
template <Key K, class V>
class InvalidatedCache : public ReadableCache<K, V> {
public:
    // The data behind `key` changed and the source has committed. Gone on this instance at once,
    // and when it is published from the store: a read that begins after this call returned never
    // yields or joins an older load here. Blocking: one round trip with Ack::none, the wait-out
    // with Ack::every_instance, never longer than the deadline. In a loader and in a completion it
    // does not wait: the key is gone here, the publication is on its way, and the outcome is
    // `unconfirmed`.
    [[nodiscard]] Invalidation invalidate(const K& key, InvalidateOptions options = {}) const {
        return send(changed(key), options);
    }
    // Every key of the channel; of a `Shared` cache, its own.
    [[nodiscard]] Invalidation invalidate_all(InvalidateOptions options = {}) const {
        return send(std::nullopt, options);
    }

    // The same without blocking; `token` as for `get`, it takes an Invalidation.
    template <class Token>
        requires(!std::convertible_to<Token, InvalidateOptions>)
    auto invalidate(const K& key, Token&& token) const {
        return invalidate(key, InvalidateOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate(const K& key, InvalidateOptions options, Token&& token) const {
        return start(changed(key), options, std::forward<Token>(token));
    }
    template <class Token>
    auto invalidate_all(InvalidateOptions options, Token&& token) const {
        return start(std::nullopt, options, std::forward<Token>(token));
    }

    // Stores a value that the caller has come by otherwise, unless a better one is there
    // (StoreTier::rank). Takes effect at the first of two round trips: what is published later
    // takes it away, however late a request arrives; what was published before, since the caller
    // came by the value, is not noticed: what invalidations have to cover is loaded. `claim_lost`:
    // taken away, or another load began meanwhile. Errors: unavailable, timeout and their likes of
    // the store; too_large; invalid_option without a store; wrong_thread in a loader and in a
    // completion. Blocking: two round trips.
    [[nodiscard]] Result<Filled> offer(const K& key, V value, GetOptions options = {}) const {
        auto text = detail::text_for_waiting(key, "offer", this->core().name());
        if (!text) return fail(std::move(text).error());
        return detail::wait_for<Result<Filled>>([&](auto done) {
            this->core().offer(*std::move(text), std::make_shared<const V>(std::move(value)),
                               options.deadline, std::move(done));
        });
    }

protected:
    using ReadableCache<K, V>::ReadableCache;

private:
    detail::Changed changed(const K& key) const {
        return detail::changed(key, this->core().name());
    }
    Invalidation send(detail::Changed key, InvalidateOptions options) const {
        return detail::invalidate_and_wait(this->core(), std::move(key), options);
    }
    template <class Token>
    auto start(detail::Changed key, InvalidateOptions options, Token&& token) const {
        auto call = [core = this->core_pointer(), key = std::move(key), options](auto done) {
            detail::invalidate(*core, key, options, std::move(done));
        };
        return detail::AsyncStart<std::decay_t<Token>, Invalidation>::run(
            std::move(call), std::forward<Token>(token), detail::ReportTo(this->core_pointer()));
    }
};

// Made by `Node::coherent`. Example: examples/coherent.cpp
template <Key K, class V>
class Coherent : public InvalidatedCache<K, V> {
public:
    explicit Coherent(std::shared_ptr<detail::Cache> core) noexcept
        : InvalidatedCache<K, V>(std::move(core)) {}
};

// Made by `Node::shared`. Without memory in front, no read on any instance that begins after
// `invalidate` was `published` yields an older value. With it, `invalidate` reaches the store and
// this instance, and the others go on until its TTL; therefore Ack::every_instance is answered
// `unconfirmed`. Example: examples/shared.cpp
template <Key K, class V>
class Shared : public InvalidatedCache<K, V> {
public:
    explicit Shared(std::shared_ptr<detail::Cache> core) noexcept
        : InvalidatedCache<K, V>(std::move(core)) {}
};

// Made by `Node::local`. Its `forget` concerns this instance alone, hence another name.
template <Key K, class V>
class Local : public ReadableCache<K, V> {
public:
    explicit Local(std::shared_ptr<detail::Cache> core) noexcept
        : ReadableCache<K, V>(std::move(core)) {}

    // Never blocks. A load that runs now will not be stored.
    void forget(const K& key) const {
        this->core().invalidate(detail::text_of(key), {}, [](const Invalidation&) {});
    }
    void forget_all() const {
        this->core().invalidate(std::nullopt, {}, [](const Invalidation&) {});
    }
};

}  // namespace tutti
