// Tells every instance that data has changed, from a process that keeps none of it.
//
// The problem: the process that writes is often not one that reads. It needs the channel, the
// outcome and the backlog of an invalidation, and no memory, no lease and no subscription: it waits
// for others, and no other waits for it.
//
//     auto users = (*node)->invalidator<UserId>({.name = "user-changes",
//                                                .changes = "users",
//                                                .channel = "cache:users"});
//     (*node)->start();
//     write_to_the_database(user);
//     users.invalidate(user.id, {.ack = tutti::Ack::every_instance});
//
// Promised is what a `Coherent` cache of the channel promises (<tutti/invalidation.hpp>), on the
// same channel and for the same keys: K has the same text there. Caches of the channel on this node
// forget at once, as those of other nodes do when they hear of it. With Ack::every_instance the
// first one of a node waits for up to the wait-out, because acknowledgements count only once the
// server has been known for that long (docs/coherence.md, W3).
//
// Thread-safety: every function from any thread. Lifetime: a handle is cheap to copy and may
// outlive its node; its invalidations are then `unconfirmed`.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/detail/async_start.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/invalidating.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/key.hpp"
#include "tutti/options.hpp"

namespace tutti {

struct InvalidatorOptions {
    std::string name;     // mandatory; shown in the audit, unique on the node
    std::string changes;  // mandatory: what changes, in words
    std::string channel;  // mandatory: as in CacheOptions::channel of those that keep it
    // How programs without Tutti are told, as in CacheOptions::plain. Default: they are not.
    std::optional<PlainEvent> plain = std::nullopt;
    std::string note = {};  // for the operator, in the audit
};

// Made by `Node::invalidator`. Example: examples/invalidator.cpp
template <Key K>
class Invalidator : public detail::Invalidating<Invalidator<K>, K> {
public:
    explicit Invalidator(std::shared_ptr<detail::Invalidated> core) noexcept
        : core_(std::move(core)) {}

private:
    friend class detail::Invalidating<Invalidator, K>;

    [[nodiscard]] const std::shared_ptr<detail::Invalidated>& invalidated() const noexcept {
        return core_;
    }

    std::shared_ptr<detail::Invalidated> core_;
};

namespace detail {

struct Together {
    std::shared_ptr<Invalidated> through;
    KeySet changed;

    // Errors: invalid_option, which says why they have no one publication.
    [[nodiscard]] static Result<Together> of(std::span<const ChangedKey> keys);
    // What is told when a completion has thrown: nothing without a key.
    [[nodiscard]] static ReportTo<Invalidated> reports(std::span<const ChangedKey> keys) {
        return ReportTo(keys.empty() ? nullptr : keys.front().of_);
    }
};

}  // namespace detail

// Keys and tags of several caches that one transaction of the source has changed, told in one
// publication.
//
//     tutti::invalidate_together({users.key(7), names.key("ada")}, {.ack = Ack::every_instance});
//
// All or nothing: each instance applies all of them in one step of its log or, when it has missed
// that, none; there is no moment at which it has heard of one and not of the other. The outcome
// holds for all. A channel is one namespace of keys, and one of tags: caches of one channel forget
// each of these, whoever it was given by, as with `invalidate`.
//
// Impossible, and said so in the outcome's reason, with nothing invalidated: keys of several
// channels or nodes (a publication has one log), caches that tell programs without Tutti in
// different shapes, more than one publication holds (Bus::keys_max, Bus::key_bytes_max, and as many
// plain events), a key without a text, and no key at all.
//
// Not promised: that readers of two caches see both changes at once. One read may come before the
// step and the next one behind it.
//
// Thread-safety: every function from any thread. Blocking and errors: as `invalidate`. Example:
// examples/after_a_write.cpp
[[nodiscard]] Invalidation invalidate_together(std::span<const ChangedKey> keys,
                                               InvalidateOptions options = {});
[[nodiscard]] inline Invalidation invalidate_together(std::initializer_list<ChangedKey> keys,
                                                      InvalidateOptions options = {}) {
    return invalidate_together(std::span(keys.begin(), keys.size()), options);
}

// The same without blocking; `token` as for `get`, it takes an Invalidation.
template <class Token>
auto invalidate_together(const std::vector<ChangedKey>& keys, InvalidateOptions options,
                         Token&& token) {
    auto together = detail::Together::of(keys);
    auto call = [together, options](auto done) {
        if (!together) return done(detail::nothing_was_invalidated(together.error().message()));
        together->through->invalidate(together->changed, options, std::move(done));
    };
    return detail::AsyncStart<std::decay_t<Token>, Invalidation>::run(
        std::move(call), std::forward<Token>(token), detail::Together::reports(keys));
}

}  // namespace tutti
