// Which pool a call of the gateway takes, and what a failure of it is called.
#include "bot-client/gateway_api.hpp"

#include <chrono>

#include "stubs.hpp"

namespace tutti::services::bot::stubs {
namespace {

struct GatewayCalls : ::testing::Test {
    ScriptedPeer interactive;
    ScriptedPeer background;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = interactive.send(), .background = background.send()}};
    TimePoint deadline = Boottime::now() + std::chrono::seconds(1);
};

TEST_F(GatewayCalls, LookupsOfActivationsAreInteractive) {
    interactive.answer(200, R"({"isActivated":false})");

    EXPECT_TRUE(gateway.read_activation("500", deadline));

    EXPECT_EQ(interactive.requests.size(), 1U);
    EXPECT_TRUE(background.requests.empty());
}

TEST_F(GatewayCalls, ListsToChooseFromAreInteractiveAndOnBehalfOfTheUser) {
    interactive.answer(200, R"({"personalities":[]})");
    interactive.answer(200, R"({"personas":[]})");
    interactive.answer(200, R"({"configs":[]})");

    EXPECT_TRUE(gateway.list_personalities("200", deadline));
    EXPECT_TRUE(gateway.list_personas("200", deadline));
    EXPECT_TRUE(gateway.list_llm_configs(deadline));

    ASSERT_EQ(interactive.requests.size(), 3U);
    EXPECT_EQ(interactive.requests[0].request.path, "/user/personality");
    EXPECT_EQ(interactive.requests[0].header("X-User-Id"), "200");
    EXPECT_EQ(interactive.requests[1].request.path, "/user/persona");
    EXPECT_EQ(interactive.requests[1].header("X-User-Id"), "200");
    EXPECT_EQ(interactive.requests[2].request.path, "/admin/llm-config");
    EXPECT_EQ(interactive.requests[2].header("X-User-Id"), "(none)");
    for (const SentRequest& sent : interactive.requests) {
        EXPECT_EQ(sent.header("X-Service-Auth"), "s3cret");
    }
}

TEST_F(GatewayCalls, PersonalityIsAbsentWhenThereIsNoneAndOnlyThen) {
    background.answer(http::ErrorCode::not_found);
    background.answer(http::ErrorCode::unauthorized);

    const auto none = gateway.read_personality("a/b", deadline);
    const auto wrong_secret = gateway.read_personality("a/b", deadline);

    ASSERT_TRUE(none.has_value());
    EXPECT_FALSE(none->has_value());
    EXPECT_FALSE(wrong_secret.has_value());
    EXPECT_EQ(background.requests[0].request.path, "/internal/personality/a%2Fb");
}

TEST_F(GatewayCalls, EverythingElseIsInTheBackground) {
    background.answer(http::ErrorCode::not_found);

    EXPECT_FALSE(gateway.activate({"500", "maestro", "900"}, "1", deadline));
    EXPECT_FALSE(gateway.deactivate({"500"}, "1", deadline));
    EXPECT_TRUE(gateway.read_personality("maestro", deadline));
    EXPECT_FALSE(gateway.list_activations("900", "1", deadline));
    EXPECT_FALSE(gateway.update_guild({"500", "900"}, "1", deadline));
    EXPECT_FALSE(gateway.probe(deadline));

    EXPECT_EQ(background.requests.size(), 6U);
    EXPECT_TRUE(interactive.requests.empty());
}

TEST_F(GatewayCalls, ListIsOfOneServerOrOfAllWithoutAQuery) {
    background.answer(200, R"({"activations":[)" + json::write(activation_of_maestro()) + "]}");

    const auto of_one = gateway.list_activations("9 0", "200", deadline);
    const auto of_all = gateway.list_activations(std::nullopt, "200", deadline);

    ASSERT_TRUE(of_one && of_all);
    EXPECT_EQ(of_one->at(0), activation_of_maestro());
    for (const SentRequest& sent : background.requests) {
        EXPECT_EQ(sent.request.method, "GET");
        EXPECT_EQ(sent.request.path, "/user/channel/list");
        EXPECT_EQ(sent.header("X-User-Id"), "200");
    }
    EXPECT_EQ(background.requests[0].request.query, "guildId=9%200");
    EXPECT_EQ(background.requests[1].request.query, "");
}

TEST_F(GatewayCalls, GuildIsPatched) {
    background.answer(200, R"({"updated":false})");

    EXPECT_EQ(gateway.update_guild({"500", "900"}, "200", deadline), false);

    const SentRequest& sent = background.requests.front();
    EXPECT_EQ(sent.request.method, "PATCH");
    EXPECT_EQ(sent.request.path, "/user/channel/update-guild");
    EXPECT_EQ(sent.request.body, R"({"channelId":"500","guildId":"900"})");
    EXPECT_EQ(sent.header("X-User-Id"), "200");
}

TEST_F(GatewayCalls, FailuresAreTagged) {
    using Kind = GatewayFailure::Kind;
    struct Case {
        Errc code;
        Kind kind;
        bool outcome_unknown;
    };
    for (const auto& [code, kind, unknown] :
         {Case{Errc::unavailable, Kind::network, true}, Case{Errc::timeout, Kind::timeout, true},
          Case{Errc::overloaded, Kind::overloaded, false},
          Case{Errc::too_large, Kind::too_large, true},
          Case{Errc::protocol, Kind::network, true}}) {
        ScriptedPeer peer;
        peer.fail_with(code);
        HttpGateway failing{"http://gateway",
                            process::Secret("s3cret"),
                            {.interactive = {}, .background = peer.send()}};

        const auto done = failing.deactivate({"500"}, "1", deadline);

        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, kind);
        EXPECT_EQ(done.error().outcome_unknown(), unknown) << to_string(kind);
        EXPECT_EQ(done.error().status, 0);
    }
}

}  // namespace
}  // namespace tutti::services::bot::stubs
