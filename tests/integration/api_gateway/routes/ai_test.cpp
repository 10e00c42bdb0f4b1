// Submitting requests to running gateways whose reservations and queue are on a real Redis, which
// goes away and comes back.
#include <set>

#include "integration/api_gateway/two_gateways.hpp"
#include "support/certificates.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* hello =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";
constexpr const char* reserved = "dedup:maestro:7-dm:2cf24dba5fb0a30e";

struct Answer {
    std::string job_id;
    std::string request_id;
    std::string status;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (job_id, request_id, status))

class Submission : public TwoGateways {
protected:
    void SetUp() override { start_both(); }

    http::Response generate(std::string body = hello) { return generate_at(url_, std::move(body)); }
    http::Response generate_at(const std::string& url, std::string body = hello) {
        return call_at(url, "POST", "/ai/generate", {}, std::move(body));
    }
    std::string jobs() { return redis.command({"XLEN", "ai-requests"}); }
    std::optional<double> gauge() {
        const std::string body = metrics_text();
        const std::string name = "\ntutti_dedup_reservations ";
        const auto at = body.find(name);
        if (at == std::string::npos) return std::nullopt;
        return std::stod(body.substr(at + name.size()));
    }
};

TEST_F(Submission, RequestReachesTheStreamAndItsJobCanBeFollowed) {
    const auto response = generate();

    ASSERT_EQ(response.status, 202) << response.body;
    const auto answer = read<Answer>(response);
    EXPECT_EQ(answer.job_id, "llm-" + answer.request_id);
    EXPECT_EQ(answer.status, "queued");
    const auto entry = redis.command({"XRANGE", "ai-requests", "-", "+"});
    EXPECT_TRUE(entry.contains("jobId\n" + answer.job_id)) << entry;
    EXPECT_EQ(call("GET", "/ai/job/" + answer.job_id).status, 200);
    EXPECT_TRUE(metrics_text().contains("\ntutti_jobs_waiting 1\n"));
}

TEST_F(Submission, ReservationIsTheDocumentedJsonForFiveSeconds) {
    const auto answer = read<Answer>(generate());

    const auto note = json::read<caches::RequestNote>(redis.command({"GET", reserved}));
    ASSERT_TRUE(note) << note.error().message();
    EXPECT_EQ(note->request_id, answer.request_id);
    EXPECT_EQ(note->job_id, answer.job_id);
    EXPECT_EQ(note->expires_at - note->timestamp, 5000);
    const int left = std::stoi(redis.command({"PTTL", reserved}));
    EXPECT_GT(left, 0);
    EXPECT_LE(left, 5000);
}

TEST_F(Submission, WindowIsASetting) {
    auto with = options();
    with.dedup_window = 30s;
    start_with(std::move(with));

    ASSERT_EQ(generate().status, 202);

    const int left = std::stoi(redis.command({"PTTL", reserved}));
    EXPECT_GT(left, 20'000);
    EXPECT_LE(left, 30'000);
}

TEST_F(Submission, SameRequestAtBothGatewaysAtOnceIsOneJob) {
    const auto responses = at_once(16, [this](const std::string& url) { return generate_at(url); });

    std::multiset<int> statuses;
    std::set<std::string> ids;
    for (const http::Response& response : responses) {
        statuses.insert(response.status);
        if (response.status != 503) ids.insert(read<Answer>(response).job_id);
    }
    EXPECT_EQ(statuses.count(202), 1U);
    // 503: before the first one's job was in the queue.
    EXPECT_EQ(statuses.count(200) + statuses.count(503), 15U);
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(jobs(), "1");
    const auto later = generate_at(second_url_);
    EXPECT_EQ(later.status, 200) << later.body;
    EXPECT_TRUE(ids.contains(read<Answer>(later).job_id));
}

// A client that heard nothing tries at the other gateway, long after the five seconds.
TEST_F(Submission, ClientsKeyIsHeldForAMinuteByBothGateways) {
    http::Request request{.method = "POST", .path = "/ai/generate", .body = hello};
    request.headers.set("X-Service-Auth", secret_text);
    request.headers.set("Idempotency-Key", "hello");
    const auto first = send(url_, request);
    ASSERT_EQ(first.status, 202) << first.body;

    const auto again = send(second_url_, request);

    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(read<Answer>(again).job_id, read<Answer>(first).job_id);
    EXPECT_EQ(jobs(), "1");
    const int left = std::stoi(
        redis.command({"PTTL", "request-key:maestro:7-dm:2cf24dba5fb0a30e26e83b2ac5b9e29e"}));
    EXPECT_GT(left, 50'000);
    EXPECT_LE(left, 60'000);
    EXPECT_EQ(redis.command({"EXISTS", reserved}), "0");
}

TEST_F(Submission, DuplicateDoesNotRenewTheWindow) {
    ASSERT_EQ(generate().status, 202);
    redis.command({"PEXPIRE", reserved, "2000"});

    EXPECT_EQ(generate_at(second_url_).status, 200);

    EXPECT_LE(std::stoi(redis.command({"PTTL", reserved})), 2000);
}

TEST_F(Submission, ReservationOfAnotherProgramIsADuplicateWithItsIds) {
    redis.command({"SET", reserved,
                   R"({"requestId":"r-1","jobId":"llm-r-1","timestamp":1,"expiresAt":5001})", "EX",
                   "60"});
    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");  // so far nothing but a reservation
    redis.command({"HSET", "ai-requests:job:llm-r-1", "status", "waiting"});

    const auto response = generate();

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(read<Answer>(response).job_id, "llm-r-1");
    EXPECT_EQ(read<Answer>(response).request_id, "r-1");
    EXPECT_EQ(jobs(), "0");
}

TEST_F(Submission, ReservationThatCannotBeReadIsHeldAllTheSame) {
    redis.command({"SET", reserved, "{oops", "EX", "60"});

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_EQ(jobs(), "0");
    EXPECT_EQ(redis.command({"GET", reserved}), "{oops");
}

TEST_F(Submission, FailedEnqueueGivesTheReservationBack) {
    redis.command({"SET", "ai-requests", "not a stream"});
    expect_error(generate(), 500, "INTERNAL_ERROR");
    EXPECT_EQ(redis.command({"EXISTS", reserved}), "0");
    redis.command({"DEL", "ai-requests"});

    EXPECT_EQ(generate().status, 202);
}

TEST_F(Submission, NothingIsQueuedWhileRedisIsAwayAndItWorksAfterwards) {
    redis.kill();
    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");
    EXPECT_FALSE(gauge()) << "nobody can say how many there are";

    redis.start();

    EXPECT_EQ(jobs(), "0");
    EXPECT_TRUE(eventually([this] { return generate().status == 202; }));
    EXPECT_EQ(jobs(), "1");
}

TEST_F(Submission, SilentRedisIsA503InTime) {
    redis.pause();
    const TimePoint asked = Boottime::now();

    expect_error(generate(), 503, "SERVICE_UNAVAILABLE");

    EXPECT_LT(Boottime::now() - asked, 5s);
    redis.resume();
}

// What it was asked for while it was silent it does when it wakes, and none of it may count then:
// not for the minute for which a client's key is held, which is longer than this test waits.
TEST_F(Submission, WhatASilentRedisWasAskedForIsTakenBackWhenItWakes) {
    http::Request request{.method = "POST", .path = "/ai/generate", .body = hello};
    request.headers.set("X-Service-Auth", secret_text);
    request.headers.set("Idempotency-Key", "hello");
    redis.pause();
    expect_error(send(url_, request), 503, "SERVICE_UNAVAILABLE");
    redis.resume();

    http::Response again;
    EXPECT_TRUE(eventually([&] {
        again = send(url_, request);
        return again.status != 503;
    }));

    EXPECT_EQ(again.status, 202) << again.body;
    EXPECT_EQ(call("GET", "/ai/job/" + read<Answer>(again).job_id).status, 200);
    EXPECT_EQ(jobs(), "1");
}

TEST_F(Submission, LiveReservationsAreCounted) {
    EXPECT_EQ(gauge(), 0.0);
    redis.command({"SET", "dedup:of:another-dm:program", "{}", "EX", "60"});
    ASSERT_EQ(generate().status, 202);

    EXPECT_TRUE(eventually([this] { return gauge() == 2.0; })) << "counted again within seconds";
}

TEST_F(Submission, LargeConversationFits) {
    const std::string history(6U << 20U, 'x');

    const auto response = generate(
        R"({"personality":{"name":"maestro"},"message":"hi","context":{"userId":"7","history":")" +
        history + "\"}}");

    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_EQ(jobs(), "1");
}

TEST_F(Submission, DeliveryIsConfirmedInTheDatabase) {
    EXPECT_EQ(call("POST", "/ai/job/llm-1/confirm-delivery").status, 404);
    execute(
        "INSERT INTO job_results (job_id, request_id, result, created_at) "
        "VALUES ('llm-1', 'r', '{}', '2026-01-01T00:00:00.000Z')");

    EXPECT_EQ(call("POST", "/ai/job/llm-1/confirm-delivery").status, 200);
}

TEST_F(Submission, NeedsTheSecret) {
    expect_error(send({.method = "POST", .path = "/ai/generate", .body = hello}), 403,
                 "UNAUTHORIZED");
    expect_error(send({.path = "/ai/job/llm-1"}), 403, "UNAUTHORIZED");
}

TEST_F(GatewayTest, RedisOverTlsServesCachesReservationsAndQueue) {
    const std::filesystem::path folder = folder_.file("");
    tests::CertificateAuthority authority(folder);
    const auto files = authority.issue("server", "IP:127.0.0.1");
    const auto port = std::to_string(tests::free_port());
    tests::RedisServer server(
        {.config = {"tls-port " + port, "tls-cert-file " + files.certificate,
                    "tls-key-file " + files.key, "tls-ca-cert-file " + authority.file(),
                    "tls-auth-clients no"},
         .password = {}});
    redis_url_ = "rediss://127.0.0.1:" + port + "?ca=" + authority.file();
    start({});

    EXPECT_EQ(call("POST", "/ai/generate", {}, hello).status, 202);

    EXPECT_EQ(server.command({"XLEN", "ai-requests"}), "1");
    EXPECT_EQ(server.command({"EXISTS", reserved}), "1");
    gateway_.reset();
}

TEST_F(GatewayTest, WithoutRedisRequestsAreQueuedInTheProcess) {
    const auto first = call("POST", "/ai/generate", {}, hello);

    EXPECT_EQ(first.status, 202) << first.body;
    EXPECT_EQ(call("POST", "/ai/generate", {}, hello).status, 200);
    EXPECT_EQ(call("GET", "/ai/job/" + read<Answer>(first).job_id).status, 200);
    EXPECT_TRUE(metrics_text().contains("\ntutti_dedup_reservations 1\n"));
}

}  // namespace
}  // namespace tutti::services
