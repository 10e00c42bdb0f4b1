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
// Thread-safety: every function may be called from any thread. Cost of a hit: one of a
// `MemoryCache`, a look at the clock, and some 10 ns; no lock, no allocation for keys that are
// strings or integers. A small trivially copyable value is copied into the Lookup, any other is
// shared with it. A deadline of Duration::max() is none; at zero or less only memory answers,
// everything else is a timeout.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/detail/async_start.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/invalidating.hpp"  // IWYU pragma: export
#include "tutti/detail/readable.hpp"      // IWYU pragma: export
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/key.hpp"
#include "tutti/lookup.hpp"
#include "tutti/options.hpp"

namespace tutti {

// What `Coherent` and `Shared` have in common: telling others that something changed.
template <Key K, class V>
class InvalidatedCache : public ReadableCache<K, V>,
                         public detail::Invalidating<InvalidatedCache<K, V>, K> {
public:
    // The data behind `key` changed and the source has committed: `invalidate`, and then a load, so
    // that the new value is here and in the store before the next reader comes. The load begins
    // behind the publication and is fenced by it like any other: of two writers who publish in
    // another order than they commit, each loads what both have written. The value is loaded also
    // when the publication is `unconfirmed`, past the store then. Blocking: `options.deadline` for
    // both together; when the publication has used it up, the value is Errc::timeout. In a loader
    // and in a completion: `invalidate` does not wait, and the value is Errc::wrong_thread.
    [[nodiscard]] Reloaded<V> reload(const K& key, InvalidateOptions options = {}) const {
        Invalidation invalidation = this->invalidate(key, options);
        const GetOptions rest = rest_of(options, invalidation);
        return {.invalidation = std::move(invalidation), .value = this->get(key, rest)};
    }
    // The same without blocking; `token` as for `get`, it takes a Reloaded<V>.
    template <class Token>
    auto reload(const K& key, InvalidateOptions options, Token&& token) const {
        auto call = [self = *this, key, options](auto done) {
            auto told = [self, key, options,
                         done = std::move(done)](Invalidation invalidation) mutable {
                const GetOptions rest = rest_of(options, invalidation);
                self.get(key, rest,
                         [invalidation = std::move(invalidation),
                          done = std::move(done)](Result<Lookup<V>> value) mutable {
                             done(Reloaded<V>{std::move(invalidation), std::move(value)});
                         });
            };
            self.invalidate(key, options, std::move(told));
        };
        return detail::AsyncStart<std::decay_t<Token>, Reloaded<V>>::run(
            std::move(call), std::forward<Token>(token), detail::ReportTo(this->core_pointer()));
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
    // The same without blocking; `token` as for `get`, it takes a Result<Filled>.
    template <class Token>
        requires(!std::convertible_to<Token, GetOptions>)
    auto offer(const K& key, V value, Token&& token) const {
        return offer(key, std::move(value), GetOptions{}, std::forward<Token>(token));
    }
    template <class Token>
    auto offer(const K& key, V value, GetOptions options, Token&& token) const {
        return this->template run<Result<Filled>>(
            [core = this->core_pointer(), text = detail::text_of(key, "offer", this->core().name()),
             value = std::make_shared<const V>(std::move(value)), options](auto done) mutable {
                if (!text) return done(fail(std::move(text).error()));
                core->offer(*std::move(text), std::move(value), options.deadline, std::move(done));
            },
            std::forward<Token>(token));
    }

protected:
    using ReadableCache<K, V>::ReadableCache;

private:
    friend class detail::Invalidating<InvalidatedCache, K>;

    [[nodiscard]] const std::shared_ptr<detail::Cache>& invalidated() const noexcept {
        return this->core_pointer();
    }
    [[nodiscard]] static GetOptions rest_of(const InvalidateOptions& options,
                                            const Invalidation& invalidation) {
        if (options.deadline == Duration::max()) return {.deadline = Duration::max()};
        return {.deadline = saturating_add(options.deadline, -invalidation.took)};
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
        this->core().invalidate(KeySet::of(detail::text_of(key)), {}, [](const Invalidation&) {});
    }
    // What carries it, in a cache that is declared `tagged`. Cost: linear in the entries that do.
    void forget_tag(std::string_view tag) const {
        this->core().invalidate(KeySet::of_tag(std::string(tag)), {}, [](const Invalidation&) {});
    }
    void forget_all() const {
        this->core().invalidate(KeySet::everything(), {}, [](const Invalidation&) {});
    }
};

}  // namespace tutti
