// One channel of the server: what Redis keeps in a hash, a stream and a sorted set, and what the
// scripts do with it. The four parts can be lost one by one, as keys can be evicted one by one.
//
// Invariants, after `check`: the state exists and was made under the server's present identity, and
// it counts as many members as there are. Within an epoch sequences are dense and each entry links
// to the one before it.
//
// Leases are kept beside the members and outlive the epoch, because they do. A member's lapses when
// it has not renewed for twice its length (no clock_drift_max reaches 1) and `lapse_margin`; then
// the member is forgotten as if it had left. The time for that is the channel's own: it passes by
// what the server's clock has moved since the renewal or leave before, at most `clock_step_max`, so
// that a clock which is set forward makes no lease end early.
//
// Thread-safety: none; the server's mutex.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "embedded/values.hpp"
#include "tutti/bus.hpp"

namespace tutti::embedded {

enum class Identity : std::uint64_t {};  // of the server's data set; Redis: master_replid

using Random = std::mt19937_64;

class ServerChannel {
public:
    static constexpr std::size_t log_entries_max = 10'000;
    static constexpr std::size_t log_bytes_max = 64UL * 1024 * 1024;
    static constexpr std::size_t tags_max = 10'000;  // of which more is known than `tags_floor`
    static constexpr Duration clock_step_max = std::chrono::seconds{1};
    static constexpr Duration lapse_margin = std::chrono::seconds{5};

    struct Member {
        Sequence applied = 0;       // of this epoch
        std::uint64_t renewal = 0;  // which one of this epoch was its last
    };
    struct Held {
        Duration lease{};
        Duration lapses{};  // by the channel's time
    };
    struct Leases {
        std::map<std::string, Held> held;  // by member
        Duration now{};                    // the channel's time
        TimePoint seen{};                  // the server's, when that was
        Duration due{Duration::max()};     // when the next one may lapse
        Duration longest{};
    };
    struct State {
        Identity identity{};
        BusPosition position;
        std::uint64_t generation = 0;  // of the coordinated values: earlier ones are absent
        // In front of the keys that the entries name, where values of this channel have been used.
        std::vector<std::string> prefixes;
        std::size_t member_count = 0;  // must equal the number of members
        std::uint64_t renewals = 0;    // in this epoch
        Sequence wanted = 0;           // the last one that was to be acknowledged
        Leases leases;
        Sequence last_tag = 0;  // the last entry that named one; must be that of the tags
        // The tags of which more is not known count as invalidated by this entry.
        Sequence tags_floor = 0;
    };
    // When which tag was invalidated last: the sequence of the entry.
    struct Tags {
        std::map<std::string, Sequence, std::less<>> versions;
        Sequence last = 0;
    };
    using Entry = std::shared_ptr<const BusEntry>;

    // Before every operation: a lost, evicted or restored part becomes a new epoch.
    void check(Identity identity, Random& random);
    void rotate(Identity identity, Random& random);

    // Requires for these: checked.
    [[nodiscard]] const BusPosition& position() const { return state_->position; }
    [[nodiscard]] Duration lease() const { return state_->leases.longest; }
    [[nodiscard]] Era era() const {
        return {.epoch = state_->position.epoch, .generation = state_->generation};
    }
    void next_generation() { ++state_->generation; }
    // By the entry that is appended next.
    void invalidate_tags(const std::vector<std::string>& tags);
    // Whether one of them was invalidated by an entry behind that one.
    [[nodiscard]] bool invalidated_since(Sequence since, const std::vector<std::string>& tags);
    // Before a value under this prefix is used. False: there are too many.
    [[nodiscard]] bool remember(const std::string& prefix);
    [[nodiscard]] const std::vector<std::string>& prefixes() const { return state_->prefixes; }
    Entry append(KeySet changed, Random& random);
    void renew(const RenewRequest& request, TimePoint now);
    void leave(const std::string& member, TimePoint now);
    // Unlike the others it may be called on a channel that was not checked.
    void acknowledge(const std::string& member, const BusPosition& applied);
    // Those whose last renewal is among the first so many.
    void reap(std::uint64_t renewals, TimePoint now);
    // The lowest that a member has applied; nullopt: there is none.
    [[nodiscard]] std::optional<Sequence> low_water() const;
    void want_acks() { state_->wanted = state_->position.sequence; }
    [[nodiscard]] Sequence wanted() const { return state_->wanted; }
    [[nodiscard]] std::uint64_t renewals() const { return state_->renewals; }

    // Those that are left.
    [[nodiscard]] std::vector<Entry> range(Sequence first, Sequence last) const;

    void lose_log();
    void trim_log(std::size_t entries);
    void lose_members() { members_.clear(); }
    void lose_state() { state_.reset(); }
    void lose_tags() { tags_ = {}; }
    // The channel's time moves on by so much at once.
    void age(Duration by) {
        if (state_) state_->leases.now += by;
    }

    [[nodiscard]] const std::optional<State>& state() const { return state_; }
    [[nodiscard]] const std::map<std::string, Member>& members() const { return members_; }

private:
    void check_tags();
    void raise(Member& member, const BusPosition& applied) const;
    void forget(const std::string& member);
    void advance(TimePoint now);
    void forget_lapsed();

    std::optional<State> state_;
    std::deque<Entry> log_;
    std::size_t log_bytes_ = 0;
    std::map<std::string, Member> members_;  // of this epoch
    Tags tags_;
};

}  // namespace tutti::embedded
