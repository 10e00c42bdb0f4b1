// Every route over real HTTP and a real database.
#include <future>
#include <vector>

#include "integration/api_gateway/support.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* second_user_id = "00000000-0000-4000-8000-000000000002";
constexpr const char* global_config_id = "00000000-0000-4000-8000-00000000000a";
constexpr const char* own_config_id = "00000000-0000-4000-8000-00000000000b";
constexpr const char* solo_id = "7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02";

class ChannelRoutes : public BothDatabases {};
TUTTI_ON_BOTH_DATABASES(ChannelRoutes);

TEST_P(ChannelRoutes, PublicPersonalityIsActivated) {
    const auto response = activate("500", "maestro", stranger);

    ASSERT_EQ(response.status, 201) << response.body;
    const auto body = read<domain::ActivateChannelResponse>(response);
    EXPECT_FALSE(body.replaced);
    EXPECT_EQ(body.activation.channel_id, "500");
    EXPECT_EQ(body.activation.guild_id, "900");
    EXPECT_EQ(body.activation.personality_slug, "maestro");
    EXPECT_EQ(body.activation.personality_name, "The Maestro");
    EXPECT_EQ(body.activation.activated_by->size(), 36U);
    EXPECT_TRUE(body.activation.created_at.ends_with('Z'));
    EXPECT_EQ(activation_of("500"),
              (domain::GetChannelActivationResponse{true, body.activation, true}));
}

TEST_P(ChannelRoutes, ActivationIdIsDerivedFromChannelAndPersonality) {
    const auto body = read<domain::ActivateChannelResponse>(activate("500", "solo", owner_of_solo));

    // uuid5(NAMESPACE_DNS, "activated_channel:500:7c1e2b90-46d3-4f0c-8f5e-1d2c3b4a5f02")
    EXPECT_EQ(body.activation.id, "95d17ff0-c1cb-5a1e-b85b-e776a7d57a30");
}

TEST_P(ChannelRoutes, InactiveChannelIsAnAnswerOfItsOwn) {
    const auto response = call("GET", "/user/channel/501");

    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"isActivated":false,"hasSettings":false})");
}

TEST_P(ChannelRoutes, SecondActivationReplacesTheFirst) {
    activate("500", "maestro", owner_of_solo);

    const auto other =
        read<domain::ActivateChannelResponse>(activate("500", "solo", owner_of_solo));
    const auto same = read<domain::ActivateChannelResponse>(activate("500", "solo", owner_of_solo));

    EXPECT_TRUE(other.replaced);
    EXPECT_TRUE(same.replaced);
    EXPECT_EQ(activation_of("500").activation->personality_slug, "solo");
    EXPECT_EQ(
        read<domain::ListChannelActivationsResponse>(call("GET", "/user/channel/list", stranger))
            .activations.size(),
        1U);
}

TEST_P(ChannelRoutes, NullDisplayNameIsShownAsTheName) {
    const auto response = activate("500", "solo", owner_of_solo);

    ASSERT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(read<domain::ActivateChannelResponse>(response).activation.personality_name, "Solo");
}

TEST_P(ChannelRoutes, UnknownPersonalityIsNotFoundAndNamed) {
    const auto response = activate("500", "nobody", stranger);

    expect_error(response, 404, "NOT_FOUND");
    EXPECT_TRUE(response.body.contains("nobody"));
    EXPECT_FALSE(activation_of("500").is_activated);
}

TEST_P(ChannelRoutes, PrivatePersonalityIsForItsOwnerCoOwnersAndTheBotOwner) {
    expect_error(activate("500", "solo", stranger), 403, "UNAUTHORIZED");
    EXPECT_EQ(activate("500", "solo", owner_of_solo).status, 201);
    EXPECT_EQ(activate("501", "solo", bot_owner).status, 201);

    activate("502", "maestro", stranger);  // makes the stranger's row
    execute("INSERT INTO personality_owners (personality_id, user_id) SELECT '" +
            std::string(solo_id) + "', id FROM users WHERE discord_id = '" + stranger + "'");
    EXPECT_EQ(activate("502", "solo", stranger).status, 201);
}

TEST_P(ChannelRoutes, RefusedActivationLeavesTheOldOneInPlace) {
    activate("500", "maestro", stranger);

    expect_error(activate("500", "solo", stranger), 403, "UNAUTHORIZED");

    EXPECT_EQ(activation_of("500").activation->personality_slug, "maestro");
}

TEST_P(ChannelRoutes, InvalidActivationNamesEveryField) {
    const auto empty = activate("", "", stranger, "");
    const auto missing = call("POST", "/user/channel/activate", stranger, R"({"channelId":7})");
    const auto lengthy = activate(std::string(21, '1'), "maestro", stranger);

    expect_error(empty, 400, "VALIDATION_ERROR");
    expect_error(missing, 400, "VALIDATION_ERROR");
    expect_error(lengthy, 400, "VALIDATION_ERROR");
    for (const char* field : {"channelId", "personalitySlug", "guildId"}) {
        EXPECT_TRUE(empty.body.contains(field)) << empty.body;
        EXPECT_TRUE(missing.body.contains(field)) << missing.body;
    }
}

TEST_P(ChannelRoutes, DeactivationNamesThePersonalityOnce) {
    activate("500", "maestro", stranger);

    const auto first =
        call("DELETE", "/user/channel/deactivate", stranger, R"({"channelId":"500"})");
    const auto second =
        call("DELETE", "/user/channel/deactivate", stranger, R"({"channelId":"500"})");

    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, R"({"deactivated":true,"personalityName":"The Maestro"})");
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.body, R"({"deactivated":false})");
    EXPECT_FALSE(activation_of("500").is_activated);
}

// Nothing in the table forbids it, and other programs write there too.
TEST_P(ChannelRoutes, OfTwoActivationsOfOneChannelTheNewerCounts) {
    activate("500", "solo", owner_of_solo);
    activate("501", "maestro", stranger);

    execute(
        "UPDATE activated_channels SET created_at = '2020-01-01T00:00:00.000Z' "
        "WHERE channel_id = '500'; UPDATE activated_channels SET channel_id = '500'");

    EXPECT_EQ(activation_of("500").activation->personality_slug, "maestro");
    EXPECT_TRUE(
        read<domain::ActivateChannelResponse>(activate("500", "solo", owner_of_solo)).replaced);
    EXPECT_EQ(
        read<domain::ListChannelActivationsResponse>(call("GET", "/user/channel/list", stranger))
            .activations.size(),
        1U);
}

TEST_P(ChannelRoutes, WhoMayManageTheChannelDeactivatesWhatSomebodyElseActivated) {
    activate("500", "solo", owner_of_solo);

    const auto response =
        call("DELETE", "/user/channel/deactivate", stranger, R"({"channelId":"500"})");

    EXPECT_EQ(response.body, R"({"deactivated":true,"personalityName":"Solo"})");
}

TEST_P(ChannelRoutes, FlagForAnswersOfItsOwnAccordIsNotConsulted) {
    activate("500", "maestro", stranger);

    execute("UPDATE activated_channels SET auto_respond = FALSE");

    EXPECT_TRUE(activation_of("500").is_activated);
}

TEST_P(ChannelRoutes, ActivationOfNobodyKnownIsListedAndRead) {
    activate("500", "maestro", stranger);

    execute("UPDATE activated_channels SET created_by = NULL, guild_id = NULL");

    const auto read_back = call("GET", "/user/channel/500");
    EXPECT_TRUE(read_back.body.contains(R"("guildId":null)")) << read_back.body;
    EXPECT_TRUE(read_back.body.contains(R"("activatedBy":null)")) << read_back.body;
    const auto list =
        read<domain::ListChannelActivationsResponse>(call("GET", "/user/channel/list", stranger));
    ASSERT_EQ(list.activations.size(), 1U);
    EXPECT_FALSE(list.activations[0].activated_by);
}

TEST_P(ChannelRoutes, InvalidDeactivationIsRefused) {
    expect_error(call("DELETE", "/user/channel/deactivate", stranger, R"({"channelId":""})"), 400,
                 "VALIDATION_ERROR");
    expect_error(call("DELETE", "/user/channel/deactivate", stranger, "{}"), 400,
                 "VALIDATION_ERROR");
    expect_error(call("DELETE", "/user/channel/deactivate", stranger), 400, "VALIDATION_ERROR");
}

TEST_P(ChannelRoutes, ListIsNewestFirstAndFilteredByGuildOrUnknownGuild) {
    activate("500", "maestro", stranger, "900");
    activate("501", "maestro", stranger, "901");
    activate("502", "maestro", stranger, "900");
    execute(
        "UPDATE activated_channels SET guild_id = NULL WHERE channel_id = '501';"
        "UPDATE activated_channels SET created_at = '2020-01-01T00:00:00.500Z';"
        "UPDATE activated_channels SET created_at = '2020-01-01T00:00:00.501Z' "
        "WHERE channel_id = '501';"
        "UPDATE activated_channels SET created_at = '2020-01-01T00:00:00.502Z' "
        "WHERE channel_id = '502'");
    activate("503", "maestro", stranger, "902");

    const auto channels = [&](const std::string& path) {
        std::string ids;
        for (const auto& a :
             read<domain::ListChannelActivationsResponse>(call("GET", path, stranger))
                 .activations) {
            ids += a.channel_id + ' ';
        }
        return ids;
    };

    EXPECT_EQ(channels("/user/channel/list"), "503 502 501 500 ");
    EXPECT_EQ(channels("/user/channel/list?guildId=900"), "502 501 500 ");
    EXPECT_EQ(channels("/user/channel/list?guildId=902"), "503 501 ");
}

TEST_P(ChannelRoutes, EmptyListIsAnEmptyArray) {
    EXPECT_EQ(call("GET", "/user/channel/list", stranger).body, R"({"activations":[]})");
}

TEST_P(ChannelRoutes, GuildIsFilledInOnlyWhereItIsUnknown) {
    activate("500", "maestro", stranger, "900");
    const auto update = [&](const char* body) {
        return call("PATCH", "/user/channel/update-guild", stranger, body);
    };

    EXPECT_EQ(update(R"({"channelId":"500","guildId":"901"})").body, R"({"updated":false})");
    execute("UPDATE activated_channels SET guild_id = NULL");
    EXPECT_EQ(update(R"({"channelId":"500","guildId":"901"})").body, R"({"updated":true})");
    EXPECT_EQ(activation_of("500").activation->guild_id, "901");
    EXPECT_EQ(update(R"({"channelId":"599","guildId":"901"})").body, R"({"updated":false})");
    expect_error(update(R"({"channelId":"","guildId":""})"), 400, "VALIDATION_ERROR");
    expect_error(update("{}"), 400, "VALIDATION_ERROR");
}

TEST_P(ChannelRoutes, ActivationsAtTheSameTimeLeaveExactlyOne) {
    std::vector<std::future<void>> calls;
    for (int i = 0; i < 16; ++i) {
        calls.push_back(std::async(std::launch::async, [&, i] {
            EXPECT_EQ(activate("500", i % 2 == 0 ? "maestro" : "solo", owner_of_solo).status, 201);
        }));
    }
    for (auto& done : calls) done.get();

    EXPECT_EQ(
        read<domain::ListChannelActivationsResponse>(call("GET", "/user/channel/list", stranger))
            .activations.size(),
        1U);
}

TEST_P(ChannelRoutes, EmptyAndOverlongChannelIdsAreBadRequests) {
    expect_error(call("GET", "/user/channel/"), 400, "VALIDATION_ERROR");
    expect_error(call("GET", "/user/channel/" + std::string(21, '1')), 400, "VALIDATION_ERROR");
}

TEST_P(ChannelRoutes, SqlInAnIdIsJustText) {
    const std::string id = "x' OR '1'='1";
    activate("500", "maestro", stranger);

    EXPECT_FALSE(activation_of(percent_encode(id)).is_activated);
    EXPECT_EQ(activate(id, "maestro", stranger).status, 201);
    EXPECT_EQ(activation_of(percent_encode(id)).activation->channel_id, id);
}

TEST_P(ChannelRoutes, TextThatNoDatabaseTakesIsABadRequest) {
    for (const char* id : {"%ff", "5%00", "%c3%28"}) {
        expect_error(call("GET", std::string("/user/channel/") + id), 400, "VALIDATION_ERROR");
        expect_error(call("GET", std::string("/user/personality/") + id, stranger), 400,
                     "VALIDATION_ERROR");
        expect_error(call("DELETE", std::string("/user/personality/") + id, stranger), 400,
                     "VALIDATION_ERROR");
        expect_error(call("DELETE", std::string("/wallet/") + id, stranger), 400,
                     "VALIDATION_ERROR");
    }
    expect_error(call("POST", "/user/persona", stranger, R"({"name":"a\u0000b","content":"c"})"),
                 400, "VALIDATION_ERROR");
}

TEST_P(ChannelRoutes, RowsSurviveARestart) {
    activate("500", "maestro", stranger);

    start({});

    EXPECT_TRUE(activation_of("500").is_activated);
}

class PersonalityRoutes : public BothDatabases {
protected:
    std::string slugs(std::string_view user) {
        std::string text;
        for (const auto& p :
             read<domain::ListPersonalitiesResponse>(call("GET", "/user/personality", user))
                 .personalities) {
            text += p.slug + (p.is_owned ? "(own) " : " ");
        }
        return text;
    }
};

TEST_P(PersonalityRoutes, ListHoldsPublicOnesThenOwnPrivateOnes) {
    EXPECT_EQ(slugs(stranger), "maestro ");
    EXPECT_EQ(slugs(owner_of_solo), "maestro(own) solo(own) ");
    EXPECT_EQ(slugs(bot_owner), "maestro(own) solo(own) ");
}

TEST_P(PersonalityRoutes, ListItemsHaveAllFields) {
    const auto list =
        read<domain::ListPersonalitiesResponse>(call("GET", "/user/personality", owner_of_solo));

    ASSERT_EQ(list.personalities.size(), 2U);
    const auto& solo = list.personalities[1];
    EXPECT_EQ(solo.id, solo_id);
    EXPECT_EQ(solo.name, "Solo");
    EXPECT_FALSE(solo.display_name);
    EXPECT_FALSE(solo.is_public);
    EXPECT_EQ(solo.owner_discord_id, owner_of_solo);
}

TEST_P(PersonalityRoutes, PersonalityCarriesWhatTheBotNeeds) {
    const auto response = call("GET", "/user/personality/MAESTRO", stranger);

    ASSERT_EQ(response.status, 200) << response.body;
    const auto maestro = read<domain::GetPersonalityResponse>(response).personality;
    EXPECT_EQ(maestro.slug, "maestro");
    EXPECT_EQ(maestro.shown_name(), "The Maestro");
    EXPECT_TRUE(maestro.is_public);
    EXPECT_EQ(maestro.system_prompt,
              "You are Maestro, the conductor of an orchestra. Be brief and encourage {user}.");
    EXPECT_EQ(maestro.model, "anthropic/claude-haiku-4.5");
    EXPECT_DOUBLE_EQ(maestro.temperature, 0.7);
    EXPECT_EQ(maestro.max_tokens, 4096);
    EXPECT_EQ(maestro.context_window_tokens, 131'072);
}

TEST_P(PersonalityRoutes, NullDisplayNameIsNullOnTheWire) {
    const auto response = call("GET", "/user/personality/solo", owner_of_solo);

    EXPECT_TRUE(response.body.contains(R"("displayName":null)")) << response.body;
    EXPECT_EQ(read<domain::GetPersonalityResponse>(response).personality.shown_name(), "Solo");
}

TEST_P(PersonalityRoutes, DeniedAndUnknownLookTheSame) {
    const auto denied = call("GET", "/user/personality/solo", stranger);
    const auto unknown = call("GET", "/user/personality/oslo", stranger);

    expect_error(denied, 404, "NOT_FOUND");
    expect_error(unknown, 404, "NOT_FOUND");
    EXPECT_EQ(call("GET", "/user/personality/solo", owner_of_solo).status, 200);
    EXPECT_EQ(call("GET", "/user/personality/solo", bot_owner).status, 200);
}

TEST_P(PersonalityRoutes, CoOwnerMaySpeakAndSeesItInTheList) {
    execute("INSERT INTO users (id, discord_id, username, created_at, updated_at) VALUES ('" +
            std::string(second_user_id) + "', '" + stranger +
            "', 'x', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');"
            "INSERT INTO personality_owners (personality_id, user_id) VALUES ('" +
            solo_id + "', '" + second_user_id + "')");

    EXPECT_EQ(call("GET", "/user/personality/solo", stranger).status, 200);
    EXPECT_EQ(slugs(stranger), "maestro solo ");
}

TEST_P(PersonalityRoutes, OwnConfigurationWinsOverTheGlobalOne) {
    const std::string now = "', '2026-01-01T00:00:00Z')";
    execute(
        std::string("INSERT INTO llm_configs (name, is_global, is_default, model, temperature, id, "
                    "updated_at) VALUES ('global', TRUE, TRUE, 'model/global', 0.25, '") +
        global_config_id + now +
        ";INSERT INTO llm_configs (name, model, max_tokens, id, updated_at) VALUES ('own', "
        "'model/own', 99, '" +
        own_config_id + now + ";INSERT INTO personality_default_configs VALUES ('" + solo_id +
        "', '" + own_config_id + now);

    const auto own =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/solo", owner_of_solo))
            .personality;
    const auto global =
        read<domain::GetPersonalityResponse>(call("GET", "/user/personality/maestro", stranger))
            .personality;

    EXPECT_EQ(own.model, "model/own");
    EXPECT_EQ(own.max_tokens, 99);
    EXPECT_DOUBLE_EQ(own.temperature, 0.7);
    EXPECT_EQ(global.model, "model/global");
    EXPECT_DOUBLE_EQ(global.temperature, 0.25);
    EXPECT_EQ(global.max_tokens, 4096);
}

TUTTI_ON_BOTH_DATABASES(PersonalityRoutes);

class GatewayAccess : public GatewayTest {
protected:
    int status(http::Headers headers, std::string path) {
        return send({.path = std::move(path), .headers = std::move(headers)}).status;
    }
};

TEST_F(GatewayAccess, MissingOrWrongSecretIsForbiddenNotUnauthenticated) {
    expect_error(send({.path = "/user/channel/500"}), 403, "UNAUTHORIZED");
    for (const char* wrong : {"", "x", "a-secret-for-testS", "a-secret-for-tests2"}) {
        EXPECT_EQ(status({{"X-Service-Auth", wrong}}, "/user/channel/500"), 403) << wrong;
    }
    EXPECT_EQ(status({{"x-service-auth", secret_text}}, "/user/channel/500"), 200);
}

TEST_F(GatewayAccess, UserRoutesNeedAUser) {
    for (const char* path :
         {"/user/channel/list", "/user/personality", "/user/personality/maestro"}) {
        EXPECT_EQ(status({{"X-Service-Auth", secret_text}}, path), 403) << path;
        EXPECT_EQ(status({{"X-Service-Auth", secret_text}, {"X-User-Id", ""}}, path), 403) << path;
        EXPECT_EQ(status({{"X-User-Id", stranger}}, path), 403) << path;
        EXPECT_EQ(status({{"X-Service-Auth", secret_text}, {"X-User-Id", stranger}}, path), 200)
            << path;
    }
    expect_error(call("POST", "/user/channel/activate", "", "{}"), 403, "UNAUTHORIZED");
    expect_error(call("GET", "/user/personality", std::string(21, '1')), 400, "VALIDATION_ERROR");
}

TEST_F(GatewayAccess, AddedRoutesAreServedAtTheirLevel) {
    const auto ok = [](const http::Request&) { return http::text_response(200, "ok"); };
    start({}, {{gateway::routes::Access::everyone, "GET", "/added", ok},
               {gateway::routes::Access::owner, "POST", "/admin/do", ok}});

    EXPECT_EQ(send({.path = "/added"}).body, "ok");
    expect_error(call("POST", "/admin/do"), 403, "UNAUTHORIZED");
    expect_error(call("POST", "/admin/do", bot_owner), 403, "UNAUTHORIZED");
    EXPECT_EQ(call("POST", "/admin/do", "", R"({"ownerId":"100000000000000099","x":1})").status,
              200);
    expect_error(call("POST", "/admin/do", "", R"({"ownerId":"100000000000000001"})"), 403,
                 "UNAUTHORIZED");
    EXPECT_EQ(send({.method = "POST",
                    .path = "/admin/do",
                    .headers = {{"X-Service-Auth", secret_text}, {"X-Owner-Id", bot_owner}}})
                  .status,
              200);
    EXPECT_EQ(send({.method = "POST", .path = "/admin/do", .headers = {{"X-Owner-Id", bot_owner}}})
                  .status,
              403);
}

TEST_F(GatewayAccess, UnknownRouteIsNotFound) {
    expect_error(send({.path = "/nowhere"}), 404, "NOT_FOUND");
    expect_error(call("DELETE", "/user/channel/500", stranger), 404, "NOT_FOUND");
}

TEST_F(GatewayAccess, BrokenDatabaseIsAnInternalErrorWithoutItsDetails) {
    execute("PRAGMA foreign_keys = OFF; DROP TABLE activated_channels");

    const auto response = call("GET", "/user/channel/500");

    expect_error(response, 500, "INTERNAL_ERROR");
    EXPECT_FALSE(response.body.contains("activated_channels")) << response.body;
}

class GatewayBodies : public GatewayTest {};

TEST_F(GatewayBodies, WrongShapesAreBadRequests) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    for (const std::string& body :
         {std::string("null"), std::string("[]"), std::string("{"), deep,
          std::string("\xff\x00{", 3), R"({"channelId":{"a":1}})" + std::string()}) {
        expect_error(call("POST", "/user/channel/activate", stranger, body), 400,
                     "VALIDATION_ERROR");
    }
}

TEST_F(GatewayBodies, HundredMegabytesAreRefusedAndTheGatewayGoesOn) {
    const std::string huge(100U << 20U, ' ');

    const auto response = call("POST", "/user/channel/activate", stranger, huge);

    expect_error(response, 413, "PAYLOAD_TOO_LARGE");
    EXPECT_EQ(send({.path = "/health"}).status, 200);
}

TEST_F(GatewayBodies, TenMegabytesAreJustAllowed) {
    std::string body = R"({"channelId":"500","personalitySlug":"maestro","guildId":"900","pad":")";
    body += std::string((10U << 20U) - body.size() - 2, 'x') + "\"}";

    EXPECT_EQ(call("POST", "/user/channel/activate", stranger, body).status, 201);
    expect_error(call("POST", "/user/channel/activate", stranger, body + ' '), 413,
                 "PAYLOAD_TOO_LARGE");
}

}  // namespace
}  // namespace tutti::services
