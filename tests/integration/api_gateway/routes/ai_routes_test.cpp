#include "api-gateway/routes/ai_routes.hpp"

#include "integration/api_gateway/routes/ai_routes_fixture.hpp"

namespace tutti::services::gateway::routes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* key = "maestro:7-500:2cf24dba5fb0a30e";

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
    const auto first = generate_as("try-1");
    EXPECT_EQ(first.status, 202);

    const auto again = generate_as("try-1", "and now something else");
    const auto meant_twice = generate_as("try-2");

    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(text_of(again, "jobId"), text_of(first, "jobId"));
    EXPECT_EQ(meant_twice.status, 202);
    EXPECT_THAT(reservations.held, IsEmpty()) << "what is in it was not asked about";
    EXPECT_EQ(by_key.held.size(), 2U);
}

TEST_F(AiRoutes, ClientsKeyHasOneJobAsLongAsTheQueueKnowsIt) {
    const auto first = generate_as("try-1");
    by_key.held.clear();  // its window is over

    const auto again = generate_as("try-1");

    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(text_of(again, "jobId"), text_of(first, "jobId"));
    EXPECT_TRUE(queue.worker.take());
    EXPECT_FALSE(queue.worker.take()) << "one job";
}

TEST_F(AiRoutes, ResultThatNoGatewayHasKeptIsKeptWhenItsDeliveryIsConfirmed) {
    (void)generate_as("try-1");
    const auto job = *queue.worker.take();
    expect_error(table.post("/ai/job/" + job.job_id + "/confirm-delivery", ""), 404,
                 "JOB_NOT_FOUND");
    queue.worker.finish(job.job_id, services::jobs::Completed{R"({"content":"hi"})"});
    EXPECT_EQ(text_of(table.get("/ai/job/" + job.job_id), "delivery"), "(none)");

    const auto confirmed = table.post("/ai/job/" + job.job_id + "/confirm-delivery", "");

    EXPECT_EQ(confirmed.status, 200);
    EXPECT_EQ(results.kept.at(job.job_id).result, R"({"content":"hi"})");
    EXPECT_EQ(results.kept.at(job.job_id).request_id, job.request_id);
    EXPECT_EQ(text_of(table.get("/ai/job/" + job.job_id), "delivery"), "DELIVERED");
}

TEST_F(AiRoutes, JobThatTheQueueHasForgottenIsReadFromTheDatabase) {
    results.kept["llm-8"] = {.job_id = "llm-8", .request_id = "8", .result = R"({"content":"hi"})"};
    results.kept["llm-9"] = {
        .job_id = "llm-9", .request_id = "9", .result = R"({"success":false})"};

    EXPECT_EQ(text_of(table.get("/ai/job/llm-8"), "status"), "completed");
    EXPECT_EQ(text_of(table.get("/ai/job/llm-8"), "delivery"), "PENDING_DELIVERY");
    EXPECT_THAT(table.get("/ai/job/llm-8").body, HasSubstr(R"("content":"hi")"));
    EXPECT_EQ(text_of(table.get("/ai/job/llm-9"), "status"), "failed");
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

TEST_F(AiRoutes, AllStandBehindTheSecret) {
    for (const auto& route : table.routes()) EXPECT_EQ(route.access, Access::service);
}

TEST_F(AiRoutes, RequestsAreUuidsUnlessSaidOtherwise) {
    parts.make_request_id = nullptr;
    const RouteTable usual(ai_routes(parts));

    const auto response = usual.post("/ai/generate", generate_body);

    const std::string id = text_of(response, "requestId");
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(text_of(response, "jobId"), "llm-" + id);
}

}  // namespace
}  // namespace tutti::services::gateway::routes
