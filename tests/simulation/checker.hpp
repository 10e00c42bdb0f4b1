// What docs/coherence.md promises, written down as what a read may return. Knows nothing of how the
// library works: it is told what the source committed, what took effect at the server and which
// outcomes were reported, and judges what readers saw.
//
// All times are true times. The bounds have no slack: a publication that took effect at p binds a
// read that begins at p + T(1+rho), to the nanosecond.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "simulation/source.hpp"
#include "tutti/clock.hpp"

namespace tutti::simulation {

// What a read that begins now has to return at least.
struct Obligation {
    Version acknowledged = 0;  // A1: some `invalidate` has returned `done`
    Version own = 0;           // `invalidate` was called on this very cache
    Version bounded = 0;       // A2: published longer ago than the lease bound
    Version aged = 0;          // published longer ago than a suspect answer may be old
    Version lived = 0;         // committed longer ago than what is cached lives
};

struct Violation {
    TimePoint at;
    std::string promise;
    std::string what;
    std::size_t row;
};

class Checker {
public:
    explicit Checker(const Source& source, std::size_t rows)
        : source_(source), executed_(rows), done_(rows, 0), offers_(rows) {}

    // A publication that covers `row` took effect at the server: whatever the source has committed
    // by now is covered.
    void executed(TimePoint at, std::size_t row) {
        executed_[row].emplace_back(at, source_.read(row));
    }
    void done(std::size_t row, Version version) { done_[row] = std::max(done_[row], version); }
    // `version` of `row` is offered to the store, until the `offer_ended` of what this returns. A
    // publication that takes effect in between may come before the offer (S13).
    std::size_t offered(std::size_t row, Version version);
    void offer_ended(std::size_t row, std::size_t offer, TimePoint at) {
        offers_[row][offer].ended = at;
    }
    // The server was set back without anybody being told: of what it forgot nothing is promised.
    void forget_since(TimePoint moment);

    [[nodiscard]] Obligation obligation(std::size_t row, TimePoint begins, Duration lease_bound,
                                        Duration suspect_bound, Version own) const;
    [[nodiscard]] bool executed_since(std::size_t row, TimePoint moment) const;
    [[nodiscard]] Version covered(std::size_t row) const {
        return version_before(row, TimePoint::max());
    }

    enum class Answer : unsigned char { fresh, suspect };
    // Whether `seen` will do where `least` is owed.
    [[nodiscard]] bool allows(std::size_t row, Version least, Version seen) const;
    // Whether memory may have differed from what the source had at `loaded` without anything amiss:
    // not all of that was published by `heard`, up to which this memory has heard of everything.
    [[nodiscard]] bool may_differ(std::size_t row, TimePoint loaded, TimePoint heard) const;
    // `seen` was answered to a read that began under `owed`.
    void judge(TimePoint now, std::size_t row, const Obligation& owed, Version seen, Answer answer);

    void report(TimePoint at, std::string promise, std::string what, std::size_t row);
    [[nodiscard]] const std::vector<Violation>& violations() const noexcept { return violations_; }

private:
    struct Offer {
        Version version;
        TimePoint ended = TimePoint::max();
    };

    [[nodiscard]] Version version_before(std::size_t row, TimePoint moment) const;

    const Source& source_;
    std::vector<std::vector<std::pair<TimePoint, Version>>> executed_;  // by row, in order
    std::vector<Version> done_;
    std::vector<std::vector<Offer>> offers_;  // by row
    std::vector<Violation> violations_;
};

}  // namespace tutti::simulation
