// What a Redis holds of a channel: its log, its members, and the values below it. What `tutti
// replay`, `explain` and `probe` print, for programs that want to ask themselves.
//
//     const redis::InspectOptions of{.app = "shop", .channel = "cache:users"};
//     const auto log = redis::read_log("redis://127.0.0.1:6379", of);
//     if (log && !log->breaks.empty()) ...
//
// It only reads, and joins nothing. What it answers is what the server said at several moments, one
// after the other: of a busy channel no two figures need to fit. What is there is untrusted and
// bounded; what is malformed is left out. The user needs `+hget +hgetall +hmget +zrange +xrange
// +get +strlen +getrange +pttl ~tutti:*` and the keys of the values; without `+pubsub|numsub`
// subscribers are not counted.
//
// Nothing here holds the password. Thread-safety: plain values, and functions of their arguments.
// Errors of all: invalid_option (URL, app, channel), unavailable, timeout, refused, protocol.
// Blocking: until `timeout`, on a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

struct InspectOptions {
    std::string app;      // as the nodes say it
    std::string channel;  // as the caches declare it
    OptionDuration timeout = std::chrono::seconds{5};
};

struct ChannelMember {
    std::string name;
    Sequence applied = 0;           // as it last said: with each renewal, and when it was asked
    std::optional<Duration> lease;  // nothing: of a version that does not say
};

struct ChannelState {
    std::string server;  // the URL without its password
    BusPosition position;
    std::uint64_t generation = 0;  // of its values: an invalidation of everything adds one
    std::vector<std::string> prefixes = {};  // under which values of it have been kept
    std::vector<ChannelMember> members = {};
    // Subscribers of its entries, and of its plain channel (nodes that hear it, and others);
    // nothing: this user may not ask.
    std::optional<std::uint64_t> nodes_listening;
    std::optional<std::uint64_t> programs_listening;
};

// Nothing: there is no such channel, or what stands there is none.
[[nodiscard]] Result<std::optional<ChannelState>> inspect_channel(const std::string& url,
                                                                  const InspectOptions& options);

struct LogPart {
    Epoch epoch = Epoch::none;
    std::vector<BusEntry> entries = {};  // in order
    // Where an entry does not continue the one before, or is malformed, in a sentence each. The
    // first entry of an epoch continues the epoch itself; one behind a trimmed log is not checked.
    std::vector<std::string> breaks = {};
};

// The log from `first` on, `entries_max` at most. It holds about the last 10,000 entries, without
// times.
[[nodiscard]] Result<LogPart> read_log(const std::string& url, const InspectOptions& options,
                                       Sequence first = 1, std::size_t entries_max = 20'000);

// The log as it grows, and the members, on one connection that is made again when it has failed.
//
//     auto follower = redis::LogFollower::begin(url, of);
//     for (;;) {
//         const auto more = follower->next();  // what was appended since the call before
//         ...
//     }
//
// It looks when it is asked to, and does not subscribe. So what `next` returns was appended between
// the begin of the last call that has returned less than a page, and no breaks, and the end of this
// one.
// Thread-safety: one thread at a time.
class LogFollower {
public:
    static constexpr std::size_t page_entries = 1000;

    // Follows what is appended from now on. Errors and blocking: as above.
    [[nodiscard]] static Result<LogFollower> begin(const std::string& url,
                                                   const InspectOptions& options);
    ~LogFollower();
    LogFollower(LogFollower&&) noexcept;
    LogFollower& operator=(LogFollower&&) noexcept;

    // At most a page; of a new epoch from its first entry on. It ends at what is no entry, and the
    // next call goes on behind that. After an error the next call goes on
    // where the last answer ended. Cost: two or four round trips.
    [[nodiscard]] Result<LogPart> next();
    // The names of the channel's members now. Cost: a round trip.
    [[nodiscard]] Result<std::vector<std::string>> members();

private:
    class Impl;
    explicit LogFollower(std::unique_ptr<Impl> impl) noexcept;

    std::unique_ptr<Impl> impl_;  // null: moved from
};

// What a value carries in a cache that is declared `tagged`, and what was said of it.
struct StoredTags {
    struct Tag {
        std::string name;
        // The last entry that has named it; nothing: none behind `floor`.
        std::optional<Sequence> invalidated = std::nullopt;
        bool outdates = false;  // behind `claimed`: the value counts as absent
    };

    Sequence claimed = 0;  // the last entry when the load of the value was allowed
    std::vector<Tag> tags = {};
    // Of tags the server knows no more than is behind this entry: each counts as invalidated by it.
    // 0: it knows all of this epoch.
    Sequence floor = 0;

    // One of them was invalidated since, or may have been.
    [[nodiscard]] bool outdated() const noexcept;
};

// What stands at `<prefix><key>` and beside it.
struct StoredState {
    std::string prefix;
    bool raw = false;                    // as foreign programs read it; else framed
    std::optional<std::uint64_t> bytes;  // of what is stored; nothing: no value
    // Of its era: false is another epoch or generation, so it counts as absent; nothing: it has
    // none that can be read. Tags that were invalidated since do not count here.
    std::optional<bool> current;
    std::optional<StoredTags> tagged;  // of a current value of a cache that is declared so
    Duration age{};
    Duration fresh{};  // it is served until it is so old
    Duration kept{};   // and kept as a last known good until then
    // A load of it runs, or died: how long its claim still stands, and whether a node waits for it.
    std::optional<Duration> claim;
    bool waited_for = false;
};

// One for each prefix of the channel.
[[nodiscard]] Result<std::vector<StoredState>> inspect_values(const std::string& url,
                                                              const ChannelState& channel,
                                                              const std::string& key,
                                                              const InspectOptions& options);

}  // namespace tutti::redis
