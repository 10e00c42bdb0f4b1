// A load in progress and the readers who wait for it. All fields are guarded by the mutex of the
// FlightTable that made it, but for a waiter's completion, which is taken exactly once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tutti/detail/cache.hpp"
#include "tutti/executor.hpp"

namespace tutti {

// One reader. Whoever takes the completion first answers it: the flight, the reader's deadline, or
// the end of the node.
class Waiter {
public:
    Waiter(Completion<detail::RawLookup> done, std::string degraded)
        : done_(std::move(done)), degraded_(std::move(degraded)) {}

    // True for exactly one caller, who has then answered.
    bool answer(Result<detail::RawLookup> answer) {
        if (answered_.exchange(true, std::memory_order_acq_rel)) return false;
        if (answer) answer->degraded = degraded_;
        std::exchange(done_, nullptr)(std::move(answer));
        return true;
    }

    Executor::TimerId timer = Executor::TimerId::none;  // written before the waiter is shared

private:
    std::atomic<bool> answered_ = false;  // pairs with itself: one exchange wins
    Completion<detail::RawLookup> done_;
    std::string degraded_;
};

struct Flight {
    std::string text;
    std::shared_ptr<const void> key;
    std::vector<std::shared_ptr<Waiter>> waiters;
    std::uint64_t generation = 0;  // of the cache, when the flight began to read
    TimePoint began;
    Executor::TimerId timer = Executor::TimerId::none;
    bool reading = false;   // has begun to read; before that anybody may join
    bool poisoned = false;  // invalidated since it began: its value is stored nowhere
    bool landed = false;    // answered or abandoned: a later result is dropped
};

}  // namespace tutti
