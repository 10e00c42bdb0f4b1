// One direction of a connection: what is sent arrives after its delay, but never before what was
// sent earlier, unless it overtakes. `reset` loses everything that is under way.
//
// Thread-safety: every function may be called from any thread. Lifetime: the executor must outlive
// the last task; the lane itself is kept alive by what is under way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"

namespace tutti::testing {

class Lane : public std::enable_shared_from_this<Lane> {
public:
    enum class Order : unsigned char { in_turn, overtake };

    Lane(Executor& executor, const Clock& clock) : executor_(executor), clock_(clock) {}

    // Calls `arrive` at once when nothing delays it, otherwise as a task of the executor.
    void send(Duration delay, Order order, Task arrive) {
        {
            const detail::Lock lock(mutex_);
            const TimePoint now = clock_.now();
            TimePoint when = now + delay;
            const bool waits = order == Order::in_turn && pending_ > 0;
            if (waits) when = std::max(when, last_);
            if (waits || delay > Duration::zero()) return schedule(when, order, std::move(arrive));
        }
        arrive();
    }

    void reset() {
        const detail::Lock lock(mutex_);
        ++connection_;
        pending_ = 0;
    }

private:
    void schedule(TimePoint when, Order order, Task arrive) TUTTI_REQUIRES(mutex_) {
        const bool counts = order == Order::in_turn;
        if (counts) {
            last_ = when;
            ++pending_;
        }
        executor_.run_at(when, [self = shared_from_this(), connection = connection_, counts,
                                arrive = std::move(arrive)]() mutable {
            if (self->arrived(connection, counts)) arrive();
        });
    }

    bool arrived(std::uint64_t connection, bool counts) {
        const detail::Lock lock(mutex_);
        if (connection != connection_) return false;
        if (counts) --pending_;
        return true;
    }

    Executor& executor_;
    const Clock& clock_;
    detail::Mutex mutex_;
    // Arrival of the last in turn; meaningless when none is pending.
    TimePoint last_ TUTTI_GUARDED_BY(mutex_);
    std::uint64_t pending_ TUTTI_GUARDED_BY(mutex_) = 0;
    std::uint64_t connection_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::testing
