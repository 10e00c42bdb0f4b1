#include "common/jobs/held_leases.hpp"

#include <algorithm>

namespace tutti::services::jobs {

void HeldLeases::add(const Lease& lease, TimePoint asked_at) {
    held_.insert_or_assign(lease.token, Held{.lease = lease,
                                             .ends = saturating_add(asked_at, length_),
                                             .renew_at = saturating_add(asked_at, length_ / 3)});
}

void HeldLeases::remove(const Lease& lease) { held_.erase(lease.token); }

std::vector<Lease> HeldLeases::take_due(TimePoint now) {
    std::vector<Lease> due;
    for (auto& [token, held] : held_) {
        if (held.renew_at > now) continue;
        held.renew_at = saturating_add(now, length_ / 6);
        due.push_back(held.lease);
    }
    return due;
}

void HeldLeases::renewed(const Lease& lease, TimePoint asked_at) {
    if (held_.contains(lease.token)) add(lease, asked_at);
}

std::vector<Lease> HeldLeases::take_lapsed(TimePoint now) {
    std::vector<Lease> lapsed;
    for (auto held = held_.begin(); held != held_.end();) {
        const bool has_lapsed = held->second.ends <= now;
        if (has_lapsed) lapsed.push_back(held->second.lease);
        held = has_lapsed ? held_.erase(held) : std::next(held);
    }
    return lapsed;
}

TimePoint HeldLeases::next() const {
    TimePoint next = TimePoint::max();
    for (const auto& [token, held] : held_) next = std::min({next, held.ends, held.renew_at});
    return next;
}

}  // namespace tutti::services::jobs
