#include "coherence/subscriber.hpp"

#include <algorithm>
#include <utility>

namespace tutti {

namespace {

constexpr std::size_t early_max = 1024;  // beyond it the log is read instead
constexpr std::size_t ahead_max = 1024;  // beyond it an entry of ours is applied by its push alone
constexpr Sequence replay_batch = 1000;
constexpr int renewals_per_lease = 3;
constexpr int retries_per_lease = 30;

}  // namespace

void Subscriber::subscribed(TimePoint now) {
    const bool interrupted = joined_;
    joined_ = true;
    connected_ = true;
    // Only now: what is published from here on arrives, what was published before is gone.
    if (options_.foreign_publishers && interrupted) {
        effects_.flush();
    }
    if (!renewal_) return send_renewal(now);
    // The server may have taken it before it took the subscription, and what was published in
    // between was neither pushed to us nor will that renewal show it.
    next_renewal_ = now;
}

void Subscriber::disconnected() {
    connected_ = false;
    last_failure_ = "the subscription connection is down";
}

void Subscriber::tick(TimePoint now) {
    if (!joined_ || renewal_) return;  // the answer asks for the next tick
    if (now >= next_renewal_) return send_renewal(now);
    effects_.wake_at(next_renewal_);
}

void Subscriber::send_renewal(TimePoint now) {
    renewal_ = Renewal{.ticket = ++last_ticket_, .sent = now, .carried = applied_};
    next_renewal_ = now + options_.lease / renewals_per_lease;
    if (options_.foreign_publishers) effects_.probe(last_ticket_);
    effects_.renew(last_ticket_, applied_);
}

void Subscriber::renew_answered(Ticket ticket, const Result<Renewed>& answer, TimePoint now) {
    if (!renewal_ || renewal_->ticket != ticket) return;
    const Renewal renewal = *std::exchange(renewal_, std::nullopt);
    if (!answer) {
        last_failure_ = answer.error().message();
        next_renewal_ = std::min(next_renewal_, now + options_.lease / retries_per_lease);
        effects_.wake_at(next_renewal_);
        return;
    }
    effects_.wake_at(next_renewal_);
    if (connected_) last_failure_.clear();
    const Grant grant{.ticket = ticket, .since = renewal.sent, .target = answer->position};
    const bool other_epoch = grant.target.epoch != applied_.epoch;
    const bool rewound = !other_epoch && grant.target.sequence < renewal.carried.sequence &&
                         renewal.carried.epoch == grant.target.epoch;
    if (other_epoch || rewound) {
        adopt(grant, now);
    } else {
        take_grant(grant, now);
    }
}

// A history that is not ours becomes ours: nothing of the old one may be served (R5). The flush
// comes after the reply: a load between an earlier flush and the reply would count as new.
void Subscriber::adopt(const Grant& grant, TimePoint now) {
    effects_.flush();
    applied_ = grant.target;
    history_.forget_all();
    ahead_.clear();
    history_.remember(applied_.sequence, applied_.chain);
    replay_.reset();
    take_grant(grant, now);
    drain_early(now);
}

void Subscriber::take_grant(const Grant& grant, TimePoint now) {
    grant_ = grant;
    // Late pushes of an epoch that is over would stay for ever.
    std::erase_if(early_,
                  [&](const auto& ahead) { return ahead.second.position.epoch != applied_.epoch; });
    try_grant(now);
    close_gap();
}

void Subscriber::try_grant(TimePoint now) {
    if (!grant_) return;
    const Grant grant = *grant_;
    if (grant.target.sequence > applied_.sequence) return;
    const auto chain = history_.chain_at(grant.target.sequence);
    if (!chain) {
        grant_.reset();  // forgotten, so perhaps of another history: no lease, and no flush
        return;
    }
    if (*chain != grant.target.chain) return rejoin(now);
    if (options_.foreign_publishers && probed_ < grant.ticket) return;
    grant_.reset();
    in_force_ = grant.ticket;
    lease_.extend(grant.since, grant.since + options_.lease);
}

void Subscriber::renew_now(TimePoint now) {
    if (joined_ && !renewal_ && !grant_) send_renewal(now);
}

// The grant cannot come into force, so the next renewal comes soon, as after one that has failed.
void Subscriber::proof_failed(TimePoint now) {
    grant_.reset();
    next_renewal_ = std::min(next_renewal_, now + options_.lease / retries_per_lease);
    effects_.wake_at(next_renewal_);
}

void Subscriber::probe_answered(Ticket ticket, const Result<void>& answer, TimePoint now) {
    if (!answer) {
        if (grant_ && probed_ < grant_->ticket) proof_failed(now);
        return;
    }
    probed_ = std::max(probed_, ticket);
    try_grant(now);
}

void Subscriber::entry(BusEntry entry, TimePoint now) {
    offer(std::move(entry), now);
    try_grant(now);
    close_gap();
}

void Subscriber::offer(BusEntry entry, TimePoint now) {
    const Sequence sequence = entry.position.sequence;
    const bool foreign_epoch = entry.position.epoch != applied_.epoch;
    if (!foreign_epoch && sequence <= applied_.sequence)
        return check_duplicate(entry.position, now);
    const bool next = !foreign_epoch && sequence == applied_.sequence + 1;
    if (!next) {
        if (early_.size() < early_max) early_.insert_or_assign(sequence, std::move(entry));
        // Only a renewal changes the epoch (R5).
        if (foreign_epoch && joined_ && !renewal_) send_renewal(now);
        return;
    }
    if (entry.previous != applied_.chain) return rejoin(now);
    apply_next(entry);
    drain_early(now);
}

void Subscriber::apply_next(const BusEntry& entry) {
    if (!is_ahead(entry.position)) effects_.apply(entry.changed);
    applied_ = entry.position;
    history_.remember(applied_.sequence, applied_.chain);
    ahead_.erase(ahead_.begin(), ahead_.upper_bound(applied_.sequence));
}

// A removal is never wrong, so it needs no turn; the position does, because of what lies before
// (R4a). What is of another epoch goes when that is adopted.
void Subscriber::published(const BusPosition& position, const KeySet& changed) {
    const bool comes_again =
        position.epoch == applied_.epoch && position.sequence > applied_.sequence;
    if (!comes_again || ahead_.size() >= ahead_max) return;
    effects_.apply(changed);
    ahead_.insert_or_assign(position.sequence, position.chain);
}

bool Subscriber::is_ahead(const BusPosition& position) const {
    const auto place = ahead_.find(position.sequence);
    return place != ahead_.end() && place->second == position.chain;
}

void Subscriber::check_duplicate(const BusPosition& position, TimePoint now) {
    const auto chain = history_.chain_at(position.sequence);
    if (chain && *chain != position.chain) rejoin(now);
}

// Applies what had arrived too early and is next now.
void Subscriber::drain_early(TimePoint now) {
    while (!early_.empty() && early_.begin()->first <= applied_.sequence + 1) {
        const BusEntry entry = std::move(early_.extract(early_.begin()).mapped());
        if (entry.position.epoch != applied_.epoch) continue;  // its own epoch's log has it
        if (entry.position.sequence <= applied_.sequence) {
            check_duplicate(entry.position, now);
        } else if (entry.previous != applied_.chain) {
            return rejoin(now);
        } else {
            apply_next(entry);
        }
    }
}

// Reads from the log what lies between what is applied and what is known to exist.
void Subscriber::close_gap() {
    if (replay_ || applied_.epoch == Epoch::none || known_end() <= applied_.sequence) return;
    replay_ = Replay{.ticket = ++last_ticket_, .first = applied_.sequence + 1};
    const Sequence last = std::min(known_end(), applied_.sequence + replay_batch);
    effects_.replay(replay_->ticket, replay_->first, last);
}

Sequence Subscriber::known_end() const noexcept {
    Sequence end = applied_.sequence;
    if (grant_) end = std::max(end, grant_->target.sequence);
    // An early entry of our epoch arrives complete; only what lies before it is missing.
    for (const auto& [sequence, entry] : early_) {
        if (entry.position.epoch == applied_.epoch) return std::max(end, sequence - 1);
    }
    return end;
}

void Subscriber::replay_answered(Ticket ticket, Result<std::vector<BusEntry>> answer,
                                 TimePoint now) {
    if (!replay_ || replay_->ticket != ticket) return;
    const Sequence first = std::exchange(replay_, std::nullopt)->first;
    // Not now reachable: the next renewal asks again. Undecodable: that part of the log is lost.
    if (!answer && answer.error().code != Errc::protocol) return proof_failed(now);
    const Epoch epoch = applied_.epoch;
    if (answer) {
        for (BusEntry& entry : *answer) {
            if (applied_.epoch != epoch) return;  // an entry has made us rejoin
            entry.position.epoch = epoch;         // the log has no other
            if (entry.position.sequence > applied_.sequence) offer(std::move(entry), now);
        }
    }
    if (applied_.epoch != epoch) return;
    // Late pushes may have brought meanwhile what was asked for; a gap that is left is another one.
    const bool lost = applied_.sequence < first;
    if (lost && known_end() > applied_.sequence) return rejoin(now);
    try_grant(now);
    if (!lost) close_gap();
}

// Whatever it was, nothing of it can be trusted: take the position of the next reply (R5, R8).
void Subscriber::rejoin(TimePoint now) {
    applied_ = {};
    history_.forget_all();
    grant_.reset();
    replay_.reset();
    if (joined_ && !renewal_) send_renewal(now);
}

void Subscriber::undecodable(TimePoint now) { rejoin(now); }

Sequence Subscriber::lag() const noexcept {
    Sequence end = known_end();
    for (const auto& [sequence, entry] : early_) {
        if (entry.position.epoch == applied_.epoch) end = std::max(end, sequence);
    }
    return end - std::min(end, applied_.sequence);
}

}  // namespace tutti
