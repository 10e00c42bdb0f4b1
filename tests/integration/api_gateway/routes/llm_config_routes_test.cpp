// /admin/llm-config, on both databases.
#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "common/domain/llm_config.hpp"
#include "integration/api_gateway/routes/llm_config_fixture.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class LlmConfigs : public LlmConfigTest {};
TUTTI_ON_BOTH_DATABASES(LlmConfigs);

TEST_P(LlmConfigs, ListIsDefaultThenFreeDefaultThenGlobalThenByName) {
    const auto zeta = create("zeta");
    const auto yak = create("yak");
    create("beta");
    create("alpha");
    execute("UPDATE llm_configs SET is_global = FALSE WHERE name = 'alpha'");

    EXPECT_EQ(make_default(zeta), 200);
    EXPECT_EQ(make_default(yak, "set-free-default"), 200);

    EXPECT_EQ(names(), "zeta* yak+ beta alpha ");
}

TEST_P(LlmConfigs, ListItemHasTheAgreedShape) {
    const auto made = create("a", R"(,"visionModel":"v","description":"d")");

    const std::string body = call("GET", "/admin/llm-config").body;

    EXPECT_TRUE(body.starts_with(
        R"({"configs":[{"id":")" + made.id +
        R"(","name":"a","description":"d","provider":"openrouter","model":"m/a","visionModel":"v",)"
        R"("isGlobal":true,"isDefault":false,"isFreeDefault":false,"ownerId":")"))
        << body;
    EXPECT_TRUE(body.ends_with(std::string(R"("ownerInfo":{"discordId":")") + bot_owner +
                               R"(","username":")" + bot_owner + R"("}}]})"))
        << body;
}

TEST_P(LlmConfigs, OnlyOneIsTheDefaultHoweverManyAskAtOnce) {
    std::vector<domain::LlmConfig> configs;
    for (const char* name : {"a", "b", "c", "d"}) configs.push_back(create(name));

    std::vector<std::future<int>> calls;
    for (int i = 0; i < 16; ++i) {
        calls.push_back(std::async(std::launch::async, [&, i] {
            return make_default(configs[static_cast<std::size_t>(i) % configs.size()]);
        }));
    }
    for (auto& done : calls) EXPECT_EQ(done.get(), 200);

    EXPECT_EQ(std::ranges::count(names(), '*'), 1);
}

TEST_P(LlmConfigs, DefaultIsWhatPersonalitiesWithoutTheirOwnGet) {
    const auto before =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger));
    EXPECT_EQ(before.personality.model, "anthropic/claude-haiku-4.5");

    make_default(create("a", R"(,"temperature":0.25,"topP":0.9,"topK":7,"memoryLimit":3)"));

    const auto after =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger))
            .personality;
    EXPECT_EQ(after.model, "m/a");
    EXPECT_DOUBLE_EQ(after.temperature, 0.25);
    EXPECT_DOUBLE_EQ(after.top_p.value_or(0), 0.9);
    EXPECT_EQ(after.top_k, 7);
    EXPECT_EQ(after.memory_limit, 3);
    EXPECT_FALSE(after.frequency_penalty);
}

TEST_P(LlmConfigs, UpdateIsSeenInPersonalitiesAtOnce) {
    const auto config = create("a");
    make_default(config);
    call("GET", "/user/personality/maestro", stranger);

    const auto response =
        call_as_owner("PUT", "/admin/llm-config/" + config.id, R"({"model":"m/new"})");

    EXPECT_EQ(read<domain::GetLlmConfigResponse>(response).config.model, "m/new");
    EXPECT_EQ(
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger))
            .personality.model,
        "m/new");
}

TEST_P(LlmConfigs, DefaultCannotBeDeletedAndAnotherCan) {
    const auto first = create("a");
    const auto second = create("b");
    make_default(first);

    expect_error(call_as_owner("DELETE", "/admin/llm-config/" + first.id), 409, "CONFLICT");
    EXPECT_EQ(call_as_owner("DELETE", "/admin/llm-config/" + second.id).status, 200);
    expect_error(call_as_owner("DELETE", "/admin/llm-config/" + second.id), 404, "NOT_FOUND");
    EXPECT_EQ(names(), "a* ");
}

TEST_P(LlmConfigs, OnlyTheOwnerChanges) {
    const std::string body = R"({"name":"a","model":"m"})";

    expect_error(call("POST", "/admin/llm-config", stranger, body), 403, "UNAUTHORIZED");
    expect_error(call("POST", "/admin/llm-config", bot_owner, body), 403, "UNAUTHORIZED");
    EXPECT_EQ(call("GET", "/admin/llm-config").status, 200);
}

TEST_P(LlmConfigs, NumbersOutOfRangeAreNamed) {
    const auto response = call_as_owner("POST", "/admin/llm-config",
                                        R"({"name":"a","model":"m","temperature":3,"topK":-1})");

    expect_error(response, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(response.body.contains("temperature: must be from")) << response.body;
    EXPECT_TRUE(response.body.contains("topK: must be from")) << response.body;
}

}  // namespace
}  // namespace tutti::services
