// The thread of `tutti probe` that reads Redis: the log as it grows, and the members. A server that
// hangs holds up no question to an instance.
//
// Thread-safety: `take` by one thread.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/redis/inspect.hpp"

namespace tutti::cli {

class Watch {
public:
    struct Members {
        TimePoint asked;  // for them
        std::vector<std::string> names;
    };
    struct Look {
        TimePoint began;
        TimePoint ended;
        // Asked for before the log: where that is of an epoch, they are members in it, or before.
        // Nothing: not in this look.
        std::optional<Members> members;
        Result<redis::LogPart> part;
    };

    // pause: between two looks.
    Watch(redis::LogFollower follower, Duration pause, const World& world);
    // Blocking: until the look that is under way has ended, at most the follower's timeout.
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Since the call before, in order.
    [[nodiscard]] std::vector<Look> take();

private:
    void work();
    [[nodiscard]] Look look();

    const Duration pause_;
    const World& world_;
    std::atomic<bool> ending_ = false;
    detail::Mutex mutex_;
    std::vector<Look> looks_ TUTTI_GUARDED_BY(mutex_);
    // The thread's own.
    redis::LogFollower follower_;
    TimePoint members_due_;
    std::thread thread_;
};

}  // namespace tutti::cli
