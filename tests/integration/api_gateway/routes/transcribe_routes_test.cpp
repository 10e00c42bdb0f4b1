// POST /ai/transcribe: a recording is queued by itself, and its job may be waited for.
#include <future>

#include "integration/api_gateway/routes/ai_routes_fixture.hpp"

namespace tutti::services::gateway::routes {
namespace {

using ::testing::HasSubstr;

struct TranscribeRoutes : AiRoutes {};

constexpr const char* recording =
    R"({"attachments":[{"url":"https://cdn.discordapp.com/a.ogg","contentType":"audio/ogg"}]})";

TEST_F(TranscribeRoutes, RecordingIsQueuedForTheSystemAndAnsweredAtOnce) {
    const auto response = table.post(
        "/ai/transcribe",
        R"({"attachments":[{"url":"https://cdn.discordapp.com/a.ogg","contentType":"audio/ogg"},
                           {"url":"https://cdn.discordapp.com/b.ogg","contentType":"audio/ogg"}]})");

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(body_of(response),
              as_json(R"({"jobId":"audio-1","requestId":"1","status":"queued"})"));
    const auto job = queue.worker.take();
    EXPECT_EQ(job->name, "audio-transcription");
    EXPECT_THAT(job->data, HasSubstr(R"("userId":"system")"));
    EXPECT_THAT(job->data, HasSubstr("a.ogg"));
    EXPECT_FALSE(queue.worker.take().has_value()) << "the first one only";
}

TEST_F(TranscribeRoutes, OnlyARecordingOnDiscordsHostsIsTranscribed) {
    for (
        const char* wrong :
        {"[]", "{}", R"({"attachments":[]})",
         R"({"attachments":[{"url":"https://cdn.discordapp.com/a.png","contentType":"image/png"}]})",
         R"({"attachments":[{"url":"https://elsewhere.example/a.ogg","contentType":"audio/ogg"}]})"}) {
        expect_error(table.post("/ai/transcribe", wrong), 400, "VALIDATION_ERROR");
    }
    EXPECT_FALSE(queue.worker.take().has_value());
}

TEST_F(TranscribeRoutes, RecordingMayBeSomebodys) {
    const std::string body_of_user = std::string(recording).insert(1, R"("userId":"7",)");

    EXPECT_EQ(table.post("/ai/transcribe", body_of_user).status, 200);

    EXPECT_THAT(queue.worker.take()->data, HasSubstr(R"("context":{"userId":"7"})"));
    for (const std::string& user :
         {std::string("5"), std::string("\"\""), '"' + std::string(65, 'x') + '"'}) {
        const auto refused = table.post(
            "/ai/transcribe", std::string(recording).insert(1, "\"userId\":" + user + ','));
        expect_error(refused, 400, "VALIDATION_ERROR");
        EXPECT_THAT(text_of(refused, "message"), HasSubstr("userId"));
    }
}

TEST_F(TranscribeRoutes, WaitingQueuesNothingBeforeItMayBegin) {
    const auto response = table.call(
        {.method = "POST", .path = "/ai/transcribe", .query = "wait=true", .body = recording});

    ASSERT_TRUE(response.later);
    EXPECT_FALSE(queue.worker.take().has_value());
}

TEST_F(TranscribeRoutes, WaitIsAnsweredWithTheJobsResult) {
    std::promise<http::Response> answered;
    const auto response = table.call(
        {.method = "POST", .path = "/ai/transcribe", .query = "wait=true", .body = recording});
    (void)response.later([&](http::Response answer) { answered.set_value(std::move(answer)); });
    const auto job = queue.worker.take();

    queue.worker.finish(job->job_id, services::jobs::Completed{R"({"content":"hi"})"});

    const auto answer = answered.get_future().get();
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(text_of(answer, "status"), "completed");
    EXPECT_EQ(body_of(answer).at("result"), as_json(R"({"content":"hi"})"));
}

}  // namespace
}  // namespace tutti::services::gateway::routes
