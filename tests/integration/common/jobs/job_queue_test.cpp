// What the gateway may rely on, of the queue in this process and of the one on a real Redis, and
// what only the one on Redis has. What workers may rely on is job_contract_test.cpp's.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Queue : public OnBothWorlds {
protected:
    std::vector<std::string> take_all() {
        std::vector<std::string> ids;
        while (const auto leased = claim()) ids.push_back(leased->job.job_id);
        return ids;
    }
};
TUTTI_ON_BOTH_WORLDS(Queue);

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
    EXPECT_EQ(status("llm-1").status, "(none)");
    ASSERT_TRUE(enqueue({job("1")}));
    EXPECT_EQ(status("llm-1").status, "waiting");

    complete(*claim(), R"({"content":"hi"})");

    const auto record = *world->queue().status("llm-1", soon());
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
    EXPECT_EQ(status("llm-5").status, "(none)");
    EXPECT_TRUE(enqueue({job("7")}));
    EXPECT_FALSE(enqueue({job("8")}));
    EXPECT_THAT(take_all(), ElementsAre("llm-1", "llm-2", "llm-3", "llm-4", "llm-7"));
}

TEST_P(Queue, WhatWorkersHaveTakenMakesRoom) {
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(enqueue({job(std::to_string(i))})) << i;
        if (i >= 3) complete(*claim());
    }

    EXPECT_EQ(world->queue().metrics(soon())->waiting, 3U);
}

TEST_P(Queue, CountsWhatWaitsAndWhatIsActive) {
    EXPECT_EQ(world->queue().metrics(soon())->waiting, 0U);
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));
    const auto first = *claim();
    EXPECT_EQ(world->queue().metrics(soon())->waiting, 2U);
    EXPECT_EQ(world->queue().metrics(soon())->active, 1U);

    complete(first);

    EXPECT_EQ(world->queue().metrics(soon())->active, 0U);
}

TEST_P(Queue, CountsWhatHasEnded) {
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));
    complete(*claim());
    complete(*claim());
    end(*claim(), jobs::Failed{"the model is away"});

    const auto metrics = *world->queue().metrics(soon());

    EXPECT_EQ(metrics.completed, 2U);
    EXPECT_EQ(metrics.failed, 1U);
    EXPECT_EQ((*world->queue().status("llm-3", soon()))->error, "the model is away");
}

TEST_P(Queue, EverySubscriberHearsOfEveryEndOneCallAtATime) {
    Heard first;
    Heard second;
    const auto throwing = world->queue().on_finished(
        [](const std::string&) { throw std::runtime_error("a subscriber fails"); });
    const auto one = world->queue().on_finished(first.note());
    auto two = world->queue().on_finished(second.note());
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));

    complete(*claim());
    end(*claim(), jobs::Failed{"oops"});

    EXPECT_TRUE(eventually([&] { return first.ids().size() == 2 && second.ids().size() == 2; }));
    EXPECT_THAT(first.ids(), ElementsAre("llm-1", "llm-2"));
    two.reset();
    complete(*claim());
    EXPECT_TRUE(eventually([&] { return first.ids().size() == 3; }));
    EXPECT_THAT(second.ids(), ElementsAre("llm-1", "llm-2"));
}

TEST_P(Queue, RecordSaysSoBeforeAnybodyIsTold) {
    std::atomic<bool> ended{false};
    const auto subscription = world->queue().on_finished([&](const std::string& id) {
        const auto found = world->queue().status(id, soon());
        ended = found && *found && (*found)->ended();
    });
    ASSERT_TRUE(enqueue({job("1")}));

    complete(*claim());

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

TEST(RedisJobQueue, WhatIsKeptIsWhatTheHeaderSays) {
    RedisJobs world;
    jobs::Job whole = job("1");
    whole.reply = {.channel = "c", .reference = "m"};
    ASSERT_TRUE(world.queue().enqueue(std::vector{whole}, soon()));
    EXPECT_THAT(world.server.command({"XRANGE", "jobs", "-", "+"}), HasSubstr("jobId\nllm-1"));
    EXPECT_EQ(world.server.command({"HGET", "jobs:job:llm-1", "name"}), "llm-generation");
    EXPECT_EQ(world.server.command({"HGET", "jobs:job:llm-1", "data"}), R"({"a":1})");

    const auto leased = **world.source().claim("w", soon());
    ASSERT_EQ(*world.source().end(leased.lease, jobs::Completed{R"({"content":"hi"})"}, soon()),
              jobs::Hold::held);

    const int ttl = std::stoi(world.server.command({"TTL", "jobs:job:llm-1"}));
    EXPECT_GT(ttl, 3590);
    EXPECT_LE(ttl, 3600);
    EXPECT_EQ(world.server.command({"HMGET", "jobs:job:llm-1", "data", "token", "ticket"}),
              "(nil)\n(nil)\n(nil)");
    EXPECT_EQ(world.server.command({"XLEN", "jobs"}), "0");
    EXPECT_EQ(world.server.command({"XPENDING", "jobs", "workers"}).substr(0, 1), "0");
    EXPECT_THAT(
        world.server.command({"XRANGE", "job-results", "-", "+"}),
        AllOf(
            HasSubstr("jobId\nllm-1\nrequestId\n1\nresult\n{\"content\":\"hi\"}\ncompletedAt\n20"),
            HasSubstr("Z\nchannel\nc\nreference\nm\nupTo\n16")));
}

// What docs/operations.md tells an operator to grant.
TEST(RedisJobQueue, NeedsNoMorePermissionsThanDocumented) {
    RedisJobs world;
    world.server.command({"ACL",          "SETUSER",    "gateway",  "on",          ">pw",
                          "+eval",        "+evalsha",   "+xadd",    "+hset",       "+exists",
                          "+expire",      "+hmget",     "+hincrby", "+time",       "+xread",
                          "+xrange",      "+xrevrange", "~jobs",    "~jobs:job:*", "~jobs:finished",
                          "~jobs:figures"});
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
    const auto leased = **world.source().claim("w", soon());
    (void)world.source().end(leased.lease, jobs::Completed{"{}"}, soon());
    EXPECT_TRUE(eventually([&] { return heard.ids().size() == 1; }));

    jobs::RedisJobQueue other(*redis, {.queue = "forbidden"});
    EXPECT_EQ(other.status("llm-1", soon()).error().code, Errc::refused);
}

TEST(RedisJobQueue, WhatWaitsIsBoundedInBytesAndWhatIsReadIsNot) {
    RedisJobs world;
    const auto redis = *redis::RedisClient::create({.url = world.server.url()});
    jobs::RedisJobQueue queue(*redis, {.queue = "jobs", .waiting_bytes_max = 1U << 20U});

    ASSERT_TRUE(queue.enqueue(std::vector{large_job("0", 1000U << 10U)}, soon()));
    EXPECT_EQ(queue.enqueue(std::vector{large_job("1", 64U << 10U)}, soon()).error().code,
              Errc::overloaded);

    ASSERT_TRUE(*world.source().claim("w", soon()));
    EXPECT_TRUE(queue.enqueue(std::vector{large_job("1", 64U << 10U)}, soon()));
}

TEST(InProcessJobQueue, WhatWaitsIsBoundedInBytes) {
    jobs::InProcessJobQueue queue({.waiting_bytes_max = 100});
    ASSERT_TRUE(queue.enqueue(std::vector{large_job("0", 90)}, soon()));

    EXPECT_EQ(queue.enqueue(std::vector{large_job("1", 11)}, soon()).error().code,
              Errc::overloaded);
    ASSERT_TRUE(*queue.claim("w", soon()));
    EXPECT_TRUE(queue.enqueue(std::vector{large_job("1", 11)}, soon()));
}

TEST(RedisJobQueue, AStatusThatIsNoWordIsUnknown) {
    RedisJobs world;
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
    RedisJobs world;
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

TEST(RedisJobQueue, WhatWaitsIsCountedBeforeAnyWorkerCame) {
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
    RedisJobs world;
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
    const std::string text = jobs::queue_metrics_text({.waiting = 3,
                                                       .active = 1,
                                                       .completed = 7,
                                                       .failed = 2,
                                                       .dead = 4,
                                                       .unknown_paid = 5,
                                                       .oldest_age = 1500ms});

    EXPECT_THAT(text, HasSubstr("# TYPE tutti_jobs_waiting gauge\ntutti_jobs_waiting 3\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE tutti_jobs_active gauge\ntutti_jobs_active 1\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_completed 7\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_failed 2\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_oldest_seconds 1.5\n"));
    EXPECT_THAT(
        text,
        HasSubstr(
            "# TYPE tutti_jobs_dead_letters_total counter\ntutti_jobs_dead_letters_total 4\n"));
    EXPECT_THAT(text, HasSubstr("\ntutti_jobs_paid_unknown_total 5\n"));
}

TEST(InProcessJobQueue, RecordsAreForgottenAnHourAfterTheEnd) {
    tutti::testing::ManualClock clock;
    jobs::InProcessJobQueue queue({.clock = &clock});
    ASSERT_TRUE(queue.enqueue(std::vector{job("1")}, soon()));
    const auto leased = **queue.claim("w", clock.now());
    clock.advance(30min);
    ASSERT_EQ(*queue.end(leased.lease, jobs::Failed{"why"}, clock.now()), jobs::Hold::held);

    clock.advance(59min);
    EXPECT_TRUE(*queue.status("llm-1", soon()));
    clock.advance(1min);
    EXPECT_FALSE(*queue.status("llm-1", soon()));
}

}  // namespace
}  // namespace tutti::services
