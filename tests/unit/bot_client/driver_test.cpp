#include "bot-client/driver.hpp"

#include "bot-client/driver_wire.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* command_body =
    R"({"command":"channel activate","options":{"personality":"maestro"},"userId":"200",)"
    R"("channelId":"500","guildId":"900","permissions":["MANAGE_MESSAGES"]})";

class Driver : public testing::Test {
protected:
    Driver() {
        add_driver_routes(
            router, process::Secret("s3cret"),
            {.commands = commands, .list = list, .chain = chain, .autocomplete = autocomplete});
    }

    http::Response post(std::string path, std::string body, std::string secret = "s3cret") {
        return router.handle({.method = "POST",
                              .path = std::move(path),
                              .headers = {{"X-Service-Auth", std::move(secret)}},
                              .body = std::move(body)});
    }
    static std::vector<std::unique_ptr<MessageProcessor>> filters() {
        std::vector<std::unique_ptr<MessageProcessor>> processors;
        processors.push_back(std::make_unique<BotAuthorFilter>());
        processors.push_back(std::make_unique<EmptyMessageFilter>());
        return processors;
    }

    ScriptedPeer peer;
    HttpGateway gateway{"http://gateway",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    ChannelCommands commands{gateway,
                             [](const std::string&, Duration) {
                                 return Invalidation{.outcome = Invalidation::Outcome::published,
                                                     .position = {},
                                                     .reason = {}};
                             },
                             [](const std::string&) { return lookup({}); }};
    ChannelList list{gateway, {}};
    MessageChain chain{filters()};
    Autocomplete autocomplete{
        {.personalities =
             [](const std::string&) {
                 return Lookup<std::vector<domain::PersonalitySummary>>(detail::RawLookup{
                     .value = std::make_shared<const std::vector<domain::PersonalitySummary>>(
                         1, domain::PersonalitySummary{.id = "1",
                                                       .name = "Maestro",
                                                       .display_name = {},
                                                       .slug = "maestro",
                                                       .owner_id = {},
                                                       .owner_discord_id = {}}),
                     .answer = Answer::found,
                     .tier = Tier::memory,
                     .freshness = Freshness::stale});
             },
         .personas = [](const std::string&) -> Result<Lookup<std::vector<domain::PersonaSummary>>> {
             return fail(Errc::unavailable, "list personas");
         },
         .global_configs = {}},
        std::nullopt};
    http::Router router;
};

TEST_F(Driver, CommandsAndMessagesNeedTheSecret) {
    for (const char* path :
         {"/driver/command", "/driver/button", "/driver/message", "/driver/autocomplete"}) {
        EXPECT_EQ(post(path, command_body, "wrong!").status, 403);
        EXPECT_EQ(post(path, command_body, "").status, 403);
    }
    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(Driver, CommandAnswersWithRepliesAndTimes) {
    peer.answer(
        201, R"({"activation":)" + json::write(activation_of_maestro()) + R"(,"replaced":false})");

    const auto answer = json::read<DriverCommandAnswer>(post("/driver/command", command_body).body);

    ASSERT_TRUE(answer.has_value());
    ASSERT_THAT(answer->replies, SizeIs(1));
    EXPECT_TRUE(answer->replies.front().ephemeral);
    EXPECT_EQ(answer->invalidation, "published");
    ASSERT_TRUE(answer->accepted_at_boottime_ns.has_value());
    EXPECT_GE(answer->completed_at_boottime_ns, *answer->accepted_at_boottime_ns);
}

TEST_F(Driver, RefusedCommandHasNoTimeOfSuccess) {
    peer.answer(http::ErrorCode::not_found);

    const auto answer = json::read<DriverCommandAnswer>(post("/driver/command", command_body).body);

    EXPECT_FALSE(answer->accepted_at_boottime_ns.has_value());
    EXPECT_FALSE(answer->invalidation.has_value());
}

TEST_F(Driver, MalformedBodiesAreNamed) {
    for (const char* body : {"", "{", "[]", "null", "{\"command\":7}", "{}"}) {
        EXPECT_EQ(post("/driver/command", body).status, 400) << body;
        EXPECT_EQ(post("/driver/button", body).status, 400) << body;
        EXPECT_EQ(post("/driver/message", body).status, 400) << body;
        EXPECT_EQ(post("/driver/autocomplete", body).status, 400) << body;
    }
    const auto response = post("/driver/command", R"({"command":"channel activate"})");
    EXPECT_THAT(response.body, AllOf(HasSubstr("userId"), HasSubstr("channelId")));
}

TEST_F(Driver, IdsAreDigits) {
    const auto response =
        post("/driver/message", R"({"authorId":"2 0","channelId":"123456789012345678901"})");

    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, AllOf(HasSubstr("authorId"), HasSubstr("channelId")));
}

TEST_F(Driver, UnknownCommandIsRefused) {
    const auto response =
        post("/driver/command", R"({"command":"channel explode","userId":"1","channelId":"2"})");

    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, AllOf(HasSubstr("channel deactivate"), HasSubstr("channel list")));
}

constexpr const char* list_body =
    R"({"command":"channel list","userId":"200","channelId":"500","guildId":"900",)"
    R"("permissions":["MANAGE_MESSAGES"],"directory":{"channels":{"501":{"guildId":"900"}},)"
    R"("guilds":{"900":{"name":"Home"}}}})";

TEST_F(Driver, ListComesWithAnEmbedAndButtonsAndAButtonReplacesIt) {
    peer.answer(200, R"({"activations":[)" + json::write(activation_of_maestro()) + "]}");

    const auto answer = json::read<DriverCommandAnswer>(post("/driver/command", list_body).body);
    ASSERT_TRUE(answer.has_value());
    const DriverReply& listed = answer->replies.at(0);
    ASSERT_TRUE(listed.embed && listed.buttons);
    const auto pressed = json::read<DriverPressAnswer>(
        post("/driver/button", R"({"userId":"200","channelId":"500","guildId":"900",)"
                               R"("permissions":["MANAGE_MESSAGES"],"customId":")" +
                                   listed.buttons->at(3).custom_id + "\"}")
            .body);

    EXPECT_THAT(listed.embed->description, HasSubstr("<#500>: **The Maestro**"));
    EXPECT_FALSE(listed.replaces.has_value());
    EXPECT_FALSE(answer->accepted_at_boottime_ns.has_value());
    ASSERT_TRUE(pressed.has_value());
    EXPECT_EQ(pressed->replies.at(0).replaces, true);
    EXPECT_EQ(pressed->replies.at(0).buttons->at(3).label, "Sort by date");
}

TEST_F(Driver, RepliesWithoutEmbedAndButtonsLookAsBefore) {
    peer.answer(http::ErrorCode::not_found);

    const std::string body = post("/driver/command", command_body).body;

    for (const char* member : {"embed", "buttons", "replaces"}) {
        EXPECT_THAT(body, testing::Not(HasSubstr(member)));
    }
}

TEST_F(Driver, DirectoryOfTheRequestSaysInWhichServerAChannelIs) {
    domain::Activation unknown = activation_of_maestro();
    unknown.channel_id = "501";
    unknown.guild_id.reset();
    peer.answer(200, R"({"activations":[)" + json::write(unknown) + "]}");
    peer.answer(200, R"({"updated":true})");

    EXPECT_THAT(post("/driver/command", list_body).body, HasSubstr("<#501>"));

    ASSERT_THAT(peer.requests, SizeIs(2));
    EXPECT_EQ(peer.requests[1].request.body, R"({"channelId":"501","guildId":"900"})");
}

TEST_F(Driver, DirectoryIsCheckedAndBounded) {
    const auto status_with = [&](const std::string& directory) {
        return post(
                   "/driver/button",
                   R"({"customId":"x","userId":"1","channelId":"2","directory":)" + directory + '}')
            .status;
    };
    std::string channels;
    for (int id = 1; id <= 1001; ++id) {
        channels += (id == 1 ? "\"" : ",\"") + std::to_string(id) + "\":{}";
    }

    EXPECT_EQ(status_with("{}"), 200);
    EXPECT_EQ(status_with(R"({"channels":{"2":{"name":"a","guildId":"3"}},"guilds":{}})"), 200);
    EXPECT_EQ(status_with(R"({"channels":{"two":{}}})"), 400);
    EXPECT_EQ(status_with(R"({"channels":{"2":{"guildId":"three"}}})"), 400);
    EXPECT_EQ(status_with(R"({"guilds":{"":{"name":"a"}}})"), 400);
    EXPECT_EQ(status_with(R"({"channels":{)" + channels + "}}"), 400);
    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(Driver, ParentOfAThreadIsAnotherChannel) {
    const auto status_with = [&](const std::string& parent) {
        return post("/driver/message",
                    R"({"authorId":"1","channelId":"2","parentChannelId":)" + parent + '}')
            .status;
    };

    EXPECT_EQ(status_with("\"3\""), 200);
    EXPECT_EQ(status_with("null"), 200);
    EXPECT_EQ(status_with("\"\""), 400);
    EXPECT_EQ(status_with("\"three\""), 400);
    EXPECT_EQ(status_with("\"2\""), 400);
}

TEST_F(Driver, ChoicesSayWhereTheyCameFromAndHowFreshTheyAre) {
    const auto typed = [&](const std::string& option) {
        return json::read<DriverChoices>(
                   post("/driver/autocomplete", R"({"command":"channel activate","option":")" +
                                                    option + R"(","value":"MAE","userId":"1"})")
                       .body)
            .value();
    };
    const auto listed = typed("personality");
    const auto failed = typed("persona");

    ASSERT_THAT(listed.choices, SizeIs(1));
    EXPECT_EQ(listed.choices.front().value, "maestro");
    EXPECT_EQ(listed.tier, "memory");
    EXPECT_EQ(listed.freshness, "stale");
    ASSERT_THAT(failed.choices, SizeIs(1));
    EXPECT_EQ(failed.choices.front().value, "__autocomplete_error__");
    EXPECT_FALSE(failed.freshness.has_value());
}

TEST_F(Driver, MessageSaysWhoHandledIt) {
    const auto passed = json::read<DriverMessageAnswer>(
        post("/driver/message", R"({"authorId":"1","channelId":"2","content":"hello"})").body);
    const auto filtered = json::read<DriverMessageAnswer>(
        post("/driver/message", R"({"authorId":"1","channelId":"2","authorIsBot":true})").body);

    EXPECT_FALSE(passed->handled);
    EXPECT_FALSE(passed->tier.has_value());
    EXPECT_TRUE(filtered->handled);
    EXPECT_EQ(filtered->handled_by, "bot-author");
}

}  // namespace
}  // namespace tutti::services::bot
