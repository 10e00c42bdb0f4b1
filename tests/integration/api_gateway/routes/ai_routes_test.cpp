#include "api-gateway/routes/ai_routes.hpp"

#include <gmock/gmock.h>

#include <future>
#include <map>
#include <set>

#include "common/jobs/job_queue_in_process.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/temporary_folder.hpp"
#include "unit/api_gateway/jobs/one_worker.hpp"
#include "unit/api_gateway/routes/route_table.hpp"

namespace tutti::services::gateway::routes {
namespace {

using namespace tutti::services::testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* body =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7","channelId":"500"}})";
constexpr const char* key = "maestro:7-500:2cf24dba5fb0a30e";

// Keeps reservations until they are released, or cannot say.
class Reservations final : public jobs::Deduplicator {
public:
    jobs::Reserved reserve(const std::string& key_text, const jobs::JobIds& ids) override {
        events.push_back("reserve");
        if (away) return {.outcome = jobs::Reserved::Outcome::unavailable};
        const auto [found, granted] = held.try_emplace(key_text, ids);
        if (!granted)
            return {.outcome = jobs::Reserved::Outcome::duplicate, .holder = found->second};
        return {.outcome = jobs::Reserved::Outcome::granted,
                .holder = {},
                .release = [this, key_text, ids] {
                    events.push_back("release");
                    const auto mine = held.find(key_text);
                    if (mine != held.end() && mine->second == ids) held.erase(mine);
                }};
    }

    bool away = false;
    std::map<std::string, jobs::JobIds> held;
    std::vector<std::string> events;
};

// The queue in this process, with failures and a look at the order of things.
class ScriptedQueue final : public services::jobs::JobQueue {
public:
    explicit ScriptedQueue(Reservations& reservations) : reservations_(reservations) {}

    Result<void> enqueue(std::span<const services::jobs::Job> jobs, TimePoint deadline) override {
        reservations_.events.push_back("enqueue");
        if (failure != Errc{}) return fail(failure, "enqueue", "scripted");
        return queue.enqueue(jobs, deadline);
    }
    Result<std::optional<services::jobs::JobStatus>> status(const std::string& id,
                                                            TimePoint deadline) override {
        ++lookups;
        if (failure != Errc{}) return fail(failure, "status", "scripted");
        return queue.status(id, deadline);
    }
    Result<services::jobs::QueueMetrics> metrics(TimePoint deadline) override {
        return queue.metrics(deadline);
    }
    services::jobs::JobSubscription on_finished(services::jobs::JobFinished subscriber) override {
        return queue.on_finished(std::move(subscriber));
    }

    services::jobs::InProcessJobQueue queue;
    OneWorker worker{queue};
    Errc failure{};
    int lookups = 0;

private:
    Reservations& reservations_;
};

class Results final : public jobs::JobResults {
public:
    Result<std::optional<jobs::Delivery>> confirm(const std::string& job_id) override {
        if (broken) return fail(Errc::unavailable, "confirm", "a table of ours");
        if (!stored.contains(job_id)) return std::nullopt;
        return jobs::Delivery{.status = "DELIVERED", .repeated = !delivered.insert(job_id).second};
    }

    bool broken = false;
    std::set<std::string> stored{"llm-1"};
    std::set<std::string> delivered;
};

struct AiRoutes : ::testing::Test {
    [[nodiscard]] http::Response generate(const char* text = body) const {
        return table.post("/ai/generate", text);
    }
    [[nodiscard]] http::Response generate_as(const std::string& client_key,
                                             const std::string& message = "hello",
                                             const std::string& personality = "maestro",
                                             const std::string& user = "7") const {
        return table.call({.method = "POST",
                           .path = "/ai/generate",
                           .headers = {{"Idempotency-Key", client_key}},
                           .body = R"({"personality":{"name":")" + personality +
                                   R"("},"message":")" + message + R"(","context":{"userId":")" +
                                   user + R"("}})"});
    }
    void expect_error(const http::Response& response, int status, const char* code) const {
        EXPECT_EQ(response.status, status) << response.body;
        EXPECT_EQ(text_of(response, "error"), code);
    }

    int requests = 0;
    Reservations reservations;
    Reservations by_key;
    ScriptedQueue queue{reservations};
    Results results;
    tests::TemporaryFolder folder;
    std::unique_ptr<attachments::AttachmentStore> store =
        *attachments::AttachmentStore::open({.directory = folder.file("attachments")});
    std::unique_ptr<stand_in::ProviderStandIn> discord = *stand_in::ProviderStandIn::start({});
    attachments::AttachmentDownloads attachments{
        *store, {.public_url = "https://gateway.example", .base_url = discord->url()}};
    jobs::JobWaits waits{queue, {.look_every = 1h}};
    AiParts parts{.queue = queue,
                  .deduplicator = reservations,
                  .by_client_key = by_key,
                  .results = results,
                  .attachments = attachments,
                  .waits = waits,
                  .make_request_id = [this] { return std::to_string(++requests); }};
    RouteTable table{ai_routes(parts)};
};

TEST_F(AiRoutes, FreshRequestIsReservedAndThenQueued) {
    const auto response = generate();

    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(body_of(response), as_json(R"({"jobId":"llm-1","requestId":"1","status":"queued"})"));
    EXPECT_THAT(reservations.events, ElementsAre("reserve", "enqueue"));
    EXPECT_TRUE(reservations.held.contains(key));
    EXPECT_EQ(queue.worker.take()->job_id, "llm-1");
}

TEST_F(AiRoutes, DuplicateIsAnsweredWithTheFirstJobInBothShapes) {
    (void)generate();

    const auto response = generate();

    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response), as_json(R"({"success":true,
        "data":{"jobId":"llm-1","requestId":"1","status":"queued"},
        "jobId":"llm-1","requestId":"1","status":"queued"})"));
    EXPECT_THAT(reservations.events, ElementsAre("reserve", "enqueue", "reserve"));
}

TEST_F(AiRoutes, OtherRequestIsNoDuplicate) {
    EXPECT_EQ(generate().status, 202);
    EXPECT_EQ(
        generate(
            R"({"personality":{"name":"maestro"},"message":"hello!","context":{"userId":"7","channelId":"500"}})")
            .status,
        202);
}

TEST_F(AiRoutes, NothingIsQueuedWhenNobodyCanSay) {
    reservations.away = true;

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_THAT(reservations.events, ElementsAre("reserve"));
}

TEST_F(AiRoutes, FailedEnqueueGivesTheReservationBack) {
    for (const auto& [failure, status] :
         {std::pair{Errc::unavailable, 500}, {Errc::overloaded, 503}, {Errc::refused, 500}}) {
        queue.failure = failure;
        const auto response = generate();

        EXPECT_EQ(response.status, status);
        EXPECT_NE(text_of(response, "requestId"), "(none)");
        EXPECT_FALSE(response.body.contains("scripted"));
        EXPECT_EQ(reservations.events.back(), "release");
        EXPECT_THAT(reservations.held, IsEmpty());
    }
    queue.failure = {};
    EXPECT_EQ(generate().status, 202);
}

TEST_F(AiRoutes, ReservationStaysWhenTheJobMayBeInTheQueue) {
    for (const Errc failure : {Errc::timeout, Errc::protocol, Errc::too_large}) {
        reservations.held.clear();
        queue.failure = failure;
        const auto first = generate();
        expect_error(first, 500, "INTERNAL_ERROR");
        queue.failure = {};

        expect_error(generate(), 503, "SERVICE_UNAVAILABLE");
        EXPECT_FALSE(queue.worker.take());

        // It was on its way, and arrives.
        const std::string request = text_of(first, "requestId");
        const services::jobs::Job job{.job_id = "llm-" + request,
                                      .request_id = request,
                                      .name = "llm-generation",
                                      .data = "{}"};
        ASSERT_TRUE(queue.queue.enqueue({&job, 1}, TimePoint::max()));
        const auto again = generate();
        EXPECT_EQ(again.status, 200);
        EXPECT_EQ(text_of(again, "requestId"), request);
        (void)queue.worker.take();
    }
}

TEST_F(AiRoutes, AReservationWhoseHolderDiedBeforeTheQueueIsNoJob) {
    reservations.held[key] = {.request_id = "dead", .job_id = "llm-dead"};

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_FALSE(queue.worker.take());
    EXPECT_EQ(reservations.held.at(key).job_id, "llm-dead") << "it may still be on the way";
}

TEST_F(AiRoutes, ADuplicateOfWhichTheQueueSaysNothingIsA503) {
    (void)generate();
    queue.failure = Errc::timeout;

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");
}

TEST_F(AiRoutes, WhatAForeignReservationCallsAJobIsNotLookedUp) {
    reservations.held[key] = {.request_id = "x", .job_id = "../1\r\nDEL"};

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_EQ(queue.lookups, 0);
}

TEST_F(AiRoutes, ClientsKeyAloneSaysWhatIsTheSameRequest) {
    EXPECT_EQ(generate_as("try-1").status, 202);

    const auto again = generate_as("try-1", "and now something else");
    const auto meant_twice = generate_as("try-2");

    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(text_of(again, "jobId"), "llm-1");
    EXPECT_EQ(meant_twice.status, 202);
    EXPECT_THAT(reservations.held, IsEmpty()) << "what is in it was not asked about";
    EXPECT_EQ(by_key.held.size(), 2U);
}

TEST_F(AiRoutes, ClientsKeyIsOfOnePersonalityAndUser) {
    EXPECT_EQ(generate_as("k").status, 202);
    EXPECT_EQ(generate_as("k", "hello", "solo").status, 202);
    EXPECT_EQ(generate_as("k", "hello", "maestro", "8").status, 202);
}

TEST_F(AiRoutes, ClientsKeyIsGivenBackWithWhatWasNotQueued) {
    queue.failure = Errc::unavailable;
    EXPECT_EQ(generate_as("k").status, 500);
    queue.failure = {};

    EXPECT_EQ(generate_as("k").status, 202);
}

TEST_F(AiRoutes, ClientsKeyThatIsNoneIsRefused) {
    for (const std::string& key_text :
         {std::string(), std::string("a b"), std::string(256, 'x'), std::string("\xc3\xa4")}) {
        expect_error(generate_as(key_text), 400, "VALIDATION_ERROR");
    }
    EXPECT_EQ(generate_as(std::string(255, 'x')).status, 202);
}

TEST_F(AiRoutes, InvalidRequestTouchesNothing) {
    const auto response = generate(R"({"message":5})");

    expect_error(response, 400, "VALIDATION_ERROR");
    EXPECT_THAT(text_of(response, "message"), HasSubstr("personality: missing"));
    EXPECT_THAT(reservations.events, IsEmpty());
}

TEST_F(AiRoutes, JobIsReadFromItsRecord) {
    (void)generate();
    const auto waiting = table.get("/ai/job/llm-1");
    EXPECT_EQ(waiting.status, 200);
    EXPECT_EQ(text_of(waiting, "jobId"), "llm-1");
    EXPECT_EQ(text_of(waiting, "status"), "waiting");
    EXPECT_TRUE(body_of(waiting).at("result").is_null());
    EXPECT_EQ(body_of(waiting).at("progress"), 0);
    EXPECT_NE(text_of(waiting, "timestamp"), "(none)");

    (void)queue.worker.take();
    queue.worker.finish("llm-1", services::jobs::Completed{R"({"a":[1]})"});

    const auto completed = table.get("/ai/job/llm-1");
    EXPECT_EQ(text_of(completed, "status"), "completed");
    EXPECT_EQ(body_of(completed).at("result"), as_json(R"({"a":[1]})"));
}

TEST_F(AiRoutes, ResultThatIsNotJsonIsLeftOut) {
    (void)generate();
    (void)queue.worker.take();
    queue.worker.finish("llm-1", services::jobs::Completed{"oops"});

    EXPECT_TRUE(body_of(table.get("/ai/job/llm-1")).at("result").is_null());
}

// Each of them would take fifty times as much memory as text, and an infinite one is no JSON.
TEST_F(AiRoutes, ResultThatIsTooMuchOrNoNumberIsLeftOut) {
    std::string many = "[0";
    while (many.size() < (1U << 20U)) many += ",[0]";
    for (const std::string& result : {many + "]", std::string(R"({"n":1e999})")}) {
        (void)generate();
        (void)queue.worker.take();
        queue.worker.finish("llm-1", services::jobs::Completed{result});

        const auto response = table.get("/ai/job/llm-1");

        EXPECT_EQ(text_of(response, "status"), "completed");
        EXPECT_TRUE(body_of(response).at("result").is_null());
    }
}

TEST_F(AiRoutes, UnknownJobIsNotFoundAndNonsenseIsNotLookedUp) {
    expect_error(table.get("/ai/job/llm-9"), 404, "JOB_NOT_FOUND");
    EXPECT_EQ(queue.lookups, 1);

    expect_error(table.get("/ai/job/a%2Ab"), 404, "JOB_NOT_FOUND");
    expect_error(table.get("/ai/job/" + std::string(201, 'a')), 404, "JOB_NOT_FOUND");
    EXPECT_EQ(queue.lookups, 1);
}

TEST_F(AiRoutes, QueueThatDoesNotAnswerIsA500) {
    queue.failure = Errc::timeout;

    expect_error(table.get("/ai/job/llm-1"), 500, "INTERNAL_ERROR");
}

TEST_F(AiRoutes, DeliveryIsConfirmedOnceAndRepeatedHarmlessly) {
    const auto first = table.post("/ai/job/llm-1/confirm-delivery", "");
    const auto second = table.post("/ai/job/llm-1/confirm-delivery", "");

    for (const auto* response : {&first, &second}) {
        EXPECT_EQ(response->status, 200);
        EXPECT_EQ(text_of(*response, "jobId"), "llm-1");
        EXPECT_EQ(text_of(*response, "status"), "DELIVERED");
    }
    EXPECT_NE(text_of(first, "message"), text_of(second, "message"));
    expect_error(table.post("/ai/job/llm-9/confirm-delivery", ""), 404, "JOB_NOT_FOUND");
}

TEST_F(AiRoutes, DatabaseThatFailsIsA500WithoutItsCause) {
    results.broken = true;

    const auto response = table.post("/ai/job/llm-1/confirm-delivery", "");

    expect_error(response, 500, "INTERNAL_ERROR");
    EXPECT_FALSE(response.body.contains("table"));
}

constexpr const char* recording =
    R"({"attachments":[{"url":"https://cdn.discordapp.com/a.ogg","contentType":"audio/ogg"}]})";

TEST_F(AiRoutes, RecordingIsQueuedForTheSystemAndAnsweredAtOnce) {
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

TEST_F(AiRoutes, OnlyARecordingOnDiscordsHostsIsTranscribed) {
    for (
        const char* wrong :
        {"[]", "{}", R"({"attachments":[]})",
         R"({"attachments":[{"url":"https://cdn.discordapp.com/a.png","contentType":"image/png"}]})",
         R"({"attachments":[{"url":"https://elsewhere.example/a.ogg","contentType":"audio/ogg"}]})"}) {
        expect_error(table.post("/ai/transcribe", wrong), 400, "VALIDATION_ERROR");
    }
    EXPECT_FALSE(queue.worker.take().has_value());
}

// With ids that can have files.
struct AiRoutesWithAnImage : AiRoutes {
    static constexpr const char* id = "11111111-2222-4333-8444-555555555555";

    AiRoutesWithAnImage() {
        parts.make_request_id = [] { return std::string(id); };
    }
    [[nodiscard]] http::Response generate() const {
        return RouteTable(ai_routes(parts))
            .post("/ai/generate",
                  R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7",
                "attachments":[{"url":"https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&hm=2",
                                "contentType":"image/png","name":"a.png"}]}})");
    }
};

TEST_F(AiRoutesWithAnImage, ItIsDownloadedBeforeTheJobsAreMade) {
    ASSERT_EQ(generate().status, 202);

    const auto data = as_json(queue.worker.take()->data).at("attachments").at(0);
    EXPECT_EQ(
        data.at("url"),
        "https://gateway.example/temp-attachments/11111111-2222-4333-8444-555555555555/a.png");
    EXPECT_EQ(data.at("originalUrl"), "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&hm=2");
    EXPECT_EQ(store->read(id, "a.png"), "the attachment a.png");
}

TEST_F(AiRoutesWithAnImage, NothingIsDownloadedForWhatIsNotGranted) {
    reservations.away = true;
    EXPECT_EQ(generate().status, 503);
    reservations.away = false;
    reservations.held["maestro:7-dm:2cf24dba5fb0a30e"] = {.request_id = "r", .job_id = "llm-r"};
    const services::jobs::Job job{
        .job_id = "llm-r", .request_id = "r", .name = "llm-generation", .data = "{}"};
    ASSERT_TRUE(queue.queue.enqueue({&job, 1}, TimePoint::max()));

    EXPECT_EQ(generate().status, 200);

    EXPECT_EQ(attachments.metrics().requests, 0U);
    EXPECT_EQ(store->bytes(), 0U);
}

TEST_F(AiRoutesWithAnImage, FilesGoWhenNothingWasQueuedAndStayWhenNobodyKnows) {
    queue.failure = Errc::unavailable;
    EXPECT_EQ(generate().status, 500);
    EXPECT_EQ(attachments.metrics().requests, 1U);
    EXPECT_FALSE(store->read(id, "a.png"));

    queue.failure = Errc::timeout;
    EXPECT_EQ(generate().status, 500);
    EXPECT_TRUE(store->read(id, "a.png"));
}

TEST_F(AiRoutes, RecordingMayBeSomebodys) {
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

TEST_F(AiRoutes, WaitingQueuesNothingBeforeItMayBegin) {
    const auto response = table.call(
        {.method = "POST", .path = "/ai/transcribe", .query = "wait=true", .body = recording});

    ASSERT_TRUE(response.later);
    EXPECT_FALSE(queue.worker.take().has_value());
}

TEST_F(AiRoutes, WaitIsAnsweredWithTheJobsResult) {
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

TEST_F(AiRoutes, AllStandBehindTheSecret) {
    for (const auto& route : table.routes()) EXPECT_EQ(route.access, Access::service);
}

TEST_F(AiRoutes, RequestsAreUuidsUnlessSaidOtherwise) {
    parts.make_request_id = nullptr;
    const RouteTable usual(ai_routes(parts));

    const auto response = usual.post("/ai/generate", body);

    const std::string id = text_of(response, "requestId");
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(text_of(response, "jobId"), "llm-" + id);
}

}  // namespace
}  // namespace tutti::services::gateway::routes
