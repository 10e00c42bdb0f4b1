#include "api-gateway/jobs/job_waits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <optional>
#include <span>
#include <string>

#include "common/jobs/job_queue_in_process.hpp"
#include "unit/api_gateway/jobs/one_worker.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using namespace std::chrono_literals;

TimePoint soon() { return Boottime::now() + 10s; }

struct Waits : ::testing::Test {
    void begin(const std::string& id) {
        const services::jobs::Job job{
            .job_id = id, .request_id = "r", .name = "audio-transcription", .data = "{}"};
        ASSERT_TRUE(queue.enqueue({&job, 1}, soon()));
        ASSERT_TRUE(worker.take());
    }
    void finish(const std::string& id, const std::string& status = "completed") {
        services::jobs::JobOutcome outcome = services::jobs::Completed{"{}"};
        if (status == "failed") outcome = services::jobs::Failed{"why"};
        worker.finish(id, outcome);
    }
    // The outcome of a wait, as text.
    std::future<std::string> wait(JobWaits& waits, const std::string& id) {
        auto promise = std::make_shared<std::promise<std::string>>();
        auto outcome = promise->get_future();
        forget = waits.wait(id, [promise](const Result<services::jobs::JobStatus>& ended) {
            promise->set_value(ended ? ended->status : ended.error().cause);
        });
        return outcome;
    }

    services::jobs::InProcessJobQueue queue;
    services::testing::OneWorker worker{queue};
    std::function<void()> forget;
};

TEST_F(Waits, EndsWithItsJobAndWithNoOther) {
    JobWaits waits(queue, {.poll_every = 1h});
    begin("a");
    begin("b");
    auto a = wait(waits, "a");
    auto again = wait(waits, "a");
    auto b = wait(waits, "b");

    finish("a", "failed");

    EXPECT_EQ(a.get(), "failed");
    EXPECT_EQ(again.get(), "failed");
    EXPECT_EQ(b.wait_for(20ms), std::future_status::timeout);
    finish("b");
    EXPECT_EQ(b.get(), "completed");
}

TEST_F(Waits, JobThatEndedBeforeIsNotMissed) {
    JobWaits waits(queue, {.poll_every = 1h});
    begin("a");
    finish("a");

    EXPECT_EQ(wait(waits, "a").get(), "completed");
}

TEST_F(Waits, LimitAndLostRecordAreErrors) {
    JobWaits waits(queue, {.limit = 20ms, .poll_every = 1h});
    begin("a");

    EXPECT_EQ(wait(waits, "a").get(), "the job timed out");
    EXPECT_EQ(wait(waits, "unknown").get(), "the job's record is gone");
}

TEST_F(Waits, ForgottenWaitIsNotCalled) {
    JobWaits waits(queue, {.poll_every = 1h});
    begin("a");
    auto forgotten = wait(waits, "a");
    forget();
    forget();
    auto kept = wait(waits, "a");

    finish("a");

    EXPECT_EQ(kept.get(), "completed");
    EXPECT_THROW(forgotten.get(), std::future_error) << "its promise is gone";
}

TEST_F(Waits, CallbackThatThrowsHarmsNobody) {
    JobWaits waits(queue, {.poll_every = 1h});
    begin("a");
    (void)waits.wait(
        "a", [](const Result<services::jobs::JobStatus>&) { throw std::runtime_error("oops"); });
    auto other = wait(waits, "a");

    finish("a");

    EXPECT_EQ(other.get(), "completed");
}

// Every other time, as behind a Redis whose connections are cut again and again.
class FlappingQueue : public services::jobs::JobQueue {
public:
    Result<void> enqueue(std::span<const services::jobs::Job>, TimePoint) override { return {}; }
    Result<std::optional<services::jobs::JobStatus>> status(const std::string&,
                                                            TimePoint) override {
        if (++looks_ % 2 == 1) return fail(Errc::unavailable, "ask", "scripted");
        return services::jobs::JobStatus{.status = looks_ > 40 ? "completed" : "active",
                                         .result = std::nullopt};
    }
    Result<services::jobs::QueueMetrics> metrics(TimePoint) override {
        return services::jobs::QueueMetrics{};
    }
    services::jobs::JobSubscription on_finished(services::jobs::JobFinished) override { return {}; }

private:
    int looks_ = 0;
};

TEST_F(Waits, QueueThatFailsEveryOtherTimeIsOneLineOrTwo) {
    ::testing::internal::CaptureStderr();
    FlappingQueue flapping;
    {
        JobWaits waits(flapping, {.poll_every = 1ms});
        EXPECT_EQ(wait(waits, "a").get(), "completed");
    }

    const std::string said = ::testing::internal::GetCapturedStderr();

    EXPECT_LE(std::ranges::count(said, '\n'), 2) << said;
}

TEST_F(Waits, EndsWithoutCallingWhoStillWaits) {
    std::future<std::string> waiting;
    {
        JobWaits waits(queue, {.poll_every = 1h});
        begin("a");
        waiting = wait(waits, "a");
    }

    EXPECT_THROW(waiting.get(), std::future_error);
    finish("a");
}

}  // namespace
}  // namespace tutti::services::gateway::jobs
