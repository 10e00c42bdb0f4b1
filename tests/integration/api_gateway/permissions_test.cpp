// A gateway whose user of Redis may do what docs/operations.md says, and nothing else.
#include <gmock/gmock.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "integration/api_gateway/two_gateways.hpp"
#include "support/documented_acl.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class DocumentedPermissions : public TwoGateways {
protected:
    void SetUp() override {
        const auto documented = tests::documented_acl("ai-requests");
        std::vector<std::string> words{"ACL", "SETUSER", "bot", "reset", "on", ">s3cret"};
        words.insert(words.end(), documented.node.begin(), documented.node.end());
        words.insert(words.end(), documented.services.begin(), documented.services.end());
        redis.command(words);
        redis_url_ = "redis://bot:s3cret@127.0.0.1:" + std::to_string(redis.port());
        start_both();
    }
    // Commands, keys and channels that the server has denied.
    std::set<std::string> denied() {
        std::set<std::string> objects;
        std::istringstream log(redis.command({"ACL", "LOG"}));
        for (std::string line; std::getline(log, line);) {
            if (line == "object" && std::getline(log, line)) objects.insert(line);
        }
        return objects;
    }
};

TEST_F(DocumentedPermissions, AreEnoughForEverythingThatAGatewayAsksOfRedis) {
    const std::string hello =
        R"({"personality":{"name":"maestro"},"message":"hello","context":{"userId":"7"}})";

    const auto submitted = call("POST", "/ai/generate", {}, hello);
    ASSERT_EQ(submitted.status, 202)
        << submitted.body << ::testing::PrintToString(denied()) << " was denied";
    const auto again = call_at(second_url_, "POST", "/ai/generate", {}, hello);
    EXPECT_EQ(again.status, 200) << "held by the first one's reservation: " << again.body;
    const std::string job = redis.command({"XRANGE", "ai-requests", "-", "+"});
    const auto id_at = job.find("llm-");
    ASSERT_NE(id_at, std::string::npos) << job;
    const std::string id = job.substr(id_at, job.find('\n', id_at) - id_at);
    EXPECT_EQ(call("GET", "/ai/job/" + id).status, 200);
    EXPECT_EQ(call("GET", "/models").status, 200);
    EXPECT_TRUE(metrics_text().contains("\ntutti_jobs_waiting 1\n"));
    EXPECT_TRUE(metrics_text().contains("\ntutti_dedup_reservations 1\n")) << metrics_text();
    EXPECT_EQ(call_as_owner("POST", "/admin/invalidate-cache", R"({"all":true})").status, 200);

    EXPECT_THAT(denied(), ::testing::IsSubsetOf({"client|setname"})) << "documented as optional";
}

}  // namespace
}  // namespace tutti::services
