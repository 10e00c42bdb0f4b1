// The shared tier (L2): bytes by key, with a time to live and conditional writes. One contract, two
// adapters: embedded (in process) and Redis; tests/contract runs against both.
//
// Two kinds of operations. Plain ones read and write a key as any program would. Coordinated ones
// keep two promises that plain ones cannot: of a value that is missing in the whole fleet there is
// one loader (the claim), and a value that was loaded before an invalidation is never stored after
// it (a `fill` succeeds only while its claim stands, and an invalidation removes value and claim
// alike).
//
// A coordinated value belongs to a channel of the bus. It carries the channel's epoch and
// generation, and a value of another one is absent: a server that restarts from an old copy brings
// nothing back. A cache without a bus has a channel of its own, of which only that is used.
//
// Every operation is one round trip and completes exactly once, on the node's executor, never
// inside the call; when `deadline` passes first, with Errc::timeout, and then the operation may
// still have happened. Operations of one caller on one key take effect in the order of their calls.
//
// Thread-safety: every function may be called from any thread. Blocking: never.
// Not promised: durability. A restart of the server may lose anything, and may bring back old
// values of plain keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/policy.hpp"

namespace tutti {

enum class Epoch : std::uint64_t;  // bus.hpp

// Called once with the outcome of an asynchronous operation.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

// What an entry may carry: so many tags, each of 1 to so many bytes.
inline constexpr std::size_t entry_tags_max = 64;
inline constexpr std::size_t tag_bytes_max = 256;
[[nodiscard]] constexpr bool is_tag(std::string_view text) noexcept {
    return !text.empty() && text.size() <= tag_bytes_max;
}

// Where a coordinated value lives.
struct ValueAddress {
    enum class Form : unsigned char {
        framed,  // epoch, generation and lifetimes stand in front of the value
        raw,     // the value as it is, for foreign programs; the rest stands beside it
        tagged,  // as framed, with the tags that it carries
    };

    std::string channel;  // whose epoch and generation it carries
    // The key of the store is `prefix` + `key`; `key` is what the bus calls it. The channel
    // remembers the prefixes that were used under it (at most `prefixes_max`; one more is
    // Errc::too_large), so that every publication removes the values of all caches of the channel,
    // also of those that the publisher does not know.
    std::string prefix;
    std::string key;
    Form form = Form::framed;
    static constexpr std::size_t prefixes_max = 64;
    // Raw only: a value that none of our nodes has stored is a foreign program's, and is taken as
    // it is; it has no epoch, so only a change of its own key removes it. Without it such a value
    // is absent.
    bool foreign_writers = false;
};

[[nodiscard]] constexpr std::string_view to_string(ValueAddress::Form form) noexcept {
    switch (form) {
    case ValueAddress::Form::framed: return "framed";
    case ValueAddress::Form::raw: return "raw";
    case ValueAddress::Form::tagged: return "tagged";
    }
    return "unknown";
}

// A value in the store and how old it is, by the server's clock alone.
struct StoredValue {
    std::string bytes;
    Duration age{};    // since its load was stored; zero when a foreign program has written it
    Duration fresh{};  // left of its time to live; negative: kept beyond it, as a last known good
    std::vector<std::string> tags = {};  // of a tagged one
};

// Names one attempt to load: 128 random bits, as text. The same attempt asks again with the same
// one.
using LoadToken = std::string;
inline constexpr std::size_t load_token_bytes_max = 128;

struct FetchRequest {
    ValueAddress address;
    LoadToken token;
    Duration claim_for{};  // after this a claim lapses by itself: its loader is dead
    // A value that is older is not fresh, whatever its time to live says. Zero: none is.
    Duration age_max = Duration::max();
    // Take the claim from its holder, whose `fill` will fail. For a forced refresh.
    bool take_over = false;
};

struct Fetched {
    enum class Claim : unsigned char {
        none,    // the value is fresh: there is nothing to load
        ours,    // load it, then `fill` or `release`
        theirs,  // another loader is at it; BusListener::on_woken tells when to ask again
    };

    std::optional<StoredValue> value;  // with `ours` or `theirs`: a last known good, or none
    Claim claim = Claim::none;
    Duration claim_left{};  // with `theirs`: ask again after this at the latest
    Epoch epoch{};          // that the channel has there: see bus.hpp
};

[[nodiscard]] constexpr std::string_view to_string(Fetched::Claim claim) noexcept {
    switch (claim) {
    case Fetched::Claim::none: return "none";
    case Fetched::Claim::ours: return "ours";
    case Fetched::Claim::theirs: return "theirs";
    }
    return "unknown";
}

// What keeps the better of two values. A stored one of a higher rank yields all the same when it is
// past its time to live, because it is read no longer, or older than `yields_after`.
struct Rank {
    std::int64_t value = 0;
    Duration yields_after = Duration::max();
    // What is there yields, whatever its rank: the holder of the claim has seen it and cannot read
    // it.
    bool over_unreadable = false;
};

struct FillRequest {
    ValueAddress address;
    LoadToken token;  // of the claim
    std::string bytes;
    Duration fresh_for{};  // time to live; resolution of one millisecond, rounded up
    // How long it is in the store, as a last known good; at least `fresh_for`. A raw value goes
    // with its time to live, because a foreign program would take it for fresh.
    Duration keep_for{};
    std::optional<Rank> rank = std::nullopt;  // not of a raw value
    // Tagged only. When one of them was invalidated since the claim was given, the claim is lost.
    std::vector<std::string> tags = {};
};

enum class Filled : unsigned char {
    stored,
    claim_lost,   // invalidated, taken over or lapsed meanwhile: nothing was stored
    kept_better,  // a value of a higher rank is there and was left alone; the claim has ended
};

[[nodiscard]] constexpr std::string_view to_string(Filled filled) noexcept {
    switch (filled) {
    case Filled::stored: return "stored";
    case Filled::claim_lost: return "claim_lost";
    case Filled::kept_better: return "kept_better";
    }
    return "unknown";
}

class Store {
public:
    enum class Condition : unsigned char { always, if_absent };

    struct PutOptions {
        Ttl ttl;  // mandatory; resolution of one millisecond, rounded up
        Condition condition = Condition::always;
    };

    // Larger values are refused with Errc::too_large on the way in, and on the way out.
    static constexpr std::size_t value_bytes_max = 64UL * 1024 * 1024;
    static constexpr std::size_t key_bytes_max = 4096;

    virtual ~Store() = default;

    // nullopt: no such key.
    virtual void get(std::string key, TimePoint deadline,
                     Completion<std::optional<std::string>> done) = 0;

    // False: the condition did not hold and nothing was written.
    virtual void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                     Completion<bool> done) = 0;

    // False: there was no such key.
    virtual void erase(std::string key, TimePoint deadline, Completion<bool> done) = 0;

    // Compare and delete, atomically. False: another value, or none, was there and was left alone.
    virtual void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                Completion<bool> done) = 0;

    // Compare and replace, atomically; the new value lives for `ttl` from now. False as above.
    virtual void replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                                  TimePoint deadline, Completion<bool> done) = 0;

    // How many keys begin with `prefix`. Not one round trip: reads all names of the store, page by
    // page, and is right only as far as nothing changes meanwhile. For gauges.
    virtual void count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) = 0;

    // Reads a coordinated value, and claims its load when there is none that is fresh. A tagged one
    // is absent when a tag of it was invalidated since the claim that it was stored under was
    // given.
    virtual void fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) = 0;

    // Stores what was loaded under a claim, ends the claim and wakes who waits. There is no way to
    // store without one: it is what tells a late request from a timely one.
    virtual void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) = 0;

    // The same of several values, as that many calls of `fetch` or `fill` in this order, and each
    // completes by itself. A store with a way to its server does it at once for all of one address
    // but for the key, which takes less than it would one by one.
    template <class Request, class Answer>
    struct Part {
        Request request;
        Completion<Answer> done;
    };
    using Fetch = Part<FetchRequest, Fetched>;
    using Fill = Part<FillRequest, Filled>;
    virtual void fetch_many(std::vector<Fetch> fetches, TimePoint deadline) {
        for (Fetch& one : fetches) fetch(std::move(one.request), deadline, std::move(one.done));
    }
    virtual void fill_many(std::vector<Fill> fills, TimePoint deadline) {
        for (Fill& one : fills) fill(std::move(one.request), deadline, std::move(one.done));
    }

    // The load failed: ends the claim if it is still ours and wakes who waits. False: it was not.
    virtual void release(ValueAddress address, LoadToken token, TimePoint deadline,
                         Completion<bool> done) = 0;

    // Removes the values and claims of these keys under every prefix of the channel and wakes who
    // waits, as a publication on the bus does; for changes that foreign programs have published. An
    // empty list: every value of the channel, by way of its generation. At most Bus::keys_max keys.
    virtual void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
                      Completion<void> done) = 0;

    // Ends the connection. Outstanding operations fail with Errc::stopped, and so does every later
    // one as long as the executor runs; afterwards their completions are destroyed. On the
    // executor, or when that has ended. Again: does nothing.
    virtual void close() = 0;
};

[[nodiscard]] constexpr std::string_view to_string(Store::Condition condition) noexcept {
    return condition == Store::Condition::if_absent ? "if_absent" : "always";
}

}  // namespace tutti
