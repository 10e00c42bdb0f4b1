// Waiting for a transcription at a gateway whose queue is on a real Redis; the test plays the
// worker with the commands that job_queue.hpp asks of one.
#include <future>
#include <vector>

#include "integration/api_gateway/two_gateways.hpp"
#include "support/redis_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* recording =
    R"({"attachments":[{"url":"https://cdn.discordapp.com/a.ogg","contentType":"audio/ogg"}]})";

struct Transcript {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Transcript, (), (text))

struct Answer {
    std::string job_id;
    std::string request_id;
    std::string status;
    Transcript result;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (job_id, request_id, status, result, timestamp))

class Transcription : public GatewayTest {
protected:
    void SetUp() override { begin({}); }
    void TearDown() override { gateway_.reset(); }

    void begin(gateway::jobs::JobWaits::Options waits, http::Server::Limits limits = {}) {
        redis_url_ = redis.url();
        auto with = options();
        with.waits = waits;
        with.limits = limits;
        start_with(std::move(with));
    }
    // On a thread of its own.
    std::future<http::Response> wait_for_transcript() {
        return std::async(std::launch::async, [this] {
            return call("POST", "/ai/transcribe?wait=true", {}, recording);
        });
    }
    // The ids of the jobs in the stream, the oldest first.
    std::vector<std::string> jobs() {
        std::vector<std::string> ids;
        const std::string entries = redis.command({"XRANGE", "ai-requests", "-", "+"});
        const std::string name = "jobId\n";
        for (auto at = entries.find(name); at != std::string::npos; at = entries.find(name, at)) {
            at += name.size();
            ids.push_back(entries.substr(at, entries.find('\n', at) - at));
        }
        return ids;
    }
    std::string next_job() {
        EXPECT_TRUE(eventually([this] { return !jobs().empty(); }));
        const auto all = jobs();
        return all.empty() ? "" : all.front();
    }
    void complete_silently(const std::string& id) {
        redis.command({"HSET", "ai-requests:job:" + id, "status", "completed", "progress", "100",
                       "result", R"({"text":"hello there"})"});
    }
    void announce(const std::string& id, const std::string& status) {
        redis.command({"XADD", "ai-requests:finished", "MAXLEN", "~", "1000", "*", "jobId", id,
                       "status", status});
    }
    void complete(const std::string& id) {
        complete_silently(id);
        announce(id, "completed");
    }
    void expect_transcript(const http::Response& response, const std::string& id) {
        ASSERT_EQ(response.status, 200) << response.body;
        const auto answer = read<Answer>(response);
        EXPECT_EQ(answer.job_id, id);
        EXPECT_EQ(answer.job_id, "audio-" + answer.request_id);
        EXPECT_EQ(answer.status, "completed");
        EXPECT_EQ(answer.result.text, "hello there");
        EXPECT_FALSE(answer.timestamp.empty());
    }

    tests::RedisServer redis{{.config = {"appendonly yes", "appendfsync always"}, .password = {}}};
};

// Long enough that only an announcement can be the reason for an answer.
constexpr gateway::jobs::JobWaits::Options by_announcement_only{.poll_every = 1h};

TEST_F(Transcription, WaitsForTheWorkersResult) {
    begin(by_announcement_only);
    auto response = wait_for_transcript();
    const auto id = next_job();
    EXPECT_EQ(response.wait_for(50ms), std::future_status::timeout);

    complete(id);

    expect_transcript(response.get(), id);
}

TEST_F(Transcription, WithoutWaitItIsAnsweredAtOnce) {
    const auto response = call("POST", "/ai/transcribe", {}, recording);

    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body.contains(R"("status":"queued")")) << response.body;
    EXPECT_EQ(jobs().size(), 1U);
}

TEST_F(Transcription, FailureOfTheWorkerIsSaid) {
    begin(by_announcement_only);
    auto response = wait_for_transcript();
    const auto id = next_job();

    redis.command({"HSET", "ai-requests:job:" + id, "status", "failed", "error",
                   "the recording is empty" + std::string(5000, '.')});
    announce(id, "failed");

    const auto failed = response.get();
    expect_error(failed, 500, "JOB_FAILED");
    EXPECT_TRUE(failed.body.contains("the recording is empty")) << failed.body;
    EXPECT_LT(failed.body.size(), 1000U);
}

TEST_F(Transcription, LimitIsATimeout) {
    begin({.limit = 100ms});

    const auto response = wait_for_transcript().get();

    expect_error(response, 500, "JOB_FAILED");
    EXPECT_TRUE(response.body.contains("timed out")) << response.body;
    EXPECT_EQ(jobs().size(), 1U) << "the job itself goes on";
}

TEST_F(Transcription, WorkerThatAnnouncesNothingIsNoticedAllTheSame) {
    begin({.poll_every = 50ms});
    auto response = wait_for_transcript();
    const auto id = next_job();

    complete_silently(id);

    expect_transcript(response.get(), id);
}

TEST_F(Transcription, WaitSurvivesARestartOfRedis) {
    begin({.poll_every = 200ms, .poll_deadline = 500ms});
    auto response = wait_for_transcript();
    const auto id = next_job();

    redis.kill();
    EXPECT_EQ(response.wait_for(500ms), std::future_status::timeout);
    redis.start();
    complete(id);

    expect_transcript(response.get(), id);
}

TEST_F(Transcription, AnnouncementsAreHeardAgainAfterARestart) {
    begin(by_announcement_only);
    auto response = wait_for_transcript();
    const auto id = next_job();

    redis.restart();
    complete(id);

    expect_transcript(response.get(), id);
}

TEST_F(Transcription, JobWhoseRecordIsLostFails) {
    begin({.poll_every = 50ms});
    auto response = wait_for_transcript();

    redis.command({"DEL", "ai-requests:job:" + next_job()});

    expect_error(response.get(), 500, "JOB_FAILED");
}

TEST_F(Transcription, FiftyThatWaitHoldNoWorker) {
    begin(by_announcement_only, {.internal = {.workers = 2}});
    std::vector<std::future<http::Response>> waiting;
    for (int i = 0; i < 50; ++i) waiting.push_back(wait_for_transcript());
    ASSERT_TRUE(eventually([this] { return jobs().size() == 50; }));

    EXPECT_EQ(call("GET", "/user/channel/500").status, 200);
    EXPECT_EQ(call("POST", "/ai/transcribe", {}, recording).status, 200);

    for (const auto& id : jobs()) complete(id);
    for (auto& response : waiting) EXPECT_EQ(response.get().status, 200);
}

TEST_F(Transcription, TooManyThatWaitAreRefusedAndNotQueued) {
    begin(by_announcement_only, {.deferred_max = 1});
    auto first = wait_for_transcript();
    const auto id = next_job();

    expect_error(wait_for_transcript().get(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_EQ(jobs().size(), 1U);
    complete(id);
    expect_transcript(first.get(), id);
}

TEST_F(Transcription, StopAnswersThoseThatWait) {
    auto response = wait_for_transcript();
    (void)next_job();
    const auto before = Boottime::now();

    gateway_->stop();

    EXPECT_EQ(response.get().status, 503);
    EXPECT_LT(Boottime::now() - before, 4s);
}

TEST_F(Transcription, WaitWhoseJobCannotBeQueuedIsAnswered) {
    redis.kill();

    expect_error(wait_for_transcript().get(), 500, "INTERNAL_ERROR");
}

TEST_F(Transcription, MetricsTellWhatHasEndedInBothForms) {
    auto response = wait_for_transcript();
    complete(next_job());
    response.get();
    announce("audio-1", "failed");

    const auto document = send({.path = "/metrics"});
    const auto text = metrics_text();

    EXPECT_EQ(document.status, 200);
    EXPECT_EQ(document.headers.find("Vary"), "Accept");
    EXPECT_TRUE(document.body.starts_with(
        R"({"queue":{"waiting":1,"active":0,"completed":1,"failed":1,"total":1},)"
        R"("cache":{"size":0},"uptime":)"))
        << document.body;
    EXPECT_TRUE(document.body.contains(R"("timestamp":"2)")) << document.body;
    EXPECT_TRUE(text.contains("\ntutti_jobs_completed 1\n")) << text;
}

TEST_F(Transcription, MetricsThatCannotBeAskedAreAnErrorAndNoZeros) {
    redis.kill();

    const auto document = send({.path = "/metrics"});

    expect_error(document, 500, "METRICS_ERROR");
    EXPECT_EQ(document.headers.find("Vary"), "Accept");
    EXPECT_FALSE(metrics_text().contains("tutti_jobs_"));
}

TEST_F(GatewayTest, WaitsWithoutRedisEndAtTheLimit) {
    auto with = options();
    with.waits.limit = 50ms;
    start_with(std::move(with));

    expect_error(call("POST", "/ai/transcribe?wait=true", {}, recording), 500, "JOB_FAILED");
}

}  // namespace
}  // namespace tutti::services
