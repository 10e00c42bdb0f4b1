// The queue of jobs and its workers, in this process and on a Redis of its own, for tests that hold
// for both.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/jobs/deliveries.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/job_queue_redis.hpp"
#include "common/jobs/job_source_redis.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::testing {

inline constexpr std::size_t waiting_max = 5;

inline TimePoint soon() { return Boottime::now() + std::chrono::seconds{10}; }

inline jobs::Job job(const std::string& id) {
    return {
        .job_id = "llm-" + id, .request_id = id, .name = "llm-generation", .data = R"({"a":1})"};
}

inline jobs::Job large_job(const std::string& id, std::size_t bytes) {
    jobs::Job large = job(id);
    large.data = std::string(bytes, 'x');
    return large;
}

inline jobs::Job parent_of(const std::string& id, std::vector<std::string> children) {
    jobs::Job parent = job(id);
    for (std::string& child : children) parent.children.push_back("llm-" + std::move(child));
    return parent;
}

// Takes note of the ends that it is told of.
class Heard {
public:
    jobs::JobFinished note() {
        return [this](const std::string& id) {
            const std::lock_guard lock(mutex_);
            ids_.push_back(id);
        };
    }
    std::vector<std::string> ids() {
        const std::lock_guard lock(mutex_);
        return ids_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> ids_;
};

class JobWorld {
public:
    virtual ~JobWorld() = default;
    virtual jobs::JobQueue& queue() = 0;
    // A worker's own; the same for all workers in one process.
    virtual jobs::JobSource& source() = 0;
    // A bot's, and what is known of its queue.
    virtual jobs::JobSource& deliveries() = 0;
    virtual jobs::JobQueue& delivery_queue() = 0;
    virtual void flush() = 0;
};

class InProcessJobs final : public JobWorld {
public:
    explicit InProcessJobs(jobs::LeaseOptions leases = {})
        : deliveries_(std::make_shared<jobs::InProcessJobQueue>(of_deliveries(leases))),
          queue_({.waiting_max = waiting_max,
                  .leases = std::move(leases),
                  .deliveries = deliveries_}) {}

    jobs::JobQueue& queue() override { return queue_; }
    jobs::JobSource& source() override { return queue_; }
    jobs::JobSource& deliveries() override { return *deliveries_; }
    jobs::JobQueue& delivery_queue() override { return *deliveries_; }
    void flush() override {
        queue_.forget_everything();
        deliveries_->forget_everything();
    }

private:
    static jobs::InProcessJobQueue::Options of_deliveries(const jobs::LeaseOptions& leases) {
        auto options = jobs::deliveries_in_process();
        options.leases = leases;
        return options;
    }

    std::shared_ptr<jobs::InProcessJobQueue> deliveries_;
    jobs::InProcessJobQueue queue_;
};

class RedisJobs final : public JobWorld {
public:
    explicit RedisJobs(jobs::LeaseOptions leases = {}, tests::RedisServer::Options options = {})
        : server(std::move(options)), leases_(std::move(leases)) {
        queue_.listen(*own_);
    }

    // A worker with connections of its own.
    struct Worker {
        std::unique_ptr<redis::RedisClient> client;
        std::unique_ptr<redis::RedisClient> waiting;
        std::unique_ptr<jobs::RedisJobSource> source;
    };
    [[nodiscard]] Worker worker(const std::string& url, const char* of = "jobs") const {
        Worker made{.client = *redis::RedisClient::create(
                        {.url = url, .reply_bytes_max = jobs::claim_reply_bytes_max}),
                    .waiting = *redis::RedisClient::create({.url = url, .connections_max = 1}),
                    .source = nullptr};
        made.source = std::make_unique<jobs::RedisJobSource>(
            *made.client, *made.waiting,
            jobs::RedisJobSource::Options{
                .queue = of, .leases = leases_, .block = std::chrono::milliseconds{50}});
        return made;
    }

    jobs::JobQueue& queue() override { return queue_; }
    jobs::JobSource& source() override { return *worker_.source; }
    jobs::JobSource& deliveries() override { return *bot_.source; }
    jobs::JobQueue& delivery_queue() override { return delivery_queue_; }
    void flush() override { server.command({"FLUSHALL"}); }

    tests::RedisServer server;

private:
    const jobs::LeaseOptions leases_;
    std::unique_ptr<redis::RedisClient> redis_ = *redis::RedisClient::create({.url = server.url()});
    std::unique_ptr<redis::RedisClient> own_ = *redis::RedisClient::create({.url = server.url()});
    jobs::RedisJobQueue queue_{*redis_, {.queue = "jobs", .waiting_max = waiting_max}};
    jobs::RedisJobQueue delivery_queue_{*redis_, {.queue = jobs::deliveries_queue}};
    Worker worker_ = worker(server.url());
    Worker bot_ = worker(server.url(), jobs::deliveries_queue);
};

// For what only a queue on Redis can meet.
class OnRedis : public ::testing::Test {
protected:
    explicit OnRedis(jobs::LeaseOptions leases) : world(std::move(leases)) {}

    void enqueue(const std::vector<jobs::Job>& jobs) {
        ASSERT_TRUE(world.queue().enqueue(jobs, soon()));
    }
    jobs::Hold end(const jobs::LeasedJob& job, const jobs::JobOutcome& outcome) {
        return world.source().end(job.lease, outcome, soon()).value();
    }
    std::string say(const std::vector<std::string>& words) { return world.server.command(words); }
    std::string dead() { return say({"XRANGE", "jobs:dead", "-", "+"}); }

    RedisJobs world;
};

// For a suite over both worlds, whose parameter names one.
class OnBothWorlds : public ::testing::TestWithParam<const char*> {
protected:
    explicit OnBothWorlds(jobs::LeaseOptions leases = {}) {
        if (std::string_view(GetParam()) == "redis") {
            world = std::make_unique<RedisJobs>(std::move(leases));
        } else {
            world = std::make_unique<InProcessJobs>(std::move(leases));
        }
    }

    Result<void> enqueue(const std::vector<jobs::Job>& jobs) {
        return world->queue().enqueue(jobs, soon());
    }
    // The next job for that worker, if there is one now.
    std::optional<jobs::LeasedJob> claim(const std::string& worker = "w") {
        auto claimed = world->source().claim(worker, Boottime::now());
        EXPECT_TRUE(claimed) << claimed.error().message();
        return claimed ? *std::move(claimed) : std::nullopt;
    }
    // The next job, once there is one.
    std::optional<jobs::LeasedJob> claim_soon(const std::string& worker = "w") {
        auto claimed = world->source().claim(worker, soon());
        EXPECT_TRUE(claimed) << claimed.error().message();
        return claimed ? *std::move(claimed) : std::nullopt;
    }
    jobs::Hold end(const jobs::LeasedJob& job, const jobs::JobOutcome& outcome) {
        return world->source().end(job.lease, outcome, soon()).value();
    }
    jobs::Hold complete(const jobs::LeasedJob& job, const std::string& result = "{}") {
        return end(job, jobs::Completed{result});
    }
    jobs::JobStatus status(const std::string& id) {
        const auto found = world->queue().status(id, soon());
        EXPECT_TRUE(found);
        return found && *found ? **found : jobs::JobStatus{.status = "(none)", .result = {}};
    }
    jobs::QueueMetrics metrics() { return world->queue().metrics(soon()).value(); }

    std::unique_ptr<JobWorld> world;
};

#define TUTTI_ON_BOTH_WORLDS(suite)                                                 \
    INSTANTIATE_TEST_SUITE_P(Jobs, suite, ::testing::Values("in_process", "redis"), \
                             [](const auto& world) { return std::string(world.param); })

}  // namespace tutti::services::testing
