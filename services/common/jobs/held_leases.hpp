// The leases that a worker holds, as decisions: when each is to be renewed, and when it must be
// taken for lost. A third of its length after it began a lease is renewed; asked again after a
// sixth when no answer came. It counts from before the question, so it ends here no later than at
// the source.
//
// Pure: no I/O, no clock of its own. Thread-safety: none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/jobs/job_source.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::jobs {

class HeldLeases {
public:
    explicit HeldLeases(Duration length) : length_(length) {}

    // `asked_at`: from before the claim.
    void add(const Lease& lease, TimePoint asked_at);
    void remove(const Lease& lease);

    // Those to be renewed now; each is due again later.
    [[nodiscard]] std::vector<Lease> take_due(TimePoint now);
    // The source renewed it.
    void renewed(const Lease& lease, TimePoint asked_at);
    // Those that must have lapsed. They are held no more.
    [[nodiscard]] std::vector<Lease> take_lapsed(TimePoint now);

    // When one of both has something to give; TimePoint::max() when nothing is held.
    [[nodiscard]] TimePoint next() const;

private:
    struct Held {
        Lease lease;
        TimePoint ends;
        TimePoint renew_at;
    };

    const Duration length_;
    std::map<std::string, Held> held_;  // by token
};

}  // namespace tutti::services::jobs
