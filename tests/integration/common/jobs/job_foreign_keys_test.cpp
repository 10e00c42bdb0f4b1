// What others make of the queue's keys, and what stays in them: records that are too large or of
// another type, jobs whose ids are known, results that nobody reads.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/jobs/job_runner.hpp"
#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ForeignKeys : public OnRedis {
protected:
    ForeignKeys() : OnRedis({.lease = 500ms, .retry_after = 1ms}) {}

    jobs::LeasedJob claim() { return world.source().claim("w", soon()).value().value(); }
    jobs::Hold complete(const jobs::LeasedJob& job, const std::string& result = "{}") {
        return end(job, jobs::Completed{result});
    }
    std::string status(const std::string& id) {
        const auto found = world.queue().status(id, soon());
        return found && *found ? (*found)->status : "(none)";
    }
    static jobs::Job for_bots(const std::string& id) {
        jobs::Job asked = job(id);
        asked.reply = {.channel = "c", .reference = "m"};
        return asked;
    }
    void leave_results(int count, std::size_t bytes) {
        for (int i = 0; i < count; ++i) {
            enqueue({for_bots(std::to_string(next_++))});
            ASSERT_EQ(complete(claim(), '"' + std::string(bytes, 'x') + '"'), jobs::Hold::held);
        }
    }

private:
    int next_ = 0;
};

TEST_F(ForeignKeys, AJobThatIsTooLargeForAnAnswerHoldsUpNoOther) {
    enqueue({job("large"), job("2")});
    say({"EVAL", "redis.call('HSET', 'jobs:job:llm-large', 'data', string.rep('x', 32 * 1048576))",
         "0"});

    EXPECT_EQ(claim().job.job_id, "llm-2");

    EXPECT_EQ(status("llm-large"), "failed");
    EXPECT_THAT(dead(), HasSubstr("cause\nit is larger than what a worker can be told"));
}

TEST_F(ForeignKeys, TheLargestJobThatIsTakenInIsHandedOut) {
    enqueue({large_job("1", domain::plan_bytes_max - 1000)});

    EXPECT_EQ(claim().job.data.size(), domain::plan_bytes_max - 1000);
}

TEST_F(ForeignKeys, ARecordThatIsNoHashIsADeadLetter) {
    enqueue({job("1"), job("2")});
    say({"SET", "jobs:job:llm-1", "foreign"});

    EXPECT_EQ(claim().job.job_id, "llm-2");

    EXPECT_THAT(dead(),
                AllOf(HasSubstr("jobId\nllm-1"), HasSubstr("cause\nits record is no hash")));
}

TEST_F(ForeignKeys, AJobWhoseRecordBecameNoHashIsLostAndItsParentsRecordTheSame) {
    enqueue({job("1"), job("a"), parent_of("p", {"a"})});
    const auto first = claim();
    const auto child = claim();

    say({"SET", "jobs:job:llm-1", "foreign"});
    say({"SET", "jobs:job:llm-p", "foreign"});

    EXPECT_EQ(complete(first), jobs::Hold::lost);
    EXPECT_EQ(*world.source().renew(first.lease, soon()), jobs::Hold::lost);
    EXPECT_EQ(*world.source().give_back(first.lease, soon()), jobs::Hold::lost);
    EXPECT_EQ(*world.source().store_paid(first.lease, "c", "x", soon()), jobs::Hold::lost);
    EXPECT_EQ(*world.source().cancel_paid(first.lease, "c", soon()), jobs::Hold::lost);
    EXPECT_EQ(complete(child), jobs::Hold::held);
}

TEST_F(ForeignKeys, AChildThatCannotBeReadSpendsAttempts) {
    enqueue({job("a"), parent_of("p", {"a"})});
    ASSERT_EQ(complete(claim()), jobs::Hold::held);
    say({"SET", "jobs:job:llm-a", "foreign"});

    jobs::JobRunner runner(
        world.source(),
        [](const jobs::Job&, const jobs::JobContext&) { return jobs::Completed{"{}"}; },
        {.worker = "w", .lease = 500ms, .block = 100ms});

    EXPECT_TRUE(eventually([&] { return status("llm-p") == "failed"; }));
    EXPECT_EQ(runner.figures().attempts, 3U);
    EXPECT_THAT(dead(), HasSubstr("WRONGTYPE"));
}

TEST_F(ForeignKeys, ResultsThatNobodyReadsAreBoundedInBytes) {
    leave_results(20, 4'000'000);

    const auto length = [&] { return std::stoi(say({"XLEN", "job-results"})); };
    EXPECT_LE(std::stoull(say({"MEMORY", "USAGE", "job-results"})), 72U << 20U);
    EXPECT_EQ(length(), 17) << "64 MiB, and the oldest";
    leave_results(10, 1000);
    EXPECT_EQ(length(), 27) << "small ones push out no large ones";
}

TEST_F(ForeignKeys, ResultsThatWereReadAreNotCounted) {
    leave_results(16, 4'000'000);
    say({"XTRIM", "job-results", "MAXLEN", "2"});

    leave_results(10, 4'000'000);

    EXPECT_EQ(say({"XLEN", "job-results"}), "12");
    say({"DEL", "job-results"});
    leave_results(16, 4'000'000);
    EXPECT_EQ(say({"XLEN", "job-results"}), "16");
}

TEST_F(ForeignKeys, AResultThatCannotBeLeftForTheBotsIsADeadLetterAndTheJobHasEnded) {
    enqueue({for_bots("1")});
    say({"SET", "job-results", "foreign"});

    EXPECT_EQ(complete(claim()), jobs::Hold::held);

    EXPECT_EQ(status("llm-1"), "completed");
    EXPECT_THAT(dead(),
                AllOf(HasSubstr("could not be left in job-results"), HasSubstr("WRONGTYPE")));
    EXPECT_EQ(say({"XLEN", "jobs:finished"}), "1");
    EXPECT_EQ(say({"XLEN", "jobs"}), "0");
}

}  // namespace
}  // namespace tutti::services
