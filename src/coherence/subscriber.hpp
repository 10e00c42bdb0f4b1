// One node's reading side of one channel, without I/O and without a clock: it is told what arrived
// and when, and says what to do through `Effects`. docs/coherence.md holds the rules that are named
// here.
//
// Mechanism. Truth is the log: `applied_` is the position up to which every cache of this channel
// has applied it. Pushes are a hint that saves time; each renewal (RENEW) also tells where the log
// is, and whatever is missing is replayed from it. A renewal's lease becomes effective only when
// everything up to the position in its reply is applied, in the same epoch, with the same chain
// (R1). What cannot be linked to our history ends it: `rejoin` forgets the position, and the next
// reply is adopted after a flush (R5).
//
// Of an entry that this node publishes, the answer to PUB tells before its push may have come, and
// the caller goes on with that answer. So it is applied then, ahead of its turn, and in its turn
// only the position moves (R4a): what has been loaded in between stays.
//
// Invariants. `applied_` advances only after Effects::apply returned, and the lease only after that
// (R2). At most one renewal and one replay are outstanding. `early_` holds entries ahead of
// `applied_`.
//
// Thread-safety: none; everything runs on the node's executor. Only `lease` is shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/lease.hpp"
#include "coherence/history.hpp"
#include "tutti/bus.hpp"

namespace tutti {

class Subscriber {
public:
    // What the subscriber makes happen. Answers come back through the function of the same name
    // with
    // `_answered`, carrying the ticket; they must not come before the call returned.
    using Ticket = std::uint64_t;

    class Effects {
    public:
        virtual ~Effects() = default;
        virtual void renew(Ticket ticket, const BusPosition& applied) = 0;
        virtual void replay(Ticket ticket, Sequence first, Sequence last) = 0;
        virtual void probe(Ticket ticket) = 0;
        // Remove from every cache of the channel, and poison; done when it returns (R3).
        virtual void apply(const KeySet& changed) = 0;
        virtual void flush() = 0;
        // Call `tick` at that time; replaces the time asked for before.
        virtual void wake_at(TimePoint when) = 0;
    };

    struct Options {
        Duration lease{};
        bool foreign_publishers = false;  // see `hear_foreign`
    };

    Subscriber(Options options, Effects& effects, Lease& lease)
        : options_(options), effects_(effects), lease_(lease) {}

    // Plain events are applied too. They cannot be replayed: a flush after every interruption, and
    // a lease counts only when the subscription connection has answered a probe (R1).
    // Requires: not yet subscribed.
    void hear_foreign() noexcept { options_.foreign_publishers = true; }
    [[nodiscard]] bool hears_foreign() const noexcept { return options_.foreign_publishers; }

    void subscribed(TimePoint now);
    void disconnected();
    void entry(BusEntry entry, TimePoint now);
    void undecodable(TimePoint now);
    // An entry of this node's own, as the answer to PUB tells it.
    void published(const BusPosition& position, const KeySet& changed);
    void renew_answered(Ticket ticket, const Result<Renewed>& answer, TimePoint now);
    void replay_answered(Ticket ticket, Result<std::vector<BusEntry>> answer, TimePoint now);
    void probe_answered(Ticket ticket, const Result<void>& answer, TimePoint now);
    void tick(TimePoint now);

    // Reads wait for a renewal that is sent from now on (R10): sends it, unless one is under way or
    // waits for what it has to apply. Another one then would put off the end of that wait; so the
    // caller asks again after whatever happens.
    void renew_now(TimePoint now);
    // No renewal that was sent by now has a higher one.
    [[nodiscard]] Ticket newest() const noexcept { return last_ticket_; }
    // The newest renewal whose lease came into force.
    [[nodiscard]] Ticket in_force() const noexcept { return in_force_; }

    // For metrics and tests.
    [[nodiscard]] const BusPosition& applied() const noexcept { return applied_; }
    // The last known end of the log minus what is applied.
    [[nodiscard]] Sequence lag() const noexcept;
    [[nodiscard]] bool connected() const noexcept { return connected_; }
    // Empty when the last renewal succeeded.
    [[nodiscard]] const std::string& last_failure() const noexcept { return last_failure_; }

private:
    struct Renewal {  // sent, not answered
        Ticket ticket;
        TimePoint sent;
        BusPosition carried;
    };
    struct Grant {  // answered, waits until everything up to `target` is applied
        Ticket ticket;
        TimePoint since;
        BusPosition target;
    };
    struct Replay {  // asked for, not answered
        Ticket ticket;
        Sequence first;
    };

    void send_renewal(TimePoint now);
    void adopt(const Grant& grant, TimePoint now);
    void take_grant(const Grant& grant, TimePoint now);
    void proof_failed(TimePoint now);
    void offer(BusEntry entry, TimePoint now);
    void apply_next(const BusEntry& entry);
    [[nodiscard]] bool is_ahead(const BusPosition& position) const;
    void check_duplicate(const BusPosition& position, TimePoint now);
    void drain_early(TimePoint now);
    void close_gap();
    void try_grant(TimePoint now);
    void rejoin(TimePoint now);
    [[nodiscard]] Sequence known_end() const noexcept;

    Options options_;  // fixed once subscribed
    Effects& effects_;
    Lease& lease_;

    BusPosition applied_;  // epoch none: no position, the next reply is adopted
    History history_;
    std::map<Sequence, BusEntry> early_;
    std::map<Sequence, Chain> ahead_;  // of our epoch, beyond `applied_`, but applied already
    std::optional<Renewal> renewal_;
    std::optional<Grant> grant_;
    std::optional<Replay> replay_;
    Ticket last_ticket_ = 0;
    Ticket in_force_ = 0;
    Ticket probed_ = 0;  // the newest renewal whose probe was answered
    TimePoint next_renewal_;
    bool joined_ = false;  // subscribed once: renewals run
    bool connected_ = false;
    std::string last_failure_ = "not yet connected";
};

}  // namespace tutti
