// What the gateway tells, as a subscriber without Tutti hears it, and what such a publisher can
// tell it. On SQLite; what both databases write into the outbox is in database/triggers_test.cpp.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "common/caches/invalidation_services.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/persona.hpp"
#include "integration/api_gateway/event_watch.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Events : public GatewayTest {
protected:
    void SetUp() override {
        redis_url_ = redis_.url();
        start({});
    }

    std::vector<std::string> heard() { return watch_.take(); }
    std::string model_of_maestro() {
        return read<domain::GetPersonalityResponse>(
                   call("GET", "/user/personality/maestro", stranger))
            .personality.model;
    }

    tests::RedisServer redis_;
    EventWatch watch_{redis_};
};

TEST_F(Events, PersonalityTellsItsIdWhenItIsMadeChangedAndDeleted) {
    const auto made = read<domain::GetPersonalityResponse>(
        call("POST", "/user/personality", stranger, R"({"name":"Echo","slug":"echo"})"));
    const std::string event =
        R"(invalidation {"type":"personality","personalityId":")" + made.personality.id + "\"}";
    EXPECT_THAT(heard(), ElementsAre(event));

    call("PUT", "/user/personality/echo", stranger, R"({"characterInfo":"x"})");
    EXPECT_THAT(heard(), ElementsAre(event));

    call("DELETE", "/user/personality/echo", stranger);
    EXPECT_THAT(heard(), ElementsAre(event));
}

TEST_F(Events, ChannelsOfADeletedPersonalityAreToldToo) {
    activate("500", "maestro", stranger);
    activate("501", "maestro", stranger);
    heard();

    call("DELETE", "/user/personality/maestro", owner_of_solo);

    EXPECT_THAT(
        heard(),
        ElementsAre(std::string(R"(invalidation {"type":"personality","personalityId":")") +
                        maestro_id + "\"}",
                    R"(channel-activation-invalidation {"type":"channel","channelId":"500"})",
                    R"(channel-activation-invalidation {"type":"channel","channelId":"501"})"));
}

TEST_F(Events, ManyChannelsOfADeletedPersonalityAreAll) {
    for (int channel = 500; channel < 551; ++channel) {
        ASSERT_EQ(activate(std::to_string(channel), "maestro", stranger).status, 201);
    }
    heard();

    call("DELETE", "/user/personality/maestro", owner_of_solo);

    EXPECT_THAT(heard(),
                ElementsAre(std::string(R"(invalidation {"type":"personality","personalityId":")") +
                                maestro_id + "\"}",
                            R"(channel-activation-invalidation {"type":"all"})"));
}

TEST_F(Events, ChannelIsToldWhenItIsActivatedAndSwitchedOff) {
    const std::string event =
        R"(channel-activation-invalidation {"type":"channel","channelId":"500"})";

    activate("500", "maestro", stranger);
    EXPECT_THAT(heard(), ElementsAre(event));
    call("DELETE", "/user/channel/deactivate", stranger, R"({"channelId":"500"})");
    EXPECT_THAT(heard(), ElementsAre(event));
}

TEST_F(Events, EveryChangeOfAPersonaTellsItsUser) {
    const std::string event =
        std::string(R"(persona-invalidation {"type":"user","discordId":")") + stranger + "\"}";

    const auto made = read<domain::GetPersonaResponse>(
        call("POST", "/user/persona", stranger, R"({"name":"A","content":"c"})"));
    EXPECT_THAT(heard(), ElementsAre(event));
    const std::string path = "/user/persona/" + made.persona.id;
    call("PUT", path, stranger, R"({"content":"d"})");
    EXPECT_THAT(heard(), ElementsAre(event));
    call("PATCH", path + "/default", stranger);
    EXPECT_THAT(heard(), IsEmpty()) << "the first one is the default already";
    const auto second = read<domain::GetPersonaResponse>(
        call("POST", "/user/persona", stranger, R"({"name":"B","content":"c"})"));
    EXPECT_THAT(heard(), ElementsAre(event));
    call("PATCH", "/user/persona/" + second.persona.id + "/default", stranger);
    EXPECT_THAT(heard(), ElementsAre(event));
    call("DELETE", path, stranger);
    EXPECT_THAT(heard(), ElementsAre(event));
}

TEST_F(Events, ConfigurationsTellAllModelsAndAllPersonalities) {
    const auto all =
        ElementsAre(R"(invalidation {"type":"all"})", R"(llm-config-invalidation {"type":"all"})");

    const auto made = read<domain::GetLlmConfigResponse>(
        call_as_owner("POST", "/admin/llm-config", R"({"name":"a","model":"m"})"));
    EXPECT_THAT(heard(), all);
    const std::string path = "/admin/llm-config/" + made.config.id;
    call_as_owner("PUT", path, R"({"model":"n"})");
    EXPECT_THAT(heard(), all);
    call_as_owner("PUT", path + "/set-free-default");
    EXPECT_THAT(heard(), all);
    call_as_owner("PUT", path + "/set-default");
    EXPECT_THAT(heard(), all);
}

TEST_F(Events, ChoicesAndKeysTellTheirUser) {
    const auto made = read<domain::GetLlmConfigResponse>(
        call_as_owner("POST", "/admin/llm-config", R"({"name":"a","model":"m"})"));
    const auto user = [](const std::string& channel) {
        return channel + R"(-invalidation {"type":"user","discordId":")" + stranger + "\"}";
    };
    const std::string maestro =
        std::string(R"(invalidation {"type":"personality","personalityId":")") + maestro_id + "\"}";
    heard();

    call("PUT", "/user/model-override", stranger,
         R"({"personalityId":")" + std::string(maestro_id) + R"(","configId":")" + made.config.id +
             "\"}");
    EXPECT_THAT(heard(), ElementsAre(maestro, user("llm-config")));
    call("DELETE", std::string("/user/model-override/") + maestro_id, stranger);
    EXPECT_THAT(heard(), ElementsAre(maestro, user("llm-config")));
    call("PUT", "/user/model-override/default", stranger,
         R"({"configId":")" + made.config.id + "\"}");
    EXPECT_THAT(heard(), ElementsAre(user("llm-config")));
    call("DELETE", "/user/model-override/default", stranger);
    EXPECT_THAT(heard(), ElementsAre(user("llm-config")));
    call("POST", "/wallet/set", stranger, R"({"provider":"openrouter","apiKey":"k"})");
    EXPECT_THAT(heard(), ElementsAre(user("api-key")));
    call("DELETE", "/wallet/openrouter", stranger);
    EXPECT_THAT(heard(), ElementsAre(user("api-key")));
}

TEST_F(Events, RefusedChangesAndReadsTellNothing) {
    call("PUT", "/user/personality/maestro", stranger, R"({"name":"x"})");
    call("POST", "/user/personality", stranger, R"({"name":"x","slug":"maestro"})");
    call("DELETE", "/user/persona/00000000-0000-4000-8000-000000000000", stranger);
    call_as_owner("PUT", "/admin/llm-config/00000000-0000-4000-8000-000000000000", "{}");
    call("DELETE", std::string("/user/model-override/") + maestro_id, stranger);
    call("DELETE", "/wallet/openrouter", stranger);
    call("GET", "/user/personality/maestro", stranger);
    call("GET", "/user/persona", stranger);

    EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Events, KeyIsNowhereInTheDatabase) {
    const std::string key = "sk-a-key-that-must-not-be-kept";
    call("POST", "/wallet/set", stranger, R"({"provider":"openrouter","apiKey":")" + key + "\"}");
    gateway_.reset();

    std::ostringstream content;
    content << std::ifstream(database_path(), std::ios::binary).rdbuf();
    EXPECT_TRUE(content.str().contains("openrouter"));
    EXPECT_FALSE(content.str().contains(key));
}

TEST_F(Events, OperatorTellsOneOrAll) {
    const auto tell = [&](const std::string& body) {
        return call_as_owner("POST", "/admin/invalidate-cache", body);
    };
    const std::string one =
        std::string(R"(invalidation {"type":"personality","personalityId":")") + maestro_id + "\"}";

    const auto response = tell(R"({"personalityId":")" + std::string(maestro_id) + "\"}");
    EXPECT_TRUE(response.body.starts_with(R"({"success":true,"invalidated":")" +
                                          std::string(maestro_id) + R"(","message":)"))
        << response.body;
    EXPECT_TRUE(response.body.contains(R"(,"timestamp":"2)")) << response.body;
    EXPECT_THAT(heard(), ElementsAre(one));

    EXPECT_TRUE(tell(R"({"all":true,"personalityId":"x"})")
                    .body.starts_with(R"({"success":true,"invalidated":"all")"));
    EXPECT_THAT(heard(), ElementsAre(R"(invalidation {"type":"all"})"));

    expect_error(tell("{}"), 400, "VALIDATION_ERROR");
    expect_error(tell(R"({"all":false})"), 400, "VALIDATION_ERROR");
    expect_error(tell(R"({"personalityId":""})"), 400, "VALIDATION_ERROR");
    expect_error(call("POST", "/admin/invalidate-cache", stranger, R"({"all":true})"), 403,
                 "UNAUTHORIZED");
    EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Events, TwoKindsOfEventsShareAChannelAndStayApart) {
    auto node = Node::create({.name = "test", .redis = redis_.url(), .app = "tzurot"});
    ASSERT_TRUE(node);
    const auto users = caches::declare_invalidation(**node, caches::llm_config_events);
    const auto configs = caches::declare_invalidation(**node, caches::llm_config_row_events);
    ASSERT_TRUE((*node)->start());

    users.invalidate("1");
    configs.invalidate("2");
    configs.invalidate_all();

    EXPECT_THAT(heard(), ElementsAre(R"(llm-config-invalidation {"type":"user","discordId":"1"})",
                                     R"(llm-config-invalidation {"type":"config","configId":"2"})",
                                     R"(llm-config-invalidation {"type":"all"})"));
}

TEST_F(Events, ForeignEventMakesTheGatewayAskItsDatabaseAgain) {
    const std::string old_model = model_of_maestro();
    execute(
        "INSERT INTO llm_configs (id, name, is_global, is_default, model, updated_at) VALUES "
        "('00000000-0000-4000-8000-00000000000a', 'g', TRUE, TRUE, 'model/new', '')");
    EXPECT_EQ(model_of_maestro(), old_model);  // from memory

    redis_.command(
        {"PUBLISH", "cache:invalidation",
         std::string(R"({"type":"personality","personalityId":")") + maestro_id + "\"}"});

    EXPECT_TRUE(eventually([&] { return model_of_maestro() == "model/new"; }));
}

TEST_F(Events, ChangeSucceedsWithoutRedisAndIsToldWhenItIsBack) {
    redis_.pause();
    const auto response = call("POST", "/user/persona", stranger, R"({"name":"A","content":"c"})");
    const auto told = call_as_owner("POST", "/admin/invalidate-cache", R"({"all":true})");
    redis_.resume();

    EXPECT_EQ(response.status, 201) << response.body;
    expect_error(told, 500, "INTERNAL_ERROR");
    std::string all;
    EXPECT_TRUE(eventually([&] {
        for (const auto& event : heard()) all += event + '\n';
        return all.contains(R"(persona-invalidation {"type":"user")") &&
               all.contains(R"(invalidation {"type":"all"})");
    })) << all;
}

TEST_F(Events, HealthIsDegradedWithoutRedisAndRequestsAreAnswered) {
    redis_.kill();

    EXPECT_TRUE(eventually([&] {
        const auto response = send({.path = "/health"});
        return response.status == 200 && response.body.contains(R"("status":"degraded")") &&
               response.body.contains(R"("live":true,"ready":false)") &&
               response.body.contains(R"("bus":false)");
    }));
    EXPECT_EQ(call("GET", "/user/personality/maestro", stranger).status, 200);
}

}  // namespace
}  // namespace tutti::services
