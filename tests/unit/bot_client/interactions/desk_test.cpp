// Interactions from Discord's JSON to Discord's API, with the commands behind them.
#include "bot-client/interactions/desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "bot-client/events/known_channels.hpp"
#include "bot-client/interactions/commands.hpp"
#include "tutti/json.hpp"
#include "unit/bot_client/scripted_discord.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot::interactions {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// The id of the example in Discord's reference, and when it was made.
constexpr const char* id = "175928847299117063";
constexpr process::UnixTime made{1'462'015'105'796ms};

std::string body(int type, const std::string& data, const std::string& more = "") {
    return R"({"id":")" + std::string(id) + R"(","application_id":"2","token":"it","type":)" +
           std::to_string(type) + R"(,"guild_id":"9","channel_id":"50","data":)" + data +
           R"(,"member":{"user":{"id":"200","username":"ann"},"permissions":"8192"})" + more + '}';
}
std::string activate(const std::string& slug) {
    return R"({"name":"channel","type":1,"options":[{"name":"activate","type":1,"options":[)"
           R"({"name":"personality","type":3,"value":")" +
           slug + R"("}]}]})";
}

class Handler final : public PersonalityHandler {
public:
    Result<std::string> handle(const Turn& turn) override {
        turns.push_back(turn.message.id + ' ' + turn.text);
        return "llm-1";
    }
    std::vector<std::string> turns;
};

class Desk : public ::testing::Test {
protected:
    Desk() {
        discord.on("POST /interactions/", 204, "");
        discord.on("PATCH /webhooks/2/it", 200, R"({"id":"700"})");
        gateway_peer.answer(201, json::write(domain::ActivateChannelResponse{
                                     .activation = stubs::activation_of_maestro()}));
    }

    void handle(const std::string& text) {
        const auto read = read_interaction(text);
        ASSERT_TRUE(read.has_value()) << read.error().message();
        desk.handle(*read);
    }
    [[nodiscard]] std::uint64_t count(FirstAnswer outcome) const {
        return desk.figures().first_answers[static_cast<std::size_t>(outcome)];
    }

    stubs::ScriptedDiscord discord;
    stubs::ScriptedPeer gateway_peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s"),
                        {.interactive = gateway_peer.send(), .background = gateway_peer.send()}};
    ChannelCommands commands{gateway, [](const std::string&, Duration) { return Invalidation{}; },
                             [](const std::string&) { return stubs::lookup({}); }};
    ChannelList list{gateway, {}};
    Handler handler;
    CharacterChat chat{{.personality = [](const std::string& slug, const std::string&)
                            -> Result<std::shared_ptr<const domain::GetPersonalityResponse>> {
                            if (slug != "maestro")
                                return std::shared_ptr<const domain::GetPersonalityResponse>();
                            return std::make_shared<const domain::GetPersonalityResponse>(
                                domain::GetPersonalityResponse{.personality = stubs::maestro()});
                        },
                        .handler = handler}};
    Autocomplete autocomplete{
        {.personalities =
             [](const std::string&) -> Result<Lookup<std::vector<domain::PersonalitySummary>>> {
             return fail(Errc::unavailable, "list", "away");
         },
         .personas = {},
         .global_configs = {}},
        {}};
    events::KnownChannels channels;
    InteractionAnswers answers{discord.rest};
    std::set<std::string> claimed;
    process::UnixTime now = made + 40ms;
    InteractionDesk desk{
        {.answers = answers,
         .commands = commands,
         .list = list,
         .chat = chat,
         .autocomplete = autocomplete,
         .directory = channels,
         .claim = [this](const std::string& key) { return claimed.insert(key).second; },
         .now = [this] { return now; }}};
};

TEST_F(Desk, ACommandIsDeferredBeforeItIsCarriedOutAndThenItsAnswerTakesThatPlace) {
    handle(body(2, activate("maestro")));

    EXPECT_THAT(discord.lines(),
                ElementsAre("POST /interactions/" + std::string(id) + "/it/callback",
                            "PATCH /webhooks/2/it/messages/@original"));
    EXPECT_EQ(discord.calls[0].body, R"({"type":5,"data":{"flags":64}})");
    EXPECT_THAT(discord.calls[1].body,
                AllOf(HasSubstr("Activated **The Maestro**"), HasSubstr(R"("parse":[])")));
    EXPECT_FALSE(discord.calls[1].authorized);
    EXPECT_EQ(claimed, std::set{"interaction:" + std::string(id)});
    EXPECT_EQ(desk.figures().ages.within.front(), 1U) << "40 ms old";
}

TEST_F(Desk, OneThatComesTwiceIsAnsweredOnce) {
    handle(body(2, activate("maestro")));
    const std::size_t calls = discord.calls.size();

    handle(body(2, activate("maestro")));

    EXPECT_EQ(discord.calls.size(), calls);
    EXPECT_EQ(count(FirstAnswer::elsewhere), 1U);
    EXPECT_THAT(gateway_peer.requests, SizeIs(1));
}

TEST_F(Desk, OfOneThatCameOverHttpTheFirstAnswerIsTheResponse) {
    auto posted = read_interaction(body(2, activate("maestro"))).value();
    std::string response;
    posted.respond = [&](std::string first) {
        response = std::move(first);
        return true;
    };

    desk.handle(posted);

    EXPECT_EQ(response, R"({"type":5,"data":{"flags":64}})");
    for (const auto& call : discord.calls) EXPECT_THAT(call.line, Not(HasSubstr("/callback")));
    EXPECT_EQ(count(FirstAnswer::taken), 1U);
}

TEST_F(Desk, WhatAnotherProcessHasAnsweredOrDiscordHasForgottenIsNotCarriedOut) {
    discord.on("POST /interactions/", 400, R"({"code":40060})");
    handle(body(2, activate("maestro")));
    EXPECT_EQ(count(FirstAnswer::elsewhere), 1U);
    claimed.clear();
    discord.on("POST /interactions/", 404, R"({"code":10062})");
    handle(body(2, activate("maestro")));

    EXPECT_EQ(count(FirstAnswer::too_late), 1U);
    EXPECT_THAT(gateway_peer.requests, IsEmpty());
    EXPECT_EQ(desk.figures().ages.count, 0U);
}

TEST_F(Desk, WhoMayNotManageMessagesIsToldSo) {
    std::string text = body(2, activate("maestro"));
    text.replace(text.find("8192"), 4, "2048");
    handle(text);

    EXPECT_THAT(discord.calls.back().body, HasSubstr("Manage Messages"));
    EXPECT_THAT(gateway_peer.requests, IsEmpty());
}

TEST_F(Desk, AutocompleteIsAnsweredAtOnceAndNotClaimed) {
    handle(body(4, R"({"name":"channel","options":[{"name":"activate","type":1,"options":[)"
                   R"({"name":"personality","type":3,"value":"m","focused":true}]}]})"));

    ASSERT_THAT(discord.calls, SizeIs(1));
    EXPECT_THAT(discord.calls[0].body, AllOf(HasSubstr(R"({"type":8,"data":{"choices":[{"name":)"),
                                             HasSubstr("__autocomplete_error__")));
    EXPECT_THAT(claimed, IsEmpty());
}

TEST_F(Desk, ChattingShowsWhatWasSaidAndHandsItToThePersonality) {
    const std::string data = R"({"name":"character","options":[{"name":"chat","type":1,"options":[)"
                             R"({"name":"personality","type":3,"value":"maestro"},)"
                             R"({"name":"message","type":3,"value":"hello"}]}]})";
    handle(body(2, data));

    EXPECT_EQ(discord.calls[0].body, R"({"type":5})") << "for all to see";
    EXPECT_THAT(discord.calls[1].body, HasSubstr("**ann** to **The Maestro**: hello"));
    EXPECT_THAT(handler.turns, ElementsAre("700 hello"));
}

TEST_F(Desk, AButtonThatIsNotKnownLeavesTheMessageAndAnswersBesideIt) {
    discord.on("POST /webhooks/2/it", 200, R"({"id":"701"})");
    handle(body(3, R"({"custom_id":"x","component_type":2})"));

    EXPECT_EQ(discord.calls[0].body, R"({"type":6})");
    EXPECT_EQ(discord.calls[1].line, "POST /webhooks/2/it?wait=true");
    EXPECT_THAT(discord.calls[1].body, AllOf(HasSubstr("not known"), HasSubstr(R"("flags":64)")));
}

TEST_F(Desk, ACommandOfAnotherVersionIsAnsweredToo) {
    handle(body(2, R"({"name":"old"})"));
    EXPECT_THAT(discord.calls.back().body, HasSubstr("not known here any more"));
}

TEST(ReadInteraction, OfTheGatewayIsTheSameAndKnowsThreads) {
    const auto read = read_interaction_event(
        R"({"op":0,"d":)" +
        body(2, activate("m"), R"(,"channel":{"id":"51","type":11,"parent_id":"50"})") + '}');

    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->command, "channel activate");
    EXPECT_EQ(read->option("personality"), "m");
    EXPECT_EQ(read->thread_of, "50");
    EXPECT_TRUE(read->may_manage_messages);
    EXPECT_FALSE(read_interaction_event("{}").has_value());
}

TEST(Registration, TellsDiscordTheCommandsOnlyWhenItHasOthers) {
    stubs::ScriptedDiscord discord;
    std::string kept = "[]";
    discord.on("GET /applications/2/commands", [&](const auto&) -> Result<http::Response> {
        return http::json_response(200, kept);
    });
    discord.on("PUT /applications/2/commands", [&](const auto& call) -> Result<http::Response> {
        kept = call.body;
        return http::json_response(200, kept);
    });
    const auto tell = [&] { return register_commands(discord.rest, "2", Boottime::now() + 2s); };

    EXPECT_EQ(tell(), true);
    EXPECT_EQ(tell(), false);
    kept.replace(kept.find("\"required\":true"), 15, "\"required\":false");
    EXPECT_EQ(tell(), true);
    discord.on("PUT /applications/2/commands", 400, "{}");
    kept = "{}";
    EXPECT_FALSE(tell().has_value());
}

}  // namespace
}  // namespace tutti::services::bot::interactions
