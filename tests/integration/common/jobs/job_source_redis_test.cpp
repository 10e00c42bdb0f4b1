// What only a queue on Redis can meet: what others do to its keys, memory that is full, answers
// that are lost.
#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RedisJobSource : public OnRedis {
protected:
    RedisJobSource() : OnRedis({.retry_after = 1ms}) {}

    std::optional<jobs::LeasedJob> claim(const std::string& worker = "w") {
        return world.source().claim(worker, Boottime::now()).value();
    }
    // Enqueues and claims that many.
    std::vector<jobs::LeasedJob> claim_many(int count) {
        std::vector<jobs::LeasedJob> leased;
        for (int i = 0; i < count; ++i) {
            enqueue({job(std::to_string(i))});
            leased.push_back(*claim("busy"));
        }
        return leased;
    }
    std::string consumers() { return say({"XINFO", "CONSUMERS", "jobs", "workers"}); }

    std::unique_ptr<redis::RedisClient> client_ =
        *redis::RedisClient::create({.url = world.server.url()});
    std::unique_ptr<redis::RedisClient> waiting_ =
        *redis::RedisClient::create({.url = world.server.url()});
};

TEST_F(RedisJobSource, ATicketThatNamesNoJobIsADeadLetterAtOnce) {
    say({"XADD", "jobs", "*", "hello", "world"});
    say({"XADD", "jobs", "*", "jobId", "lost"});
    enqueue({job("1")});

    EXPECT_EQ(claim()->job.job_id, "llm-1");

    EXPECT_THAT(dead(), AllOf(HasSubstr("cause\nthe entry names no job"), HasSubstr("jobId\nlost"),
                              HasSubstr("cause\nits record is gone")));
    EXPECT_EQ(world.queue().metrics(soon())->dead, 2U);
    EXPECT_EQ(say({"XLEN", "jobs"}), "1");
    EXPECT_EQ(say({"XPENDING", "jobs", "workers"}).substr(0, 1), "1");
}

TEST_F(RedisJobSource, AJobWithoutItsDataFailsAtOnceAndItsParentGoesOn) {
    enqueue({job("a"), parent_of("p", {"a"})});
    say({"HDEL", "jobs:job:llm-a", "data"});

    const auto parent = claim();

    ASSERT_TRUE(parent);
    EXPECT_EQ(parent->job.job_id, "llm-p");
    EXPECT_EQ((*world.queue().status("llm-a", soon()))->status, "failed");
    EXPECT_THAT(dead(), HasSubstr("cause\nits record has no name or no data"));
}

TEST_F(RedisJobSource, ManyUnreadableTicketsHoldUpNoJob) {
    for (int i = 0; i < 200; ++i) say({"XADD", "jobs", "*", "hello", "world"});
    enqueue({job("1")});

    const auto leased = world.source().claim("w", soon()).value();

    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->job.job_id, "llm-1");
    EXPECT_EQ(world.queue().metrics(soon())->dead, 200U);
}

TEST_F(RedisJobSource, ADeadLetterSaysWhyAndKeepsNoConversation) {
    jobs::Job secret = job("1");
    secret.data = R"({"userApiKey":"sk-secret"})";
    enqueue({secret});
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto leased = world.source().claim("w", soon()).value();
        end(*leased, jobs::Failed{.cause = "the model is away", .retry = true});
    }

    EXPECT_THAT(dead(), AllOf(HasSubstr("jobId\nllm-1\nrequestId\n1\nname\nllm-generation\n"
                                        "attempts\n3\ncause\nthe model is away"),
                              Not(HasSubstr("sk-secret"))));
    EXPECT_THAT(say({"HGETALL", "jobs:job:llm-1"}), Not(HasSubstr("sk-secret")));
}

TEST_F(RedisJobSource, DeadLettersAreBounded) {
    say({"EVAL", "for i = 1, 1500 do redis.call('XADD', 'jobs', '*', 'x', 'y') end", "0"});

    EXPECT_FALSE(world.source().claim("w", Boottime::now() + 2s).value());

    EXPECT_EQ(say({"XLEN", "jobs:dead"}), "1000");
    EXPECT_EQ(world.queue().metrics(soon())->dead, 1500U);
}

TEST_F(RedisJobSource, APageOfLeasesThatStandIsNotTheEndOfTheScan) {
    const auto leased = claim_many(45);
    ASSERT_EQ(*world.source().give_back(leased.back().lease, soon()), jobs::Hold::held);

    EXPECT_EQ(claim("other")->job.job_id, leased.back().job.job_id);
}

TEST_F(RedisJobSource, TicketsThatWereDeletedAreNotTheEndOfTheScan) {
    const auto leased = claim_many(45);
    for (std::size_t i = 0; i + 1 < leased.size(); ++i) {
        say({"XDEL", "jobs", leased[i].lease.ticket});
    }
    ASSERT_EQ(*world.source().give_back(leased.back().lease, soon()), jobs::Hold::held);

    EXPECT_EQ(claim("other")->job.job_id, leased.back().job.job_id);
}

TEST_F(RedisJobSource, AGroupThatIsGoneIsMadeAgainAndSaidSo) {
    enqueue({job("1")});
    const auto before = *claim("first");
    ::testing::internal::CaptureStderr();

    say({"XGROUP", "DESTROY", "jobs", "workers"});
    const auto after = claim("second");
    const std::string said = ::testing::internal::GetCapturedStderr();

    ASSERT_TRUE(after) << "a new group begins with the oldest ticket";
    EXPECT_THAT(said, HasSubstr("the group of workers was gone"));
    EXPECT_EQ(end(before, jobs::Completed{"1"}), jobs::Hold::lost);
    EXPECT_EQ(end(*after, jobs::Completed{"2"}), jobs::Hold::held);
}

TEST_F(RedisJobSource, AWorkerIsForgottenWhenNothingOfItsIsPending) {
    auto source = jobs::RedisJobSource(*client_, *waiting_,
                                       {.queue = "jobs", .forget_after = std::chrono::hours{1}});
    enqueue({job("1"), job("2")});
    const auto held = **source.claim("holds", soon());
    const auto ended = **source.claim("ended", soon());
    ASSERT_EQ(*source.end(ended.lease, jobs::Completed{"{}"}, soon()), jobs::Hold::held);

    EXPECT_EQ(*source.reap("holds", soon()), 0U);
    EXPECT_THAT(consumers(), AllOf(HasSubstr("holds"), HasSubstr("ended")));
    EXPECT_EQ(*source.reap("ended", soon()), 1U);

    EXPECT_THAT(consumers(), AllOf(HasSubstr("holds"), Not(HasSubstr("ended"))));
    EXPECT_EQ(*source.end(held.lease, jobs::Completed{"{}"}, soon()), jobs::Hold::held);
}

TEST_F(RedisJobSource, WorkersThatAreGoneAreForgottenAndTheirJobsAreNot) {
    auto source =
        jobs::RedisJobSource(*client_, *waiting_, {.queue = "jobs", .forget_after = 50ms});
    enqueue({job("0"), job("1")});
    (void)**source.claim("died", soon());
    for (int i = 0; i < 20; ++i) {
        const auto leased = **source.claim("pod-" + std::to_string(i), soon());
        ASSERT_EQ(*source.give_back(leased.lease, soon()), jobs::Hold::held);
    }

    std::size_t forgotten = 0;
    EXPECT_TRUE(eventually([&] { return (forgotten += *source.reap({}, soon())) == 20U; }));

    EXPECT_THAT(consumers(), AllOf(HasSubstr("died"), Not(HasSubstr("pod-"))));
    EXPECT_EQ(say({"XPENDING", "jobs", "workers"}).substr(0, 1), "2");
}

TEST_F(RedisJobSource, AClaimWhoseAnswerWasLostGetsTheSameJobAgain) {
    const auto client = *redis::RedisClient::create(
        {.url = world.server.url(), .command_timeout = std::chrono::milliseconds(100)});
    jobs::RedisJobSource source(*client, *waiting_, {.queue = "jobs"});
    ASSERT_FALSE(*source.claim("w", Boottime::now()));
    enqueue({job("1"), job("2")});

    world.server.pause();
    EXPECT_EQ(source.claim("w", Boottime::now()).error().code, Errc::timeout);
    world.server.resume();
    ASSERT_TRUE(eventually([&] { return world.queue().metrics(soon())->active == 1U; }));

    const auto leased = source.claim("w", soon()).value();
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->job.job_id, "llm-1");
    EXPECT_EQ(leased->attempt, 1);
    EXPECT_EQ(end(*leased, jobs::Completed{"{}"}), jobs::Hold::held);
    EXPECT_EQ(source.claim("w", soon()).value()->job.job_id, "llm-2");
}

TEST_F(RedisJobSource, AnEndStandsWhateverKeepsTheNextJobFromBeingClaimed) {
    enqueue({job("1")});
    const auto leased = *claim();
    say({"XADD", "jobs", "*", "hello", "world"});
    say({"SET", "jobs:dead", "no stream"});

    const auto ended = world.source().end_and_claim(leased.lease, jobs::Completed{"{}"},
                                                    {.worker = "w", .token = "t"}, soon());

    ASSERT_TRUE(ended) << ended.error().message();
    EXPECT_EQ(ended->hold, jobs::Hold::held);
    EXPECT_FALSE(ended->next);
    EXPECT_EQ((*world.queue().status("llm-1", soon()))->status, "completed");
}

TEST_F(RedisJobSource, WhenMemoryIsFullJobsEndAndNoneIsEnqueued) {
    enqueue({job("1"), job("2")});
    const auto leased = *claim();
    say({"CONFIG", "SET", "maxmemory", "1"});

    EXPECT_EQ(world.queue().enqueue(std::vector{job("3")}, soon()).error().code, Errc::overloaded);
    EXPECT_EQ(*world.source().renew(leased.lease, soon()), jobs::Hold::held);
    EXPECT_EQ(end(leased, jobs::Completed{"{}"}), jobs::Hold::held);
    EXPECT_EQ(claim()->job.job_id, "llm-2");
}

TEST_F(RedisJobSource, WhatAParentWillReadIsKeptUntilItHasEnded) {
    enqueue({job("a"), parent_of("p", {"a"})});
    const auto ttl = [&](const std::string& id) {
        return std::stoi(say({"TTL", "jobs:job:" + id}));
    };
    end(*claim(), jobs::Completed{"\"A\""});
    EXPECT_GT(ttl("llm-a"), 100'000);

    end(*claim(), jobs::Completed{"\"P\""});

    EXPECT_LE(ttl("llm-a"), 3600);
    EXPECT_GT(ttl("llm-a"), 3590);
    EXPECT_LE(ttl("llm-p"), 3600);
}

TEST_F(RedisJobSource, AFailureReachesTheBotsAsJson) {
    jobs::Job asked = job("1");
    asked.reply = {.channel = "c", .reference = "m"};
    enqueue({asked, job("2")});
    end(*claim(), jobs::Failed{"no \"model\""});
    end(*claim(), jobs::Completed{"{}"});

    EXPECT_EQ(say({"XLEN", "job-results"}), "1") << "a job without a channel is nobody's";
    EXPECT_THAT(say({"XRANGE", "job-results", "-", "+"}),
                AllOf(HasSubstr(R"("success":false)"), HasSubstr(R"("error":"no \"model\"")"),
                      HasSubstr(R"("requestId":"1")")));
}

TEST_F(RedisJobSource, WhatWasCountedOfALostRecordIsForgottenWhenNothingWaits) {
    enqueue({job("1"), job("2")});
    say({"DEL", "jobs:job:llm-1", "jobs:job:llm-2"});
    EXPECT_EQ(world.queue().metrics(soon())->waiting, 2U);

    EXPECT_FALSE(claim());

    EXPECT_EQ(world.queue().metrics(soon())->waiting, 0U);
}

// What docs/operations.md tells an operator to grant.
TEST_F(RedisJobSource, NeedsNoMorePermissionsThanDocumented) {
    say({"ACL",           "SETUSER",      "worker",         "on",
         ">pw",           "+eval",        "+evalsha",       "+xadd",
         "+hset",         "+hget",        "+hmget",         "+hdel",
         "+hkeys",        "+hincrby",     "+exists",        "+expire",
         "+time",         "+xinfo",       "+xgroup",        "+xread",
         "+xlen",         "+xreadgroup",  "+xautoclaim",    "+xclaim",
         "+xpending",     "+xrange",      "+xack",          "+xdel",
         "~jobs",         "~jobs:job:*",  "~jobs:finished", "~jobs:dead",
         "~jobs:figures", "~job-results", "~job-results:*"});
    const auto worker =
        world.worker("redis://worker:pw@127.0.0.1:" + std::to_string(world.server.port()));
    auto& source = *worker.source;
    jobs::Job asked = parent_of("p", {"a"});
    asked.reply = {.channel = "c", .reference = "m"};
    enqueue({job("a"), asked});

    const auto child = **source.claim("w", soon());
    EXPECT_TRUE(source.renew(child.lease, soon()));
    EXPECT_TRUE(source.begin_paid(child.lease, "call", soon()));
    EXPECT_TRUE(source.store_paid(child.lease, "call", "answer", soon()));
    EXPECT_TRUE(source.cancel_paid(child.lease, "call", soon()));
    EXPECT_TRUE(source.give_back(child.lease, soon()));
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto again = **source.claim("w", soon());
        EXPECT_TRUE(source.end(again.lease, jobs::Failed{.cause = "x", .retry = true}, soon()));
    }
    const auto parent = **source.claim("w", soon());
    EXPECT_TRUE(source.children(parent.job, soon()));
    EXPECT_TRUE(source.end(parent.lease, jobs::Completed{"{}"}, soon()));
    EXPECT_FALSE(*source.claim("w", Boottime::now() + 100ms));
    EXPECT_TRUE(source.reap("w", soon()));
}

}  // namespace
}  // namespace tutti::services
