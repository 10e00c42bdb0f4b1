// What the bots may rely on: the result of a job with a reply channel is a job of theirs, of the
// queue in this process and of the stream on a real Redis: deliveries.hpp. All else that holds of
// jobs is in job_contract_test.cpp.
#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

using State = jobs::PaidCall::State;

class Deliveries : public OnBothWorlds {
protected:
    Deliveries() : OnBothWorlds({.lease = 150ms, .attempts_max = 3, .retry_after = 1ms}) {}

    // A job of a channel ends with that.
    void end_job(const std::string& id, const jobs::JobOutcome& outcome) {
        jobs::Job asked = job(id);
        asked.reply = {.channel = "c-" + id, .reference = "m-" + id};
        ASSERT_TRUE(enqueue({asked}));
        ASSERT_EQ(end(*claim(), outcome), jobs::Hold::held);
    }
    std::optional<jobs::LeasedJob> take(const std::string& bot = "b") {
        auto taken = world->deliveries().claim(bot, Boottime::now());
        EXPECT_TRUE(taken) << taken.error().message();
        return taken ? *std::move(taken) : std::nullopt;
    }
    std::optional<jobs::LeasedJob> take_soon(const std::string& bot = "b") {
        return world->deliveries().claim(bot, soon()).value();
    }
    jobs::PaidCall begin(const jobs::LeasedJob& job) {
        return world->deliveries().begin_paid(job.lease, "say", soon()).value();
    }
    jobs::Hold finish(const jobs::LeasedJob& job, const jobs::JobOutcome& outcome) {
        return world->deliveries().end(job.lease, outcome, soon()).value();
    }
    jobs::QueueMetrics figures() { return world->delivery_queue().metrics(soon()).value(); }
};
TUTTI_ON_BOTH_WORLDS(Deliveries);

TEST_P(Deliveries, AResultComesToOneBotWithItsChannelAndItsReference) {
    end_job("1", jobs::Completed{R"({"content":"hi"})"});
    EXPECT_EQ(figures().waiting, 1U);

    const auto taken = take();

    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->job.job_id, "llm-1");
    EXPECT_EQ(taken->job.request_id, "1");
    EXPECT_EQ(taken->job.name, jobs::delivery_job);
    EXPECT_EQ(taken->job.data, R"({"content":"hi"})");
    EXPECT_EQ(taken->job.reply, (jobs::ReplyTo{.channel = "c-1", .reference = "m-1"}));
    EXPECT_FALSE(take("another"));
    EXPECT_EQ(figures().active, 1U);
}

TEST_P(Deliveries, AFailureComesAsJsonToo) {
    end_job("1", jobs::Failed{.cause = "no \"model\"", .retry = false});

    EXPECT_THAT(take()->job.data,
                AllOf(HasSubstr(R"("success":false)"), HasSubstr(R"("error":"no \"model\"")"),
                      HasSubstr(R"("requestId":"1")")));
}

TEST_P(Deliveries, TheResultOfAJobWithoutAChannelComesToNoBot) {
    ASSERT_TRUE(enqueue({job("1")}));
    ASSERT_EQ(complete(*claim()), jobs::Hold::held);

    EXPECT_FALSE(take());
}

TEST_P(Deliveries, WhatWasDeliveredComesToNoBotAgainAndLeavesNoResult) {
    end_job("1", jobs::Completed{"{}"});

    ASSERT_EQ(finish(*take(), jobs::Completed{R"({"messageId":"9"})"}), jobs::Hold::held);

    EXPECT_FALSE(take());
    EXPECT_EQ(figures().waiting + figures().active, 0U);
    EXPECT_EQ(figures().completed, 1U);
    EXPECT_EQ(figures().dead, 0U);
}

TEST_P(Deliveries, WhatABotLeftBehindComesToAnotherWhichKnowsThatItWasSaid) {
    end_job("1", jobs::Completed{"{}"});
    const auto gone = *take("gone");
    ASSERT_EQ(begin(gone).state, State::begun);
    ASSERT_EQ(*world->deliveries().store_paid(gone.lease, "say", "message 9", soon()),
              jobs::Hold::held);

    const auto taken = take_soon("other");

    ASSERT_TRUE(taken);
    EXPECT_EQ(begin(*taken).state, State::stored);
    EXPECT_EQ(begin(*taken).answer, "message 9");
    EXPECT_EQ(finish(gone, jobs::Completed{"{}"}), jobs::Hold::lost);
    EXPECT_EQ(finish(*taken, jobs::Completed{"{}"}), jobs::Hold::held);
}

TEST_P(Deliveries, WhatABotBeganToSayIsUnknownToTheNextOneAndCounted) {
    end_job("1", jobs::Completed{"{}"});
    ASSERT_EQ(begin(*take("gone")).state, State::begun);

    const auto taken = take_soon("other");

    EXPECT_EQ(begin(*taken).state, State::unknown);
    EXPECT_EQ(begin(*taken).state, State::unknown);
    EXPECT_EQ(figures().unknown_paid, 1U);
}

TEST_P(Deliveries, ARefusedDeliveryIsADeadLetterAtOnce) {
    end_job("1", jobs::Completed{"{}"});

    ASSERT_EQ(finish(*take(), jobs::Failed{.cause = "no such channel", .retry = false}),
              jobs::Hold::held);

    EXPECT_FALSE(take());
    EXPECT_EQ(figures().dead, 1U);
    EXPECT_EQ(figures().failed, 1U);
}

TEST_P(Deliveries, ADeliveryThatFailsIsTriedAgainAndADeadLetterInTheEnd) {
    end_job("1", jobs::Completed{"{}"});

    for (int attempt = 1; attempt <= 3; ++attempt) {
        const auto taken = take_soon();
        ASSERT_TRUE(taken);
        EXPECT_EQ(taken->attempt, attempt);
        ASSERT_EQ(finish(*taken, jobs::Failed{.cause = "Discord is away", .retry = true}),
                  jobs::Hold::held);
    }

    EXPECT_FALSE(take());
    EXPECT_EQ(figures().dead, 1U);
}

TEST_P(Deliveries, AStatusSaysWhereTheReplyGoes) {
    end_job("1", jobs::Completed{"{}"});

    EXPECT_EQ(status("llm-1").request_id, "1");
    EXPECT_EQ(status("llm-1").reply, (jobs::ReplyTo{.channel = "c-1", .reference = "m-1"}));
}

TEST(DeliveriesInProcess, AreBoundedAndWhatIsDroppedIsADeadLetter) {
    auto options = jobs::deliveries_in_process();
    options.waiting_max = 2;
    options.waiting_bytes_max = 100;
    jobs::InProcessJobQueue queue(options);
    const auto take_in = [&](const std::string& id, std::size_t bytes) {
        queue.take_in({.job_id = id,
                       .request_id = id,
                       .name = jobs::delivery_job,
                       .data = std::string(bytes, 'x')});
    };

    take_in("1", 10);
    take_in("1", 10);
    take_in("2", 10);
    take_in("3", 10);
    take_in("4", 95);

    EXPECT_EQ(queue.metrics(soon())->waiting, 1U);
    EXPECT_EQ(queue.metrics(soon())->dead, 3U);
    EXPECT_EQ((*queue.claim("b", Boottime::now()))->job.job_id, "4");
}

class RedisDeliveries : public ::testing::Test {
protected:
    void end_jobs(int count, const std::string& result) {
        for (int i = 0; i < count; ++i) {
            jobs::Job asked = job(std::to_string(next_++));
            asked.reply = {.channel = "c", .reference = "m"};
            ASSERT_TRUE(world.queue().enqueue(std::vector{asked}, soon()));
            const auto leased = **world.source().claim("w", soon());
            ASSERT_EQ(*world.source().end(leased.lease, jobs::Completed{result}, soon()),
                      jobs::Hold::held);
        }
    }
    std::string say(const std::vector<std::string>& words) { return world.server.command(words); }

    RedisJobs world;
    int next_ = 0;
};

TEST_F(RedisDeliveries, TheStreamIsOneForOtherProgramsToo) {
    end_jobs(1, R"({"content":"hi"})");

    EXPECT_THAT(say({"XRANGE", "job-results", "-", "+"}), HasSubstr(R"(result
{"content":"hi"})"));
    EXPECT_EQ(say({"EXISTS", "job-results:job:llm-0"}), "0")
        << "nothing is left of what others read";
    const auto leased = **world.deliveries().claim("b", soon());
    EXPECT_THAT(say({"XINFO", "GROUPS", "job-results"}), HasSubstr("bot-client-results"));
    ASSERT_EQ(*world.deliveries().end(leased.lease, jobs::Completed{"{}"}, soon()),
              jobs::Hold::held);

    EXPECT_EQ(say({"XLEN", "job-results"}), "0");
    EXPECT_EQ(say({"HGET", "job-results:job:llm-0", "data"}), "(nil)");
    EXPECT_GT(std::stoi(say({"TTL", "job-results:job:llm-0"})), 3500);
}

TEST_F(RedisDeliveries, AResultThatIsDroppedUnreadIsADeadLetterAndAReadOneIsNot) {
    end_jobs(1, "{}");
    say({"XGROUP", "CREATE", "job-results", "bot-client-results", "0"});
    const std::string id = say({"XRANGE", "job-results", "-", "+"});
    say({"XREADGROUP", "GROUP", "bot-client-results", "foreign", "STREAMS", "job-results", ">"});
    say({"XACK", "job-results", "bot-client-results", id.substr(0, id.find('\n'))});

    end_jobs(18, std::string(4'000'000, ' '));

    EXPECT_EQ(say({"XLEN", "job-results"}), "17");
    EXPECT_EQ(say({"XLEN", "job-results:dead"}), "1");
    EXPECT_THAT(say({"XRANGE", "job-results:dead", "-", "+"}),
                AllOf(HasSubstr("llm-1\n"), HasSubstr("too many results")));
    EXPECT_EQ(world.delivery_queue().metrics(soon())->dead, 1U);
}

}  // namespace
}  // namespace tutti::services
