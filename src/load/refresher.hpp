// The refresh that a cache owns: loads its keys again on schedule and says when that keeps failing.
//
// Instances of a fleet spread out by a jitter of a tenth of the period. With a store, the one that
// comes first loads; the others find a value that is younger than nine tenths of the period and
// take it. After a failure it tries again sooner: after a sixteenth of the period, twice that, and
// so on up to the period.
//
// Thread-safety: none; everything runs on the node's executor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "load/flight.hpp"
#include "tutti/executor.hpp"
#include "tutti/options.hpp"

namespace tutti {

class Refresher : public std::enable_shared_from_this<Refresher> {
public:
    using Entry = detail::RefreshSpec::Entry;
    using Load = std::function<void(const Entry&, Intent, Completion<detail::RawLookup> done)>;

    struct Options {
        detail::RefreshSpec spec;
        std::string cache;               // its name, for the log
        std::function<double()> random;  // from 0 to 1
    };

    Refresher(Options options, Load load, const Clock& clock, Executor& executor, Log log);

    void start();
    void stop();

private:
    struct Job {
        Entry entry;
        std::size_t failures = 0;  // in a row
        Backoff pauses;            // after them
        Executor::TimerId timer = Executor::TimerId::none;
    };

    void schedule(Job& job, Duration delay);
    void run(Job& job);
    void answered(Job& job, const Result<detail::RawLookup>& answer);
    void signal(const Job& job, const Error& error) const;
    void tell(const Job& job, const Error& error) const;

    const Options options_;
    const Load load_;
    const Clock& clock_;
    Executor& executor_;
    const Log log_;
    std::vector<Job> jobs_;  // never changes its size: references stay
    bool stopped_ = false;
};

}  // namespace tutti
