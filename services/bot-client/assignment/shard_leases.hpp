// Which shards this instance runs, decided without I/O and without a clock: it says what to ask of
// the register that all instances share, and is told what the register has answered and when.
//
// Mechanism. A shard is leased: its record names its member, which writes it anew in every step.
// A lease counts here from before the step that was answered. Another instance takes the shard when
// it has seen the same record for longer than a lease, by its own clock, so neither a clock of the
// server nor of another machine decides anything. Two things may be taken at once: what was given
// back, and what is one's own; but only if the server process that answers has written it itself,
// because one that was restarted, or a replica that took over, may show what was true before. For
// the same reason what was seen on one process is not taken for seen on another, nor across the
// moment at which the register was emptied.
//
//     given back / seen unchanged / own --> held --(renewed each step)--> held
//                     ^                      |  \-- lapsed, taken by another one: gone
//                     +--- given back <-- returning (surplus, or the instance leaves)
//
// Invariants. Between `held()[shard].until` of one instance and the first time that another one may
// have that shard lie `margin` at least, as long as clocks run equally fast to a tenth. Nothing is
// written unless what stands there is what this instance has read, or its own.
//
// Shares. With n shards and m members that live, each runs n/m, rounded down or up. A member with
// more than its share gives the surplus back, with its session, to members that have been there for
// a lease; a new one takes what is free at once. What stays free is taken beyond one's share: the
// member for which it was may have died.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bot-client/assignment/shard_record.hpp"
#include "bot-client/assignment/shard_register.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::bot::assignment {

class ShardLeases {
public:
    struct Options {
        std::string member;       // a word that no other process has or had
        std::uint32_t count = 1;  // of shards, unless the fleet runs with another number
        OptionDuration lease = std::chrono::seconds(10);
        OptionDuration session_good_for = std::chrono::minutes(3);  // to be resumed
    };
    // One time that this instance has a shard.
    struct Tenure {
        std::uint64_t number = 0;               // no other one has it
        TimePoint until{};                      // from then on nothing may be sent
        std::optional<SavedSession> session{};  // where it goes on; as it was at first
        bool returning = false;                 // is to be stopped and then `returned`
    };
    // Of shards that run; nothing: there is none to resume. One that is left out is as it was.
    using Sessions = std::map<std::uint32_t, std::optional<SavedSession>>;

    struct Figures {
        std::uint64_t taken = 0;     // tenures, those with a session to resume included
        std::uint64_t resumed = 0;   // of these
        std::uint64_t returned = 0;  // given back
        std::uint64_t lapsed = 0;    // not renewed in time
        std::uint64_t lost = 0;      // found in the hands of another member
        std::size_t members = 0;     // that live, this one included
    };

    explicit ShardLeases(Options options);

    // The next step. `sessions`: of the shards that run. What was asked before is over.
    [[nodiscard]] Exchange next(const Sessions& sessions, TimePoint now);
    // Its answer.
    void answered(const Register& found, TimePoint now);

    // A returning shard has stopped.
    void returned(std::uint32_t shard, std::optional<SavedSession> session);
    // Everything is to be returned, and nothing is taken from now on.
    void leave();
    // After `leave`: nothing is here any more, and the register knows it.
    [[nodiscard]] bool has_left() const { return leaving_ && held_.empty() && returned_.empty(); }

    // By shard. Not those whose lease has lapsed.
    [[nodiscard]] const std::map<std::uint32_t, Tenure>& held(TimePoint now);
    // Of shards, of the whole fleet; zero: not known yet.
    [[nodiscard]] std::uint32_t count() const { return count_; }
    // Now by the server's clock, as of the last answer.
    [[nodiscard]] process::UnixTime server_time(TimePoint now) const;
    [[nodiscard]] const Figures& figures() const { return figures_; }

    // How long a record must not have changed until another one takes the shard.
    [[nodiscard]] static Duration unchanged_for(Duration lease);
    // Between the end of a lease and that, for an instance to fall silent.
    static constexpr Duration margin = std::chrono::milliseconds(500);
    // How long what is free is left to a member that has less than its share.
    [[nodiscard]] static Duration patience(Duration lease) { return lease / 5; }

private:
    // The text of a record, and since when it is seen. Empty: there is none.
    struct Seen {
        std::string text;
        TimePoint since;
    };
    struct Member {
        std::string beat;
        TimePoint known_since;
        TimePoint changed_at;
    };
    using Counts = std::map<std::string, std::size_t>;

    void forget_views();
    void follow_count(std::uint32_t count);
    void see_records(const Register& found, TimePoint now);
    void see_members(const Register& found, TimePoint now);
    void settle(std::uint32_t shard, TimePoint now);
    void take(std::uint32_t shard, const ShardRecord& record);
    void expire(TimePoint now);
    void return_surplus(TimePoint now);
    [[nodiscard]] Counts living(TimePoint now) const;
    // Since when it may be taken; TimePoint::max() when it may not.
    [[nodiscard]] TimePoint free_since(std::uint32_t shard) const;
    [[nodiscard]] std::optional<ShardRecord> record_of(std::uint32_t shard) const;
    [[nodiscard]] std::string expected_of(std::uint32_t shard) const;
    // How many shards each member has, of those that are known for so long and were heard of within
    // `heard_within`.
    [[nodiscard]] Counts counts(TimePoint now, Duration known_for, Duration heard_within) const;
    [[nodiscard]] std::size_t own_share(const Counts& counts) const;
    [[nodiscard]] bool may_recount(TimePoint now) const;
    [[nodiscard]] std::optional<SavedSession> fresh(std::optional<SavedSession> session) const;
    void add_forgotten(Exchange& to, TimePoint now) const;
    void add_recount(Exchange& to) const;
    void add_renewals(Exchange& to, const Sessions& sessions) const;
    void add_claims(Exchange& to, TimePoint now);
    void write(Exchange& to, std::uint32_t shard, bool given_back,
               const std::optional<SavedSession>& session) const;

    const Options options_;
    bool leaving_ = false;
    std::uint64_t turn_ = 0;  // of the step that was asked last
    TimePoint asked_at_{};
    std::uint64_t tenures_ = 0;

    std::string server_;       // empty: none has answered yet
    std::uint32_t count_ = 0;  // in force
    process::UnixTime server_now_{};
    TimePoint server_seen_at_{};
    std::map<std::uint32_t, Seen> seen_;  // all shards, once the server has answered
    std::map<std::string, Member> members_;

    std::map<std::uint32_t, Tenure> held_;
    std::map<std::uint32_t, std::optional<SavedSession>> returned_;  // the register is to know it
    std::map<std::uint32_t, std::optional<SavedSession>> claimed_;   // in the last step
    Figures figures_;
};

}  // namespace tutti::services::bot::assignment
