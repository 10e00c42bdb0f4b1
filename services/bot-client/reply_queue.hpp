// The queue of replies as one bot works on it: its connections, the workers that take replies from
// it, and its figures. What is made of a reply is `ReplyDelivery`'s.
//
// Life: `open` -> `start` -> `stop`. Thread-safety: behind `open`, `healthy` and `metrics_text`
// from any thread, the others from one. Lifetime: the delivery that is given to `start` outlives
// it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bot-client/reply_delivery.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/job_runner.hpp"
#include "common/jobs/job_source.hpp"
#include "common/process/kept_figure.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

class ReplyQueue {
public:
    // Each waits for Discord, a tenth of a second or two, so this is what bounds replies a second.
    static constexpr std::size_t replies_at_a_time = 32;
    // Of Redis: one for each of them, and for what goes on beside.
    static constexpr std::size_t connections_max = replies_at_a_time + 4;

    struct Options {
        std::optional<std::string> redis_url;
        std::shared_ptr<jobs::InProcessJobQueue> in_process;  // without Redis; null: no reply comes
        std::chrono::milliseconds lease{};
        std::string bot;
    };

    explicit ReplyQueue(Options options) : options_(std::move(options)) {}

    // Errors: as redis::RedisClient::create.
    [[nodiscard]] Result<void> open();
    void start(const ReplyDelivery& delivery);
    // Blocking: until `deadline` for replies that are being said. Idempotent.
    void stop(TimePoint deadline);

    [[nodiscard]] bool healthy() const;
    // What cannot be asked is left out. Blocking: half a second at most, once in three.
    [[nodiscard]] std::string metrics_text();

private:
    [[nodiscard]] std::optional<jobs::QueueMetrics> ask() const;
    [[nodiscard]] std::shared_ptr<jobs::JobRunner> runner() const;

    const Options options_;
    std::unique_ptr<redis::RedisClient> redis_;    // none: the queue is in this process
    std::unique_ptr<redis::RedisClient> waiting_;  // of the claim that waits; likewise
    std::shared_ptr<jobs::JobQueue> queue_;        // for its figures
    process::KeptFigure<jobs::QueueMetrics> figures_{std::chrono::seconds{3},
                                                     [this] { return ask(); }};
    std::shared_ptr<jobs::JobSource> source_;
    mutable detail::Mutex mutex_;
    std::shared_ptr<jobs::JobRunner> runner_ TUTTI_GUARDED_BY(mutex_);  // none: no reply comes here
};

}  // namespace tutti::services::bot
