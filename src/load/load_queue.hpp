// Which load of a cache begins next. At most `running_max` run at a time; the others wait in a
// queue with a bound, and only as long as a reader waits for them: a load that has not begun leaves
// the queue with its last reader.
//
// Order. The oldest load is first, unless its readers have waited for half of their patience
// already: then the newest is. A burst that the source can serve in time is so served in the order
// of its arrival. When more arrives than the source can serve, some readers get nothing whatever
// the order is; oldest first would spend the source on those who are about to leave, newest first
// on those who have just come.
//
// Thread-safety: none; CacheCore guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <utility>

#include "load/flight.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class LoadQueue {
public:
    using FlightPointer = std::shared_ptr<Flight>;

    struct Options {
        std::size_t running_max = 1;  // at least 1
        std::size_t waiting_max = 0;  // beside those that may begin now
    };

    explicit LoadQueue(Options options) : options_(options) {}

    // Whether a further load would have to wait and has no place.
    [[nodiscard]] bool full() const noexcept {
        const std::size_t free = options_.running_max - std::min(options_.running_max, running_);
        return waiting_.size() >= free && waiting_.size() - free >= options_.waiting_max;
    }

    // Also when it is full: loads of a key that ran twice have had their place all the time.
    void push(FlightPointer flight) {
        Flight& pushed = *flight;
        pushed.queue_position = waiting_.insert(waiting_.end(), std::move(flight));
    }

    // The next load, which runs from now on and until `ended`; null: none may begin.
    FlightPointer take(TimePoint now) {
        if (waiting_.empty() || running_ >= options_.running_max) return nullptr;
        const auto next =
            late(*waiting_.front(), now) ? std::prev(waiting_.end()) : waiting_.begin();
        FlightPointer taken = std::move(*next);
        erase(*taken, next);
        ++running_;
        return taken;
    }
    void ended() noexcept { --running_; }

    // It is not to begin. Does nothing when it does not wait.
    void leave(Flight& flight) {
        if (flight.queue_position) erase(flight, *flight.queue_position);
    }

    // Those that wait, which do so no more.
    std::list<FlightPointer> clear() {
        for (const FlightPointer& flight : waiting_) flight->queue_position.reset();
        return std::exchange(waiting_, {});
    }

    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    static bool late(const Flight& flight, TimePoint now) {
        return now - flight.asked > (flight.wanted_until - flight.asked) / 2;
    }
    void erase(Flight& flight, Flight::QueuePosition position) {
        waiting_.erase(position);
        flight.queue_position.reset();
    }

    const Options options_;
    std::list<FlightPointer> waiting_;  // in the order of their arrival
    std::size_t running_ = 0;
};

}  // namespace tutti
