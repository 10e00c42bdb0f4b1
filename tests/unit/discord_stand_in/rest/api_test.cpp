#include <gmock/gmock.h>

#include "../played_discord.hpp"

namespace tutti::services::discord {
namespace {

using ::testing::HasSubstr;

using RestApi = PlayedDiscord;

TEST_F(RestApi, KnowsItsBotByTheToken) {
    EXPECT_EQ(text(expect(200, "GET", "/users/@me"), "username"), "tutti");

    EXPECT_EQ(call("GET", "/users/@me", {}, "another").status, 401);
    core.world.revoke_token();
    EXPECT_EQ(call("GET", "/users/@me", {}, "").status, 401);
}

TEST_F(RestApi, RefusesWhatDoesNotSayThatItIsABot) {
    const auto response = router.handle({.path = "/api/v10/gateway"});

    EXPECT_EQ(response.status, 403);
    EXPECT_THAT(response.body, HasSubstr("40333"));
}

TEST_F(RestApi, SaysWhereTheGatewayIs) {
    const auto body = expect(200, "GET", "/gateway/bot");

    EXPECT_EQ(text(body, "url"), "ws://127.0.0.1:1");
    EXPECT_EQ(body.at("shards"), 1);
    EXPECT_EQ(body.at("session_start_limit").at("remaining"), 1'000);
}

TEST_F(RestApi, RefusesABodyThatIsNoJson) {
    EXPECT_EQ(code(expect(400, "POST", path("/messages"), "{")), 50109);
}

TEST_F(RestApi, CommandsAreOverwrittenAndKeepTheirIds) {
    const std::string commands = "/applications/" + application + "/commands";
    const auto first =
        expect(200, "PUT", commands, R"([{"name":"channel","description":"of channels"}])");
    const auto second = expect(200, "PUT", commands,
                               R"([{"name":"character","description":"of characters"},
                                   {"name":"channel","description":"changed"}])");

    EXPECT_EQ(second.at(1).at("id"), first.at(0).at("id"));
    EXPECT_EQ(expect(200, "GET", commands), second);
    EXPECT_EQ(code(expect(400, "PUT", commands, R"([{"name":"Not lower","description":"x"}])")),
              50035);
    EXPECT_EQ(code(expect(404, "GET", "/applications/5/commands")), 10002);
}

TEST_F(RestApi, AThreadHasTheIdOfItsMessageAndIsMadeOnce) {
    const auto said = expect(200, "POST", path("/messages"), R"({"content":"hello"})");
    const std::string threads = path("/messages/" + text(said, "id") + "/threads");

    const auto thread = expect(201, "POST", threads, R"({"name":"about it"})");

    EXPECT_EQ(thread.at("id"), said.at("id"));
    EXPECT_EQ(text(thread, "parent_id"), channel);
    EXPECT_EQ(code(expect(400, "POST", threads, R"({"name":"again"})")), 160004);
    EXPECT_EQ(told(), (std::vector<std::string>{"MESSAGE_CREATE", "THREAD_CREATE"}));
}

TEST_F(RestApi, AMessageToAUserGoesToItsDirectChannel) {
    const auto users = control("GET", "/world").at("users");
    const std::string alice = text(users.at(2), "id");
    const std::string body = R"({"recipient_id":")" + alice + "\"}";

    const auto made = expect(200, "POST", "/users/@me/channels", body);

    EXPECT_EQ(made.at("type"), 1);
    EXPECT_EQ(expect(200, "POST", "/users/@me/channels", body).at("id"), made.at("id"));
}

TEST_F(RestApi, WhatTheBotMayNotDoIsRefusedAsDiscordDoes) {
    const auto may = [&](world::Permissions permissions) {
        control("PATCH", path(""), R"({"botPermissions":")" + std::to_string(permissions) + "\"}");
    };
    const auto said = expect(200, "POST", path("/messages"), R"({"content":"hello"})");
    const std::string reply =
        R"({"content":"yes","message_reference":{"message_id":")" + text(said, "id") + R"("}})";

    may(world::Permission::all & ~world::Permission::view_channel);
    EXPECT_EQ(code(expect(403, "POST", path("/messages"), reply)), 50001);
    may(world::Permission::all & ~world::Permission::send_messages);
    EXPECT_EQ(code(expect(403, "POST", path("/messages"), reply)), 50013);
    may(world::Permission::all & ~world::Permission::read_history);
    EXPECT_EQ(code(expect(400, "POST", path("/messages"), reply)), 160002);
    may(world::Permission::all & ~world::Permission::manage_webhooks);
    EXPECT_EQ(code(expect(403, "GET", path("/webhooks"))), 50013);
}

}  // namespace
}  // namespace tutti::services::discord
