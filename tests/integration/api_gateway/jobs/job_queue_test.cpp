// What the gateway may rely on, of the queue in this process and of the one on a real Redis; there the
// test plays the worker with plain commands, as any worker would.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/job_queue_redis.hpp"
#include "integration/api_gateway/support.hpp"
#include "support/redis_server.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t waiting_max = 5;

TimePoint soon() { return Boottime::now() + 10s; }

jobs::Job job(const std::string& id) {
    return {
        .job_id = "llm-" + id, .request_id = id, .name = "llm-generation", .data = R"({"a":1})"};
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

class World {
public:
    virtual ~World() = default;
    virtual jobs::JobQueue& queue() = 0;
    virtual std::string take() = 0;  // the id of the next job; empty when none waits
    virtual void finish(const std::string& job_id, const std::string& result) = 0;
    virtual void fail(const std::string& job_id, const std::string& error) = 0;
};

class InProcess final : public World {
public:
    jobs::JobQueue& queue() override { return queue_; }
    std::string take() override {
        const auto taken = queue_.take();
        return taken ? taken->job_id : "";
    }
    void finish(const std::string& job_id, const std::string& result) override {
        queue_.finish(job_id, {.status = "completed", .progress = 100, .result = result});
    }
    void fail(const std::string& job_id, const std::string& error) override {
        queue_.finish(job_id, {.status = "failed", .progress = 0, .result = {}, .error = error});
    }

private:
    jobs::InProcessJobQueue queue_{{.waiting_max = waiting_max}};
};

class OnRedis final : public World {
public:
    OnRedis() {
        server.command({"XGROUP", "CREATE", "jobs", "ai-workers", "0", "MKSTREAM"});
        queue_.listen(*own_);
    }

    jobs::JobQueue& queue() override { return queue_; }
    std::string take() override {
        entry_ = server.command(
            {"XREADGROUP", "GROUP", "ai-workers", "w", "COUNT", "1", "STREAMS", "jobs", ">"});
        if (entry_ == "(nil)") return "";
        // stream, id, then fields and values, a line each
        std::istringstream lines(entry_);
        std::string line;
        std::getline(lines, line);
        std::getline(lines, id_);
        while (std::getline(lines, line) && line != "jobId") {
        }
        std::getline(lines, line);
        return line;
    }
    void finish(const std::string& job_id, const std::string& result) override {
        server.command({"HSET", "jobs:job:" + job_id, "status", "completed", "progress", "100",
                        "result", result});
        announce(job_id, "completed");
    }
    void fail(const std::string& job_id, const std::string& error) override {
        server.command({"HSET", "jobs:job:" + job_id, "status", "failed", "error", error});
        announce(job_id, "failed");
    }
    void announce(const std::string& job_id, const std::string& status) {
        server.command({"XADD", "jobs:finished", "MAXLEN", "~", "1000", "*", "jobId", job_id,
                        "status", status});
        acknowledge();
        server.command({"XDEL", "jobs", id_});
    }
    void acknowledge() { server.command({"XACK", "jobs", "ai-workers", id_}); }
    [[nodiscard]] const std::string& entry() const { return entry_; }

    tests::RedisServer server;

private:
    std::unique_ptr<redis::RedisClient> redis_ = *redis::RedisClient::create({.url = server.url()});
    std::unique_ptr<redis::RedisClient> own_ = *redis::RedisClient::create({.url = server.url()});
    jobs::RedisJobQueue queue_{*redis_, {.queue = "jobs", .waiting_max = waiting_max}};
    std::string entry_;
    std::string id_;
};

class Queue : public ::testing::TestWithParam<const char*> {
protected:
    Result<void> enqueue(const std::vector<jobs::Job>& jobs) { return queue.enqueue(jobs, soon()); }
    std::string status(const std::string& id) {
        const auto found = queue.status(id, soon());
        EXPECT_TRUE(found);
        return found && *found ? (*found)->status : "(none)";
    }
    std::vector<std::string> take_all() {
        std::vector<std::string> ids;
        for (auto id = world->take(); !id.empty(); id = world->take()) ids.push_back(id);
        return ids;
    }

    static std::unique_ptr<World> make() {
        if (std::string_view(GetParam()) == "redis") return std::make_unique<OnRedis>();
        return std::make_unique<InProcess>();
    }
    std::unique_ptr<World> world = make();
    jobs::JobQueue& queue = world->queue();
};

TEST_P(Queue, HandsOutJobsInTheirOrder) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));
    ASSERT_TRUE(enqueue({job("3")}));

    EXPECT_THAT(take_all(), ElementsAre("llm-1", "llm-2", "llm-3"));
}

TEST_P(Queue, EnqueuingAgainDoesNothing) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));
    EXPECT_TRUE(enqueue({job("1"), job("2")}));

    EXPECT_THAT(take_all(), ElementsAre("llm-1", "llm-2"));
    EXPECT_TRUE(enqueue({job("1"), job("2")}));
    EXPECT_THAT(take_all(), ElementsAre());
}

TEST_P(Queue, JobHasARecordFromTheBeginningToTheEnd) {
    EXPECT_EQ(status("llm-1"), "(none)");
    ASSERT_TRUE(enqueue({job("1")}));
    EXPECT_EQ(status("llm-1"), "waiting");

    world->finish(world->take(), R"({"content":"hi"})");

    const auto record = *queue.status("llm-1", soon());
    ASSERT_TRUE(record);
    EXPECT_EQ(record->status, "completed");
    EXPECT_EQ(record->progress, 100);
    EXPECT_EQ(record->result, R"({"content":"hi"})");
}

TEST_P(Queue, FullQueueTakesAllOrNone) {
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3"), job("4")}));

    const auto refused = enqueue({job("5"), job("6")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_EQ(status("llm-5"), "(none)");
    EXPECT_TRUE(enqueue({job("7")}));
    EXPECT_FALSE(enqueue({job("8")}));
    EXPECT_THAT(take_all(), ElementsAre("llm-1", "llm-2", "llm-3", "llm-4", "llm-7"));
}

TEST_P(Queue, WhatWorkersHaveTakenMakesRoom) {
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(enqueue({job(std::to_string(i))})) << i;
        if (i >= 3) world->finish(world->take(), "{}");
    }

    EXPECT_EQ(queue.metrics(soon())->waiting, 3U);
}

TEST_P(Queue, CountsWhatWaitsAndWhatIsActive) {
    EXPECT_EQ(queue.metrics(soon())->waiting, 0U);
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));
    const auto first = world->take();
    EXPECT_EQ(queue.metrics(soon())->waiting, 2U);
    EXPECT_EQ(queue.metrics(soon())->active, 1U);

    world->finish(first, "{}");

    EXPECT_EQ(queue.metrics(soon())->active, 0U);
}

TEST_P(Queue, CountsWhatHasEnded) {
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));
    world->finish(world->take(), "{}");
    world->finish(world->take(), "{}");
    world->fail(world->take(), "the model is away");

    const auto metrics = *queue.metrics(soon());

    EXPECT_EQ(metrics.completed, 2U);
    EXPECT_EQ(metrics.failed, 1U);
    EXPECT_EQ((*queue.status("llm-3", soon()))->error, "the model is away");
}

TEST_P(Queue, EverySubscriberHearsOfEveryEndOneCallAtATime) {
    Heard first;
    Heard second;
    const auto throwing = queue.on_finished(
        [](const std::string&) { throw std::runtime_error("a subscriber fails"); });
    const auto one = queue.on_finished(first.note());
    auto two = queue.on_finished(second.note());
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));

    world->finish(world->take(), "{}");
    world->fail(world->take(), "oops");

    EXPECT_TRUE(eventually([&] { return first.ids().size() == 2 && second.ids().size() == 2; }));
    EXPECT_THAT(first.ids(), ElementsAre("llm-1", "llm-2"));
    two.reset();
    world->finish(world->take(), "{}");
    EXPECT_TRUE(eventually([&] { return first.ids().size() == 3; }));
    EXPECT_THAT(second.ids(), ElementsAre("llm-1", "llm-2"));
}

TEST_P(Queue, RecordSaysSoBeforeAnybodyIsTold) {
    std::atomic<bool> ended{false};
    const auto subscription = queue.on_finished([&](const std::string& id) {
        const auto found = queue.status(id, soon());
        ended = found && *found && (*found)->ended();
    });
    ASSERT_TRUE(enqueue({job("1")}));

    world->finish(world->take(), "{}");

    EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST_P(Queue, ManyThreadsEnqueueWithinTheBound) {
    std::atomic<int> accepted{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 10; ++i) {
                accepted += enqueue({job(std::to_string(t * 100 + i))}) ? 1 : 0;
            }
        });
    }
    threads.clear();

    EXPECT_EQ(accepted, static_cast<int>(waiting_max));
    EXPECT_EQ(take_all().size(), waiting_max);
}

INSTANTIATE_TEST_SUITE_P(Jobs, Queue, ::testing::Values("in_process", "redis"),
                         [](const auto& world) { return std::string(world.param); });

TEST(RedisJobQueue, EntryAndRecordAreWhatWorkersExpect) {
    OnRedis world;
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));

    EXPECT_EQ(world.take(), "llm-1");

    EXPECT_THAT(world.entry(),
                HasSubstr("jobId\nllm-1\nrequestId\n1\nname\nllm-generation\ndata\n{\"a\":1}"));
    EXPECT_EQ(world.server.command({"HGET", "jobs:job:llm-1", "name"}), "llm-generation");
    const int ttl = std::stoi(world.server.command({"TTL", "jobs:job:llm-1"}));
    EXPECT_GT(ttl, 3590);
    EXPECT_LE(ttl, 3600);
}

TEST(RedisJobQueue, WhatIsReadAndNotDeletedTakesNoRoomAndIsTrimmedInTheEnd) {
    OnRedis world;
    for (int i = 0; i < 400; ++i) {
        ASSERT_TRUE(world.queue().enqueue(std::vector{job(std::to_string(i))}, soon())) << i;
        ASSERT_FALSE(world.take().empty());
        world.acknowledge();
    }

    EXPECT_EQ(world.queue().metrics(soon())->waiting, 0U);
    // Redis trims whole nodes of 100 entries.
    EXPECT_LT(std::stoi(world.server.command({"XLEN", "jobs"})), 250);
}

// What docs/operations.md tells an operator to grant.
TEST(RedisJobQueue, NeedsNoMorePermissionsThanDocumented) {
    OnRedis world;
    world.server.command({"ACL", "SETUSER", "gateway", "on", ">pw", "+eval", "+xadd", "+hset",
                          "+exists", "+expire", "+hgetall", "+time", "+xinfo", "+xlen", "+xread",
                          "+xrevrange", "~jobs", "~jobs:job:*", "~jobs:finished"});
    const std::string url = "redis://gateway:pw@127.0.0.1:" + std::to_string(world.server.port());
    const auto redis = *redis::RedisClient::create({.url = url});
    const auto own = *redis::RedisClient::create({.url = url});
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs", .waiting_max = 1});
    Heard heard;
    const auto subscription = queue.on_finished(heard.note());
    queue.listen(*own);

    EXPECT_TRUE(queue.enqueue(std::vector{job("1")}, soon()));
    EXPECT_EQ(queue.enqueue(std::vector{job("2")}, soon()).error().code, Errc::overloaded);
    EXPECT_TRUE(*queue.status("llm-1", soon()));
    EXPECT_EQ(queue.metrics(soon())->waiting, 1U);
    world.finish(world.take(), "{}");
    EXPECT_TRUE(eventually([&] { return heard.ids().size() == 1; }));

    jobs::RedisJobQueue other(*redis, {.queue = "forbidden"});
    EXPECT_EQ(other.status("llm-1", soon()).error().code, Errc::refused);
}

jobs::Job large_job(const std::string& id, std::size_t bytes) {
    jobs::Job large = job(id);
    large.data = std::string(bytes, 'x');
    return large;
}

TEST(RedisJobQueue, WhatWaitsIsBoundedInBytesAndWhatIsReadIsNot) {
    OnRedis world;
    const auto redis = *redis::RedisClient::create({.url = world.server.url()});
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs", .waiting_bytes_max = 1U << 20U});

    ASSERT_TRUE(queue.enqueue(std::vector{large_job("0", 1000U << 10U)}, soon()));
    EXPECT_EQ(queue.enqueue(std::vector{large_job("1", 64U << 10U)}, soon()).error().code,
              Errc::overloaded);

    EXPECT_EQ(world.take(), "llm-0");
    EXPECT_TRUE(queue.enqueue(std::vector{large_job("1", 64U << 10U)}, soon()));
}

TEST(InProcessJobQueue, WhatWaitsIsBoundedInBytes) {
    jobs::InProcessJobQueue queue({.waiting_bytes_max = 100});
    ASSERT_TRUE(queue.enqueue(std::vector{large_job("0", 90)}, soon()));

    EXPECT_EQ(queue.enqueue(std::vector{large_job("1", 11)}, soon()).error().code,
              Errc::overloaded);
    (void)queue.take();
    EXPECT_TRUE(queue.enqueue(std::vector{large_job("1", 11)}, soon()));
}

TEST(RedisJobQueue, AStatusThatIsNoWordIsUnknown) {
    OnRedis world;
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));
    for (const std::string& written :
         {std::string("\xff\xfe"), std::string("a b"), std::string(33, 'x'), std::string()}) {
        world.server.command({"HSET", "jobs:job:llm-1", "status", written});
        EXPECT_EQ((*world.queue().status("llm-1", soon()))->status, "unknown") << written;
    }
    world.server.command({"HSET", "jobs:job:llm-1", "status", "waiting-children"});
    EXPECT_EQ((*world.queue().status("llm-1", soon()))->status, "waiting-children");
    world.server.command({"HDEL", "jobs:job:llm-1", "status"});
    EXPECT_EQ((*world.queue().status("llm-1", soon()))->status, "unknown");
}

TEST(RedisJobQueue, AResultThatIsTooLargeIsAFailureThatSaysSo) {
    OnRedis world;
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));
    for (const std::size_t bytes : {domain::job_result_bytes_max + 1, std::size_t{20} << 20U}) {
        world.server.command(
            {"HSET", "jobs:job:llm-1", "status", "completed", "result", std::string(bytes, '7')});

        const auto status = world.queue().status("llm-1", soon());

        ASSERT_TRUE(status && *status) << bytes;
        EXPECT_EQ((*status)->status, "failed");
        EXPECT_FALSE((*status)->result);
        EXPECT_THAT(*(*status)->error, HasSubstr(std::to_string(domain::job_result_bytes_max)));
    }
}

TEST(RedisJobQueue, StreamWithoutAGroupCountsWhole) {
    const tests::RedisServer server;
    const auto redis = *redis::RedisClient::create({.url = server.url()});
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs", .waiting_max = 2});

    ASSERT_TRUE(queue.enqueue(std::vector{job("1"), job("2")}, soon()));

    EXPECT_EQ(queue.metrics(soon())->waiting, 2U);
    EXPECT_FALSE(queue.enqueue(std::vector{job("3")}, soon()));
}

TEST(RedisJobQueue, EndsAreHeardAfterRedisWasAwayAlsoThoseFromBeforeTheStart) {
    tests::RedisServer server({.config = {"appendonly yes", "appendfsync always"}, .password = {}});
    const auto announce = [&](const std::string& id) {
        server.command({"XADD", "jobs:finished", "*", "jobId", id, "status", "completed"});
    };
    announce("llm-1");
    const auto redis = *redis::RedisClient::create({.url = server.url()});
    const auto own = *redis::RedisClient::create({.url = server.url()});
    Heard heard;
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs"});
    const auto subscription = queue.on_finished(heard.note());
    queue.listen(*own);
    EXPECT_TRUE(eventually([&] { return heard.ids().size() == 1; }));

    server.restart();
    announce("llm-2");

    EXPECT_TRUE(eventually([&] { return heard.ids().size() == 2; }));
    EXPECT_THAT(heard.ids(), ElementsAre("llm-1", "llm-2"));
}

TEST(RedisJobQueue, EntriesThatAreNoAnnouncementsAreSkipped) {
    OnRedis world;
    Heard heard;
    const auto subscription = world.queue().on_finished(heard.note());
    world.server.command({"XADD", "jobs:finished", "*", "hello", "world"});
    world.server.command({"XADD", "jobs:finished", "*", "jobId", std::string(201, 'x')});
    world.server.command({"XADD", "jobs:finished", "*", "status", "odd", "jobId", "llm-1"});

    EXPECT_TRUE(eventually([&] { return !heard.ids().empty(); }));

    EXPECT_THAT(heard.ids(), ElementsAre("llm-1"));
    EXPECT_EQ(world.queue().metrics(soon())->completed, 0U);
}

TEST(RedisJobQueue, SaysWhetherAJobMayBeInTheQueue) {
    tests::RedisServer server;
    const auto redis = *redis::RedisClient::create(
        {.url = server.url(), .command_timeout = std::chrono::milliseconds(50)});
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs"});
    ASSERT_TRUE(queue.metrics(soon()));

    server.pause();
    EXPECT_EQ(queue.enqueue(std::vector{job("1")}, soon()).error().code, Errc::timeout);
    server.resume();
    server.kill();
    EXPECT_EQ(queue.enqueue(std::vector{job("1")}, soon()).error().code, Errc::unavailable);
}

TEST(JobQueue, MetricsAreGauges) {
    const std::string text =
        jobs::queue_metrics_text({.waiting = 3, .active = 1, .completed = 7, .failed = 2});

    EXPECT_THAT(text, HasSubstr("# TYPE tutti_jobs_waiting gauge\ntutti_jobs_waiting 3\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE tutti_jobs_active gauge\ntutti_jobs_active 1\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_completed 7\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_failed 2\n"));
}

TEST(InProcessJobQueue, RecordsAreForgottenAnHourAfterTheEnd) {
    tutti::testing::ManualClock clock;
    jobs::InProcessJobQueue queue({.clock = &clock});
    ASSERT_TRUE(queue.enqueue(std::vector{job("1")}, soon()));
    ASSERT_TRUE(queue.take());
    clock.advance(30min);
    queue.finish("llm-1", {.status = "failed", .progress = 0, .result = {}});

    clock.advance(59min);
    EXPECT_TRUE(*queue.status("llm-1", soon()));
    clock.advance(1min);
    EXPECT_FALSE(*queue.status("llm-1", soon()));
}

}  // namespace
}  // namespace tutti::services
