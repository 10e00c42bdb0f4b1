// /user/model-override and /wallet, on both databases.
#include <string>

#include "common/domain/llm_config.hpp"
#include "integration/api_gateway/routes/llm_config_fixture.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* maestro_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f01";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";
constexpr const char* nobody_id = "00000000-0000-4000-8000-000000000000";

class UserSettings : public LlmConfigTest {};
TUTTI_ON_BOTH_DATABASES(UserSettings);

TEST_P(UserSettings, OverrideIsSetReplacedListedAndRemoved) {
    const auto first = create("a");
    const auto second = create("b");
    const auto set = [&](const domain::LlmConfig& config) {
        return call("PUT", "/user/model-override", stranger,
                    R"({"personalityId":")" + std::string(maestro_id) + R"(","configId":")" +
                        config.id + "\"}");
    };

    set(first);
    const auto answer = set(second);

    EXPECT_EQ(answer.body, R"({"override":{"personalityId":")" + std::string(maestro_id) +
                               R"(","personalityName":"Maestro","configId":")" + second.id +
                               R"(","configName":"b"}})");
    const auto list =
        read<domain::ListModelOverridesResponse>(call("GET", "/user/model-override", stranger));
    ASSERT_EQ(list.overrides.size(), 1U);
    EXPECT_EQ(list.overrides[0].config_id, second.id);
    const std::string path = std::string("/user/model-override/") + maestro_id;
    EXPECT_EQ(call("DELETE", path, stranger).body, R"({"deleted":true})");
    EXPECT_EQ(call("DELETE", path, stranger).body, R"({"deleted":false})");
    EXPECT_EQ(call("GET", "/user/model-override", stranger).body,
              R"({"overrides":[],"defaultConfigId":null})");
}

TEST_P(UserSettings, DefaultOfAUserIsSetAndRemoved) {
    const auto config = create("a");

    const auto set = call("PUT", "/user/model-override/default", stranger,
                          R"({"configId":")" + config.id + "\"}");

    EXPECT_EQ(set.body, R"({"defaultConfigId":")" + config.id + "\"}");
    EXPECT_EQ(
        read<domain::ListModelOverridesResponse>(call("GET", "/user/model-override", stranger))
            .default_config_id,
        config.id);
    EXPECT_EQ(call("DELETE", "/user/model-override/default", stranger).body,
              R"({"defaultConfigId":null})");
}

TEST_P(UserSettings, UnknownAndForbiddenChoicesAreNotFound) {
    const auto config = create("a");
    const auto set = [&](const std::string& personality, const std::string& config_id) {
        return call(
            "PUT", "/user/model-override", stranger,
            R"({"personalityId":")" + personality + R"(","configId":")" + config_id + "\"}");
    };

    expect_error(set(solo_id, config.id), 404, "NOT_FOUND");
    expect_error(set(maestro_id, nobody_id), 404, "NOT_FOUND");
    expect_error(set("x", "y"), 404, "NOT_FOUND");
    expect_error(set("", ""), 400, "VALIDATION_ERROR");
}

TEST_P(UserSettings, KeyIsNotedAndNotKept) {
    const std::string key = "sk-very-secret-key";

    const auto set = call("POST", "/wallet/set", stranger,
                          R"({"provider":"openrouter","apiKey":")" + key + "\"}");

    EXPECT_EQ(set.status, 200) << set.body;
    EXPECT_TRUE(set.body.starts_with(
        R"({"success":true,"provider":"openrouter","stored":false,"timestamp":)"))
        << set.body;
    EXPECT_EQ(call("GET", "/wallet/list", stranger).body, R"({"providers":["openrouter"]})");
    EXPECT_EQ(call("DELETE", "/wallet/openrouter", stranger).body, R"({"deleted":true})");
    expect_error(call("DELETE", "/wallet/openrouter", stranger), 404, "NOT_FOUND");
    expect_error(call("POST", "/wallet/set", stranger, R"({"provider":"X Y","apiKey":""})"), 400,
                 "VALIDATION_ERROR");
}

}  // namespace
}  // namespace tutti::services
