// Which load of a cache begins next. At most `running_max` run at a time; the others wait in a
// queue with a bound, and only as long as a reader waits for them: a load that has not begun leaves
// the queue with its last reader.
//
// Order. The oldest load is first, unless its readers have waited for half of their deadline
// already: then the newest is. A burst that the source can serve in time is so served in the order
// of its arrival. When more arrives than the source can serve, some readers get nothing whatever
// the order is; oldest first would spend the source on those who are about to leave, newest first
// on those who have just come.
//
// The loads of a batch have one turn together, because the source is asked for them in one call: it
// begins with the first of them and ends with the last.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <boost/intrusive/list.hpp>

#include "load/batch.hpp"
#include "load/flight.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class LoadQueue {
public:
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
    // Borrowed until it is taken or leaves.
    void push(Flight& flight) {
        if (flight.batch) ++flight.batch->flights;
        (has_turn(flight) ? along_ : waiting_).push_back(flight);
    }

    // The next load, which runs from now on and until `ended`; null: none may begin.
    Flight* take(TimePoint now) {
        if (!along_.empty()) return take_along();
        if (waiting_.empty() || running_ >= options_.running_max) return nullptr;
        Flight& taken = late(waiting_.front(), now) ? waiting_.back() : waiting_.front();
        unlink(taken);
        ++running_;
        if (taken.batch) give_turn(*taken.batch);
        return &taken;
    }
    void ended(const Flight& flight) noexcept {
        if (flight.batch) return ended(*flight.batch);
        --running_;
    }

    // It is not to begin. Does nothing when it does not wait.
    void leave(Flight& flight) noexcept {
        if (!flight.is_linked()) return;
        unlink(flight);
        if (flight.batch) ended(*flight.batch);
    }

    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size() + along_.size(); }

private:
    static bool late(const Flight& flight, TimePoint now) {
        return now - flight.asked > (flight.wanted_until - flight.asked) / 2;
    }

    static bool has_turn(const Flight& flight) { return flight.batch && flight.batch->has_turn; }
    void give_turn(Batch& batch) {
        batch.has_turn = true;
        for (auto next = waiting_.begin(); next != waiting_.end();) {
            Flight& flight = *next++;
            if (flight.batch.get() != &batch) continue;
            waiting_.erase(waiting_.iterator_to(flight));
            along_.push_back(flight);
        }
    }
    Flight* take_along() {
        Flight& taken = along_.front();
        along_.pop_front();
        return &taken;
    }
    // One of its loads.
    void ended(Batch& batch) noexcept {
        if (--batch.flights == 0 && std::exchange(batch.has_turn, false)) --running_;
    }
    void unlink(Flight& flight) noexcept {
        auto& list = has_turn(flight) ? along_ : waiting_;
        list.erase(list.iterator_to(flight));
    }

    const Options options_;
    boost::intrusive::list<Flight> waiting_;  // in the order of their arrival
    boost::intrusive::list<Flight> along_;    // of batches that have their turn
    std::size_t running_ = 0;
};

}  // namespace tutti
