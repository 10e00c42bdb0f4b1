// The keys that the gateway owns, with an unmodified ioredis at the other end: it reads what the
// gateway wrote, and the gateway believes what it wrote.
#include <gmock/gmock.h>

#include <future>

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include "common/domain/model_catalogue.hpp"
#include "integration/api_gateway/two_gateways.hpp"
#include "provider-stand-in/catalogue.hpp"
#include "support/line_process.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Le;
using ::testing::MatchesRegex;

namespace json_lib = boost::json;

constexpr const char* document = "openrouter:models";
constexpr const char* reserved = "dedup:maestro:7-dm:2cf24dba5fb0a30e";
constexpr const char* hello =
    R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";

struct Answer {
    std::string job_id;
    std::string request_id;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (job_id, request_id))

struct Status {
    std::string status;
    int progress = 0;
};
BOOST_DESCRIBE_STRUCT(Status, (), (status, progress))

struct Count {
    std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (count))

class Keys : public TwoGateways {
protected:
    void SetUp() override {
        ASSERT_EQ(peer_.read(), "ready");
        start_one();
    }

    // A method of ioredis and its arguments; what it answered.
    json_lib::value ioredis(const json_lib::array& words) {
        peer_.write("call " + json_lib::serialize(words));
        const std::string line = peer_.read();
        EXPECT_TRUE(line.starts_with("reply ")) << line;
        return json_lib::parse(line.substr(line.find(' ') + 1));
    }
    std::string text(const json_lib::array& words) {
        return json_lib::value_to<std::string>(ioredis(words));
    }
    http::Response generate() { return call("POST", "/ai/generate", {}, hello); }

    tests::LineProcess peer_{{"node", TUTTI_PEER, redis.url()}};
};

TEST_F(Keys, CatalogueThatIoredisWroteIsServedWithoutACall) {
    const std::string models = R"([{"id":"openai/gpt-4o","name":"OpenAI: GPT-4o","created":1,)"
                               R"("context_length":128000,"architecture":{"modality":null,)"
                               R"("input_modalities":["text","image"],)"
                               R"("output_modalities":["text"]},"unknown":{"to":["us"]}}])";
    EXPECT_EQ(text({"setex", document, 86'400, models}), "OK");

    EXPECT_EQ(read<Count>(call("GET", "/models/vision")).count, 1U);

    EXPECT_EQ(stand_in->calls(), 0U);
    EXPECT_EQ(text({"get", document}), models) << "left as it was";
}

TEST_F(Keys, CatalogueThatTheGatewayWroteIsAnArrayForADay) {
    ASSERT_EQ(call("GET", "/models").status, 200);
    ASSERT_TRUE(eventually([this] { return ioredis({"exists", document}) == 1; }));

    const std::string written = text({"get", document});
    const auto models = json_lib::parse(written);
    ASSERT_TRUE(models.is_array());
    EXPECT_EQ(domain::read_catalogue(written).value(), stand_in::stand_in_catalogue(300));
    for (const auto& model : models.get_array()) {
        EXPECT_TRUE(model.at("id").is_string());
        EXPECT_TRUE(model.at("architecture").at("input_modalities").is_array());
    }
    EXPECT_THAT(ioredis({"ttl", document}).to_number<int>(), AllOf(Gt(86'300), Le(86'400)));
    EXPECT_EQ(stand_in->calls(), 1U);
}

TEST_F(Keys, ReservationOfIoredisIsADuplicateForTheGateway) {
    const auto queued = read<Answer>(generate());
    EXPECT_EQ(ioredis({"del", reserved}), 1);
    EXPECT_EQ(text({"set", reserved,
                    R"({"requestId":")" + queued.request_id + R"(","jobId":")" + queued.job_id +
                        R"(","timestamp":1,"expiresAt":5001})",
                    "EX", 5, "NX"}),
              "OK");

    const auto response = generate();

    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(read<Answer>(response).job_id, queued.job_id);
    EXPECT_EQ(read<Answer>(response).request_id, queued.request_id);
    EXPECT_EQ(ioredis({"xlen", "ai-requests"}), 1);
}

TEST_F(Keys, ReservationOfTheGatewayIsTheDocumentedJsonAndHoldsForIoredis) {
    const auto response = generate();
    ASSERT_EQ(response.status, 202) << response.body;
    const auto answer = read<Answer>(response);

    EXPECT_THAT(text({"get", reserved}),
                MatchesRegex(R"(\{"requestId":")" + answer.request_id + R"(","jobId":")" +
                             answer.job_id + R"(","timestamp":[0-9]+,"expiresAt":[0-9]+\})"));
    EXPECT_TRUE(ioredis({"set", reserved, "{}", "EX", 5, "NX"}).is_null());
    EXPECT_THAT(ioredis({"pttl", reserved}).to_number<int>(), AllOf(Gt(0), Le(5000)));
}

TEST_F(Keys, JobHasATicketInTheStreamAndTheDocumentedFieldsInItsRecord) {
    const auto answer = read<Answer>(generate());

    const auto entries = ioredis({"xrange", "ai-requests", "-", "+"});

    ASSERT_EQ(entries.get_array().size(), 1U);
    EXPECT_EQ(entries.at(0).at(1), (json_lib::array{"jobId", answer.job_id}));
    const std::string record = "ai-requests:job:" + answer.job_id;
    EXPECT_EQ(text({"hget", record, "requestId"}), answer.request_id);
    EXPECT_EQ(text({"hget", record, "name"}), "llm-generation");
    const auto data = json_lib::parse(text({"hget", record, "data"}));
    EXPECT_EQ(data.at("personality").at("name"), "maestro") << data;
    EXPECT_EQ(data.at("message"), "hello");
    EXPECT_EQ(data.at("context").at("userId"), "7");
}

// What a worker leaves in the record.
TEST_F(Keys, TheGatewayTellsWhatARecordSays) {
    const auto answer = read<Answer>(generate());
    const std::string record = "ai-requests:job:" + answer.job_id;
    const std::string path = "/ai/job/" + answer.job_id;
    ioredis({"hset", record, "status", "active", "progress", "50"});
    const auto active = read<Status>(call("GET", path));
    ioredis({"hset", record, "status", "completed", "progress", "100", "result",
             R"({"content":"hi"})"});
    ioredis({"xadd", "ai-requests:finished", "MAXLEN", "~", 1000, "*", "jobId", answer.job_id,
             "status", "completed"});
    EXPECT_EQ(active.status, "active");
    EXPECT_EQ(active.progress, 50);
    const auto completed = call("GET", path);
    EXPECT_EQ(read<Status>(completed).status, "completed");
    EXPECT_TRUE(completed.body.contains(R"("result":{"content":"hi"})")) << completed.body;
    EXPECT_TRUE(metrics_text().contains("\ntutti_jobs_completed 1\n"));
}

TEST_F(Keys, TranscriptionThatIoredisFinishesAnswersWhoWaitsForIt) {
    auto response = std::async(std::launch::async, [this] {
        return call("POST", "/ai/transcribe?wait=true", {},
                    R"({"attachments":[{"url":"https://cdn.discordapp.com/a.ogg",)"
                    R"("contentType":"audio/ogg"}]})");
    });
    ASSERT_TRUE(eventually([this] { return ioredis({"xlen", "ai-requests"}) == 1; }));
    const auto entries = ioredis({"xrange", "ai-requests", "-", "+"});
    const auto id = json_lib::value_to<std::string>(entries.at(0).at(1).at(1));

    ioredis(
        {"hset", "ai-requests:job:" + id, "status", "completed", "result", R"({"content":"hi"})"});
    ioredis({"xadd", "ai-requests:finished", "MAXLEN", "~", 1000, "*", "jobId", id, "status",
             "completed"});

    const auto answer = response.get();
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.body.contains(R"("result":{"content":"hi"})")) << answer.body;
}

}  // namespace
}  // namespace tutti::services
