// A bounded pool of database sessions that mends itself: the next lease of a session whose server
// has gone opens it again, and one that is used for longer than the deadline is cut off, so that a
// server that hangs holds no thread for ever. What reads and what writes goes through here: writers
// wait for their turn before they lease a session, so that they leave sessions to readers.
//
//     sessions.write("forget key", [&](soci::session& sql, Transaction& transaction) {
//         execute(sql, "DELETE ...", {id});
//         transaction.commit();
//     });
//
// What a transaction has changed is published before `write` returns (`Options::changed`): the
// caches of this process have forgotten it, and no caller has to think of that.
//
// Thread-safety: `read`, `write` and `lease` from any thread; a Lease belongs to the thread that
// took it. Leases end before the pool does. Includes SOCI.
#pragma once

#include <soci/session.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <soci/connection-pool.h>

#include "api-gateway/database/sql_errors.hpp"
#include "api-gateway/database/transaction.hpp"
#include "common/net/slots.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway::database {

class Sessions {
public:
    struct Options {
        std::size_t count = 4;
        std::size_t writers_max = 4;               // at a time
        std::function<void(soci::session&)> open;  // throws what SOCI throws
        Duration lease_deadline = std::chrono::seconds{5};
        // Zero: never cut off; for a database in a file, which no network can hang.
        Duration use_max = Duration::zero();
        outbox::Table outbox;
        // Publishes what was committed. May block; called without a lease.
        std::function<void(const std::vector<outbox::Row>&)> changed = nullptr;
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

    // A session that was well a moment ago. Blocking: up to the time to wait for one, and a
    // connect. Errors: overloaded, when all are in use for that long. Throws what SOCI throws.
    [[nodiscard]] Result<Lease> lease();

    template <class Query>
    using Answer = std::invoke_result_t<const Query&, soci::session&>;

    // Runs `query(session)`, and returns what it returns; what SOCI throws becomes an error.
    template <class Query>
    Result<Answer<Query>> read(const char* operation, const Query& query) {
        bool again = false;
        return run_once(operation, query, again);
    }

    template <class Query>
    using Written = std::invoke_result_t<const Query&, soci::session&, Transaction&>;

    // The same for what writes, `query(session, transaction)`, which commits, or it is rolled back;
    // `query` is run again when it met another transaction.
    template <class Query>
    Result<Written<Query>> write(const char* operation, const Query& query) {
        std::vector<outbox::Row> changes;
        auto result = write_in_turn(operation, [&](soci::session& sql) -> Written<Query> {
            Transaction transaction(sql, &outbox_);
            if constexpr (std::is_void_v<Written<Query>>) {
                query(sql, transaction);
                changes = transaction.take_changes();
            } else {
                auto answer = query(sql, transaction);
                changes = transaction.take_changes();
                return answer;
            }
        });
        if (!changes.empty() && options_.changed) options_.changed(changes);
        return result;
    }

    [[nodiscard]] const outbox::Sql& outbox() const noexcept { return outbox_; }

private:
    static constexpr std::size_t writers_queued_max = 1024;
    static constexpr Duration turn_timeout = std::chrono::seconds{5};
    static constexpr int attempts_max = 3;

    template <class Query>
    Result<Answer<Query>> write_in_turn(const char* operation, const Query& query) {
        const auto turn = writers_.take(Boottime::now() + turn_timeout);
        if (!turn)
            return fail(turn.error().code, operation, "too many changes wait for their turn");
        for (int attempt = 1;; ++attempt) {
            bool again = false;
            auto result = run_once(operation, query, again);
            if (!again || attempt == attempts_max) return result;
        }
    }

    template <class Query>
    Result<Answer<Query>> run_once(const char* operation, const Query& query, bool& again) {
        try {
            const auto leased = lease();
            if (!leased) return fail(leased.error());
            if constexpr (std::is_void_v<Answer<Query>>) {
                query(leased->session());
                return {};
            } else {
                return query(leased->session());
            }
        } catch (const soci::soci_error& error) {
            again = met_another(error);
            return fail(to_error(error, operation));
        }
    }

    void give_back(std::size_t position);
    void watch(const std::stop_token& stop);
    void cut_off_overdue(TimePoint now);

    const Options options_;
    const outbox::Sql outbox_;
    net::Slots writers_;
    soci::connection_pool pool_;
    detail::Mutex mutex_;
    std::condition_variable_any wake_;
    // Of the leased sessions, by position.
    std::vector<std::optional<TimePoint>> due_ TUTTI_GUARDED_BY(mutex_);
    std::jthread watchdog_;  // last: uses all of the above
};

}  // namespace tutti::services::gateway::database
