// Submitting requests to a running gateway whose queue is on a real Redis, which goes away and comes back.
#include <map>
#include <mutex>

#include "api-gateway/ai_routes.hpp"
#include "support.hpp"
#include "support/redis_server.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* hello =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";

struct Answer {
    std::string job_id;
    std::string request_id;
    std::string status;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (job_id, request_id, status))

// Holds reservations until they are released. Any thread.
class Reservations final : public Deduplicator {
public:
    Reservation reserve(const std::string& key, const JobIds& ids) override {
        const std::lock_guard lock(mutex_);
        const auto [found, granted] = held_.try_emplace(key, ids);
        return {
            .outcome = granted ? Reservation::Outcome::granted : Reservation::Outcome::duplicate,
            .holder = found->second};
    }
    void release(const std::string& key, const JobIds& ids) override {
        const std::lock_guard lock(mutex_);
        const auto found = held_.find(key);
        if (found != held_.end() && found->second == ids) held_.erase(found);
    }

private:
    std::mutex mutex_;
    std::map<std::string, JobIds> held_;
};

class NoResults final : public JobResults {
public:
    Result<std::optional<Delivery>> confirm(const std::string&) override { return std::nullopt; }
};

class Submission : public GatewayTest {
protected:
    void SetUp() override {
        start({}, ai_routes({.queue = queue, .deduplicator = reservations, .results = results}));
    }
    void TearDown() override { gateway_.reset(); }

    HttpResponse generate(std::string body = hello) {
        return call("POST", "/ai/generate", {}, std::move(body));
    }

    tests::RedisServer server;
    std::unique_ptr<RedisClient> redis = *RedisClient::create({.url = server.url()});
    RedisJobQueue queue{*redis, {.queue = "ai-requests"}};
    Reservations reservations;
    NoResults results;
};

TEST_F(Submission, RequestReachesTheStreamAndItsJobCanBeFollowed) {
    const auto response = generate();

    ASSERT_EQ(response.status, 202) << response.body;
    const auto answer = read<Answer>(response);
    EXPECT_EQ(answer.job_id, "llm-" + answer.request_id);
    EXPECT_EQ(answer.status, "queued");
    const auto entry = server.command({"XRANGE", "ai-requests", "-", "+"});
    EXPECT_TRUE(entry.contains("jobId\n" + answer.job_id)) << entry;
    EXPECT_EQ(call("GET", "/ai/job/" + answer.job_id).status, 200);
}

TEST_F(Submission, SameRequestIsOneJob) {
    const auto first = read<Answer>(generate());

    const auto second = generate();

    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(read<Answer>(second).job_id, first.job_id);
    EXPECT_EQ(server.command({"XLEN", "ai-requests"}), "1");
}

TEST_F(Submission, LargeConversationFits) {
    const std::string history(6U << 20U, 'x');

    const auto response = generate(
        R"({"personality":{"name":"maestro"},"message":"hi","context":{"userId":"7","history":")" +
        history + "\"}}");

    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_EQ(server.command({"XLEN", "ai-requests"}), "1");
}

TEST_F(Submission, FailsWhileRedisIsAwayAndWorksAfterwards) {
    server.kill();
    expect_error(generate(), 500, "INTERNAL_ERROR");

    server.start();

    EXPECT_EQ(generate().status, 202);
}

TEST_F(Submission, NeedsTheSecret) {
    expect_error(send({.method = "POST", .path = "/ai/generate", .body = hello}), 403,
                 "UNAUTHORIZED");
    expect_error(send({.path = "/ai/job/llm-1"}), 403, "UNAUTHORIZED");
}

}  // namespace
}  // namespace tutti::services
