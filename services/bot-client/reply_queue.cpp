#include "bot-client/reply_queue.hpp"

#include <cstddef>

#include "common/domain/uuid.hpp"
#include "common/jobs/deliveries.hpp"
#include "common/jobs/job_queue_redis.hpp"
#include "common/jobs/job_source_redis.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t waiting_connections = 1;

}  // namespace

Result<void> ReplyQueue::open() {
    if (!options_.redis_url) {
        queue_ = options_.in_process;
        source_ = options_.in_process;
        return {};
    }
    auto pool =
        redis::RedisClient::create({.url = *options_.redis_url,
                                    .connections_max = connections_max - waiting_connections,
                                    .reply_bytes_max = jobs::claim_reply_bytes_max});
    if (!pool) return fail(std::move(pool).error());
    redis_ = *std::move(pool);
    // A claim that waits takes longer than other commands may.
    auto waits = redis::RedisClient::create({.url = *options_.redis_url,
                                             .connections_max = waiting_connections,
                                             .command_timeout = 5s});
    if (!waits) return fail(std::move(waits).error());
    waiting_ = *std::move(waits);
    queue_ = std::make_shared<jobs::RedisJobQueue>(
        *redis_, jobs::RedisJobQueue::Options{.queue = jobs::deliveries_queue});
    source_ = std::make_shared<jobs::RedisJobSource>(
        *redis_, *waiting_,
        jobs::RedisJobSource::Options{.queue = jobs::deliveries_queue,
                                      .leases = jobs::delivery_leases(options_.lease)});
    return {};
}

void ReplyQueue::start(const ReplyDelivery& delivery) {
    if (!source_) return log::warn("no reply is delivered here: REDIS_URL is not set");
    auto started = std::make_shared<jobs::JobRunner>(
        *source_,
        [&delivery](const jobs::Job& job, const jobs::JobContext& context) {
            return delivery.deliver(job, context);
        },
        jobs::JobRunner::Options{
            .worker = options_.bot + '-' + domain::random_uuid().substr(0, 8),
            .concurrency = replies_at_a_time,
            .lease = options_.redis_url ? options_.lease : jobs::LeaseOptions{}.lease});
    const detail::Lock lock(mutex_);
    runner_ = std::move(started);
}

void ReplyQueue::stop(TimePoint deadline) {
    if (const auto running = runner()) running->stop(deadline);
    const std::shared_ptr<jobs::JobRunner> ended = [this] {
        const detail::Lock lock(mutex_);
        return std::exchange(runner_, nullptr);
    }();
}

std::shared_ptr<jobs::JobRunner> ReplyQueue::runner() const {
    const detail::Lock lock(mutex_);
    return runner_;
}

bool ReplyQueue::healthy() const {
    const auto running = runner();
    return !running || running->healthy();
}

std::optional<jobs::QueueMetrics> ReplyQueue::ask() const {
    if (!queue_) return std::nullopt;
    const auto figures = queue_->metrics(Boottime::now() + 500ms);
    return figures ? std::optional(*figures) : std::nullopt;
}

std::string ReplyQueue::metrics_text() {
    std::string text;
    if (const auto running = runner()) {
        text += jobs::runner_metrics_text(running->figures(), "tutti_deliveries");
    }
    if (const auto figures = figures_.get()) {
        text += jobs::queue_metrics_text(*figures, "tutti_deliveries");
    }
    return text;
}

}  // namespace tutti::services::bot
