// Reads on a thread and a connection of its own what workers announce in <queue>:finished, from the
// oldest entry that the stream still has, and goes on where it was after Redis was away.
//
// A read that fails is repeated after a pause that doubles; the log says once that nothing is
// heard, and once that it is again. Meanwhile, and when the stream itself was lost, nothing is
// told: a waiter that must know asks for the status now and then.
//
// Shutdown: the destructor returns within `block` when Redis answers, and within a second more when
// it does not.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/net/retry.hpp"
#include "common/process/logging.hpp"
#include "common/redis/client.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::jobs {

class FinishedReader {
public:
    struct Options {
        std::string stream;
        // How long one read waits for news. It is what a stop waits for, and no news come later for
        // it.
        std::chrono::milliseconds block{250};
        net::RetryPauses retry{.first = std::chrono::milliseconds{100},
                               .last = std::chrono::seconds{10}};
    };

    // `announce` is called on the reader's thread. Borrows the client, which nothing else may use.
    FinishedReader(redis::RedisClient& redis, Options options,
                   std::function<void(const std::string& job_id)> announce);

private:
    void run(const std::stop_token& stop);
    [[nodiscard]] Result<void> read_once();
    void announce_all(const redis::RedisReply& entries);
    // Until it is time for the next attempt, or to stop.
    void pause(const std::stop_token& stop);
    void note(const Result<void>& read);

    redis::RedisClient& redis_;
    const Options options_;
    const std::function<void(const std::string&)> announce_;
    std::string last_ = "0-0";  // of the entries that were read
    int failed_attempts_ = 0;
    log::Outage outage_{"the ends of jobs are not heard, and asked for instead",
                        "the ends of jobs are heard again"};
    detail::Mutex mutex_;                  // for `pause` only
    std::condition_variable_any stopped_;  // wakes `pause`
    std::jthread thread_;                  // last: uses all of the above
};

}  // namespace tutti::services::jobs
