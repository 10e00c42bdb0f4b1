// The invalidation bus: per channel an ordered, replayable log of "these keys changed", with
// pub/sub as a latency hint. docs/coherence.md is the specification; this is what an adapter
// (embedded, Redis) does for it. Applications use `Coherent::invalidate` and never this.
//
// Truth is the log: a dense sequence within an epoch, each entry linked to the one before by a
// chain. A server that lost or rewound its state answers with another epoch; it never reuses a
// sequence of the same epoch for something else without a different chain.
//
// Operations are one round trip and complete exactly once, on the node's executor, never inside the
// call; with Errc::timeout when `deadline` passes first (the operation may still have happened).
// Thread-safety: every function may be called from any thread. Blocking: never.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti {

enum class Epoch : std::uint64_t { none = 0 };  // random per incarnation of the log
enum class Chain : std::uint64_t {};            // digest over everything up to a sequence
using Sequence = std::uint64_t;                 // 1, 2, 3 ... within an epoch; 0 = nothing yet

struct BusPosition {
    Epoch epoch = Epoch::none;
    Sequence sequence = 0;
    Chain chain{};

    friend bool operator==(const BusPosition&, const BusPosition&) = default;
};

// What one publication invalidates.
struct KeySet {
    std::vector<std::string> keys;
    bool all = false;  // every key of the channel; `keys` and `tags` are empty then
    // Every entry of the channel that carries one of them. A tag is no key: of one name both may
    // exist.
    std::vector<std::string> tags = {};

    [[nodiscard]] static KeySet everything() { return {.keys = {}, .all = true}; }
    [[nodiscard]] static KeySet of(std::string key) {
        KeySet one{.keys = {}, .all = false};
        one.keys.push_back(std::move(key));
        return one;
    }
    [[nodiscard]] static KeySet of_tag(std::string tag) {
        KeySet one{.keys = {}, .all = false};
        one.tags.push_back(std::move(tag));
        return one;
    }
    // Of keys and tags together.
    [[nodiscard]] std::size_t size() const noexcept { return keys.size() + tags.size(); }
    friend bool operator==(const KeySet&, const KeySet&) = default;
};

// One entry of the log, as it is pushed and as it is replayed.
struct BusEntry {
    BusPosition position;
    Chain previous{};
    KeySet changed;
};

struct PublishRequest {
    std::string channel;
    KeySet changed;
    // Published unchanged on the plain channel of the same name, directly behind the entry, for
    // programs that know nothing of Tutti. Empty: none.
    std::vector<std::string> plain_events = {};
    // Asks the members to acknowledge it: BusListener::on_ack_wanted.
    bool acknowledge = false;
};

struct Published {
    BusPosition position;
    // The longest lease that a member holds, as the server knows them: what a wait-out has to wait
    // for.
    Duration lease{};
    // How many renewals the server had taken in this epoch: for Bus::reap.
    std::uint64_t renewals = 0;
    // How many members the channel has: acknowledgements are to be expected from so many.
    std::uint64_t members = 0;
    // That may take the server's place without ever having heard of the entry. None: no server may,
    // or enough replicas have it.
    std::uint64_t replicas = 0;
    // Messages that the server refused to push. The entry is in the log all the same, where our own
    // nodes find it with their next renewal; the plain events among them are lost.
    std::size_t refused_pushes = 0;
};

struct AckRequest {
    std::string channel;
    std::string member;
    BusPosition applied;  // and everything before it
};

// Members that have not acknowledged a sequence.
struct Laggards {
    struct Member {
        std::string name;
        Sequence applied = 0;
    };

    Epoch epoch = Epoch::none;
    std::vector<Member> members = {};  // the furthest behind first; Bus::laggards_max at most
};

struct RenewRequest {
    std::string channel;
    std::string member;
    BusPosition applied;  // what this member has applied; of another epoch it counts as nothing
    // How long this member will serve on the strength of the reply: above zero, Bus::lease_max at
    // most.
    Duration lease{};
};

struct Renewed {
    BusPosition position;
    Duration lease{};  // as of Published
};

struct Subscription {
    std::string channel;
    bool plain = false;  // also deliver what others publish on the plain channel of that name
};

// Called on the node's executor, in the order of arrival.
class BusListener {
public:
    virtual ~BusListener() = default;

    // Every subscription is confirmed by the server: whatever is published from here on will be
    // delivered, or `on_disconnected` follows. After every reconnect again.
    virtual void on_subscribed() = 0;
    virtual void on_disconnected() = 0;
    virtual void on_entry(std::string_view channel, BusEntry entry) = 0;
    // An entry that cannot be decoded, or is of an unknown version.
    virtual void on_undecodable(std::string_view channel) = 0;
    // A plain event of another program. The echo of an entry's own plain events is not delivered.
    virtual void on_plain(std::string_view channel, std::string_view payload) = 0;
    // One that is larger than Bus::plain_event_bytes_max: it was dropped.
    virtual void on_oversized_plain(std::string_view channel, std::size_t bytes) = 0;
    // A load waited for the claim of this key of the store, and it has ended: ask again. Empty: of
    // any key. A hint; it concerns every node and every channel, and what was sent while
    // disconnected is lost.
    virtual void on_woken(std::string_view store_key) = 0;
    // A publication wants every member to acknowledge it, once it has applied everything up to
    // there. Behind the entry, unless it is lost or late as any push.
    virtual void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) = 0;
    // Every member has acknowledged everything up to there. It may be lost; what it says is true.
    virtual void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) = 0;
};

class Bus {
public:
    // A publication over these limits is refused with Errc::too_large; the caller splits it.
    static constexpr std::size_t keys_max = 1000;              // and tags, together
    static constexpr std::size_t key_bytes_max = 64UL * 1024;  // of one publication, encoded
    static constexpr std::size_t plain_events_max = 1000;
    static constexpr std::size_t plain_bytes_max =
        4UL * 1024 * 1024;  // of its plain events together
    // Of one event. A larger one of ours is not sent, one of another program is dropped.
    static constexpr std::size_t plain_event_bytes_max = 64UL * 1024;
    // A lease is what a writer waits out, so one member's concerns all of them.
    static constexpr Duration lease_max = std::chrono::minutes{10};
    static constexpr std::size_t laggards_max = 10;

    virtual ~Bus() = default;

    // Once, before anything else; without channels only for the sake of `on_woken`. Connects, and
    // reconnects by itself, until `close`. `listener` must outlive the last task that runs on the
    // executor.
    virtual void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) = 0;

    // Removes the coordinated values of these keys from the store, whichever node declared the
    // caches that keep them there (Store::fetch has told the channel), then appends to the log and
    // pushes; one step. A retry after a timeout is a new publication.
    virtual void publish(PublishRequest request, TimePoint deadline,
                         Completion<Published> done) = 0;

    // Registers the member, records what it has applied (never lowered within an epoch) and its
    // lease, and returns where the log is now. The member is forgotten when it leaves, or when its
    // lease has lapsed by a wide margin without another renewal.
    virtual void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) = 0;

    // The entries first..last of the log as far as they still exist, in order; fewer or none when
    // they were trimmed. The caller checks the links.
    virtual void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                        Completion<std::vector<BusEntry>> done) = 0;

    // Forgets the member and its lease: it serves nothing any more.
    virtual void leave(std::string channel, std::string member, TimePoint deadline,
                       Completion<void> done) = 0;

    // Raises what a member has applied, as RENEW does. Of another epoch, of what is not in the log
    // yet, or of a stranger to the channel it changes nothing.
    virtual void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) = 0;

    // The members that have not acknowledged this sequence.
    virtual void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                          Completion<Laggards> done) = 0;

    // Forgets the members that have not renewed since the server had taken so many renewals in this
    // epoch. Requires: the leases of those have ended. In another epoch it forgets none.
    virtual void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
                      Completion<void> done) = 0;

    // Succeeds when the subscription connection has answered a probe that was sent after this call:
    // everything that the server had pushed before it has been delivered.
    virtual void probe(TimePoint deadline, Completion<void> done) = 0;

    // No listener call after it, when called on the executor. Otherwise as Store::close.
    virtual void close() = 0;
};

}  // namespace tutti
