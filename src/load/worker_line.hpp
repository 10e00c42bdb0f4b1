// The loads of one cache that wait for a worker to run their blocking loader.
//
// The lane of the workers holds calls, not loads: whichever call runs first takes the load that
// waits longest. So a load that was abandoned leaves the line at once and runs no loader in vain,
// and the call that it leaves behind serves the next one, or ends.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/workers.hpp"
#include "load/flight.hpp"
#include "tutti/clock.hpp"
#include "tutti/executor.hpp"

namespace tutti {

class WorkerLine {
public:
    struct Waiting {
        std::shared_ptr<Flight> flight;
        TimePoint deadline;  // of the load
    };

    // At most `running_max` loaders run, also counting those whose load was abandoned.
    WorkerLine(Workers& workers, const std::string& cache, std::size_t running_max)
        : workers_(workers), lane_(workers.open_lane("loads of cache " + cache, running_max)) {}

    // `call` is a task that calls `next`. False: the workers take no more, and the load does not
    // wait.
    template <class Call>
    bool join(Waiting waiting, Call call) {
        if (called_ <= waiting_.size()) {
            if (!workers_.try_post(lane_, std::move(call))) return false;
            ++called_;
        }
        waiting.flight->await_worker();
        waiting_.push_back(std::move(waiting));
        return true;
    }

    // In the same lane, for loads that wait together. False: as `join`.
    bool try_post(Task call) { return workers_.try_post(lane_, std::move(call)); }

    // On a worker. Null: those that were called for have left.
    std::optional<Waiting> next(TimePoint now) {
        --called_;
        if (waiting_.empty()) return std::nullopt;
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        next.flight->worker_came(now);
        return next;
    }

    // Before it ends. Does nothing when it does not wait here.
    void leave(const Flight& flight) {
        if (flight.state() != Flight::State::awaiting_worker) return;
        const auto is_it = [&](const Waiting& one) { return one.flight.get() == &flight; };
        const auto found = std::ranges::find_if(waiting_, is_it);
        if (found != waiting_.end()) waiting_.erase(found);
    }

    // Those that wait, which do so no more. Before they end.
    std::list<Waiting> clear() { return std::exchange(waiting_, {}); }

private:
    Workers& workers_;
    const Workers::Lane lane_;
    std::list<Waiting> waiting_;  // the longest first
    std::size_t called_ = 0;      // calls that have not run yet
};

}  // namespace tutti
