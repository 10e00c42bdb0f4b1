// A bounded pool of database sessions that mends itself: a session whose server has gone is opened
// again by whoever leases it next, and one that is used for longer than the deadline is cut off, so
// that a server that hangs holds no thread for ever.
//
// Thread-safety: `lease` from any thread; a Lease belongs to the thread that took it. Leases end
// before the pool does.
#pragma once

#include <soci/session.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <soci/connection-pool.h>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

class Sessions {
public:
    struct Options {
        std::size_t count = 4;
        std::function<void(soci::session&)> open;  // throws what SOCI throws
        Duration lease_patience = std::chrono::seconds{5};
        // Zero: never cut off; for a database in a file, which no network can hang.
        Duration use_max = Duration::zero();
    };

    class Lease {
    public:
        Lease(Sessions& pool, std::size_t position) : pool_(&pool), position_(position) {}
        ~Lease() {
            if (pool_ != nullptr) pool_->give_back(position_);
        }
        Lease(Lease&& other) noexcept
            : pool_(std::exchange(other.pool_, nullptr)), position_(other.position_) {}
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Lease& operator=(Lease&&) = delete;

        [[nodiscard]] soci::session& session() const { return pool_->pool_.at(position_); }

    private:
        Sessions* pool_;
        std::size_t position_;
    };

    explicit Sessions(Options options);
    ~Sessions();
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    // A session that was well a moment ago. Blocking: up to the patience, and a connect.
    // Errors: overloaded, when all are in use for that long. Throws what SOCI throws.
    [[nodiscard]] Result<Lease> lease();

private:
    void give_back(std::size_t position);
    void watch(const std::stop_token& stop);
    void cut_off_overdue(TimePoint now);

    const Options options_;
    soci::connection_pool pool_;
    std::mutex mutex_;  // guards due_
    std::condition_variable_any wake_;
    std::vector<std::optional<TimePoint>> due_;  // of the leased sessions, by position
    std::jthread watchdog_;                      // last: uses all of the above
};

}  // namespace tutti::services
