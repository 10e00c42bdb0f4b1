// How the database is, for GET /health: a thread of its own reads and writes in it, so that a
// database which is silent does not hold up the questions.
//
// It looks when it is asked and the last look is older than `kept_for`: without questions there are
// no writes. A look that takes longer than `silent_after` counts as a database that does not
// answer, or that takes no writes when it has answered the read.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class DatabaseWatch {
public:
    enum class State : std::uint8_t { well, takes_no_writes, silent };

    struct Options {
        Duration kept_for = std::chrono::seconds{2};
        // Above what a query may wait for its turn under load.
        Duration silent_after = std::chrono::seconds{3};
    };
    // Each may block, and throw.
    struct Queries {
        std::function<Result<void>()> read;
        std::function<Result<void>()> write;
    };

    // Throws std::system_error when there is no thread for it.
    DatabaseWatch(Queries queries, Options options);
    explicit DatabaseWatch(Queries queries) : DatabaseWatch(std::move(queries), Options{}) {}
    // Blocking: until the look that is under way has ended.
    ~DatabaseWatch();
    DatabaseWatch(const DatabaseWatch&) = delete;
    DatabaseWatch& operator=(const DatabaseWatch&) = delete;

    // What the last look has found. Blocking: while a look is under way, until `silent_after` has
    // passed since its beginning; not at all when the look before has found a silent database.
    [[nodiscard]] State state();

private:
    void run(const std::stop_token& stop);
    [[nodiscard]] State look();

    const Queries queries_;
    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable_any changed_;
    bool wanted_ TUTTI_GUARDED_BY(mutex_) = false;
    bool has_read_ TUTTI_GUARDED_BY(mutex_) = false;       // the look that is under way
    std::optional<State> state_ TUTTI_GUARDED_BY(mutex_);  // nothing: there was no look yet
    TimePoint looked_ TUTTI_GUARDED_BY(mutex_){};          // when the last look ended
    TimePoint looking_since_ TUTTI_GUARDED_BY(mutex_){};   // of the one that is wanted or under way
    std::jthread thread_;                                  // last: uses all of the above
};

}  // namespace tutti::services::gateway::database
