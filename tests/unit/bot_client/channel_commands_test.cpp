#include "bot-client/channel_commands.hpp"

#include <map>

#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Commands : public ::testing::Test {
protected:
    ChannelCommands::Outcome run(std::string command) {
        slash.command = std::move(command);
        return commands.run(slash);
    }
    void succeed_with_activation(const char* replaced) {
        peer.answer(201, R"({"activation":)" + json::write(activation_of_maestro()) +
                             R"(,"replaced":)" + replaced + '}');
    }

    Result<Lookup<domain::GetChannelActivationResponse>> settings(const std::string& channel_id) {
        requests_before_reading = peer.requests.size();
        const auto found = known.find(channel_id);
        if (found == known.end()) return fail(Errc::timeout, "load channel-activation");
        return lookup(found->second);
    }

    ScriptedPeer peer;
    std::map<std::string, domain::GetChannelActivationResponse> known;  // settings, by channel
    std::size_t requests_before_reading = 0;
    std::vector<std::string> invalidated;
    std::size_t requests_before_invalidation = 0;
    Invalidation published{
        .outcome = Invalidation::Outcome::published, .position = {}, .reason = {}};
    Slash slash{.command = {},
                .personality = "maestro",
                .user_id = "200",
                .channel_id = "500",
                .guild_id = "900",
                .may_manage_messages = true};
    HttpGateway gateway{"http://gateway:3000",
                        process::Secret("s3cret"),
                        {.interactive = peer.send(), .background = peer.send()}};
    ChannelCommands commands{
        gateway,
        [this](const std::string& channel_id, Duration deadline) {
            invalidated.push_back(channel_id);
            requests_before_invalidation = peer.requests.size();
            EXPECT_LE(deadline, 1s);
            return published;
        },
        [this](const std::string& channel_id) { return settings(channel_id); }};
};

TEST_F(Commands, ActivationIsPostedForTheUserWithTheSecret) {
    succeed_with_activation("false");

    (void)run("channel activate");

    ASSERT_EQ(peer.requests.size(), 1U);
    const SentRequest& sent = peer.requests.front();
    EXPECT_EQ(sent.url, "http://gateway:3000");
    EXPECT_EQ(sent.request.method, "POST");
    EXPECT_EQ(sent.request.path, "/user/channel/activate");
    EXPECT_EQ(sent.request.body,
              R"({"channelId":"500","personalitySlug":"maestro","guildId":"900"})");
    EXPECT_EQ(sent.header("X-Service-Auth"), "s3cret");
    EXPECT_EQ(sent.header("X-User-Id"), "200");
    EXPECT_EQ(sent.header("Content-Type"), "application/json");
}

TEST_F(Commands, GatewayIsGivenLessTimeThanDiscordGives) {
    succeed_with_activation("false");

    (void)run("channel activate");

    EXPECT_LE(peer.requests.front().deadline, Boottime::now() + 2s);
}

TEST_F(Commands, ActivationIsForgottenEverywhereAfterTheGatewayCommitted) {
    succeed_with_activation("false");

    const auto outcome = run("channel activate");

    EXPECT_THAT(invalidated, ElementsAre("500"));
    EXPECT_EQ(requests_before_invalidation, 1U);
    EXPECT_TRUE(outcome.accepted_at.has_value());
    EXPECT_THAT(outcome.reply.content, HasSubstr("Activated **The Maestro**"));
    EXPECT_THAT(outcome.reply.content, Not(HasSubstr("replaced")));
    EXPECT_TRUE(outcome.reply.ephemeral);
}

TEST_F(Commands, ChoiceThatSaysThatThereIsNoListIsNoPersonality) {
    slash.personality = "__autocomplete_error__";

    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("could not be loaded"));
    EXPECT_THAT(peer.requests, IsEmpty());
    EXPECT_THAT(invalidated, IsEmpty());
}

TEST_F(Commands, ReplacedActivationIsMentioned) {
    succeed_with_activation("true");

    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("replaced previous activation"));
}

TEST_F(Commands, UnpublishedInvalidationDoesNotFailTheCommand) {
    succeed_with_activation("false");
    published = {.outcome = Invalidation::Outcome::unconfirmed, .position = {}, .reason = "no bus"};

    const auto outcome = run("channel activate");

    EXPECT_THAT(outcome.reply.content, HasSubstr("Activated **The Maestro**"));
    EXPECT_EQ(outcome.invalidation->outcome, Invalidation::Outcome::unconfirmed);
}

TEST_F(Commands, UnpublishedInvalidationDoesNotFailTheDeactivation) {
    published = {.outcome = Invalidation::Outcome::unconfirmed, .position = {}, .reason = "no bus"};
    peer.answer(200, R"({"deactivated":true,"personalityName":"The Maestro"})");

    const auto outcome = run("channel deactivate");

    EXPECT_THAT(outcome.reply.content, HasSubstr("Deactivated **The Maestro**"));
    EXPECT_EQ(outcome.invalidation->outcome, Invalidation::Outcome::unconfirmed);
}

TEST_F(Commands, UnknownPersonalityIsNamed) {
    peer.answer(http::ErrorCode::not_found);

    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("\"maestro\" not found"));
    EXPECT_THAT(invalidated, IsEmpty());
}

TEST_F(Commands, DeniedPersonalityIsNamed) {
    peer.answer(http::ErrorCode::unauthorized);

    EXPECT_THAT(run("channel activate").reply.content,
                HasSubstr("do not have access to the personality \"maestro\""));
    EXPECT_THAT(invalidated, IsEmpty());
}

TEST_F(Commands, OtherRefusalsShowTheErrorCodeAndForgetNothing) {
    peer.answer(http::ErrorCode::conflict);

    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("Failed to activate: CONFLICT"));
    EXPECT_THAT(run("channel deactivate").reply.content,
                HasSubstr("Failed to deactivate: CONFLICT"));
    EXPECT_THAT(invalidated, IsEmpty());
}

// Its database may have committed before the connection broke.
TEST_F(Commands, AGatewayThatFailedMayHaveCommittedAndIsForgotten) {
    peer.answer(http::ErrorCode::internal_error);

    for (const char* command : {"channel activate", "channel deactivate"}) {
        invalidated.clear();
        EXPECT_THAT(run(command).reply.content, HasSubstr("INTERNAL_ERROR")) << command;
        EXPECT_THAT(invalidated, ElementsAre("500")) << command;
    }
}

TEST_F(Commands, NamesMentionNobodyAndChangeNoMarkup) {
    peer.answer(200, R"x({"deactivated":true,"personalityName":"@everyone** [x](http://y)"})x");
    peer.answer(http::ErrorCode::not_found);
    peer.answer(418, R"({"error":"@here"})");

    EXPECT_THAT(run("channel deactivate").reply.content,
                HasSubstr(R"(**\@everyone\*\* \[x\]\(http\://y\)**)"));

    slash.personality = "<@&1>";
    EXPECT_THAT(run("channel activate").reply.content, HasSubstr(R"("\<\@&1\>" not found)"));
    EXPECT_THAT(run("channel activate").reply.content, HasSubstr(R"(\@here)"));
}

TEST_F(Commands, NoAnswerIsAnUnexpectedErrorAndForgetsBecauseTheGatewayMayHaveCommitted) {
    for (const Errc code : {Errc::timeout, Errc::unavailable}) {
        peer.fail_with(code);
        for (const char* command : {"channel activate", "channel deactivate"}) {
            invalidated.clear();

            const auto outcome = run(command);

            EXPECT_THAT(outcome.reply.content, HasSubstr("unexpected error")) << command;
            EXPECT_THAT(invalidated, ElementsAre("500")) << command;
            EXPECT_FALSE(outcome.accepted_at.has_value()) << command;
        }
    }
}

TEST_F(Commands, UnreadableSuccessForgetsBecauseTheGatewayCommitted) {
    peer.answer(201, R"({"activation":null})");

    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("unexpected error"));
    EXPECT_THAT(invalidated, ElementsAre("500"));
}

TEST_F(Commands, ThrownErrorIsAnUnexpectedError) {
    // Nothing is scripted: the peer throws.
    EXPECT_THAT(run("channel activate").reply.content, HasSubstr("unexpected error"));
    EXPECT_THAT(run("channel deactivate").reply.content, HasSubstr("unexpected error"));
}

TEST_F(Commands, DeactivationIsADeleteWithABody) {
    peer.answer(200, R"({"deactivated":true,"personalityName":"The Maestro"})");

    const auto outcome = run("channel deactivate");

    const SentRequest& sent = peer.requests.front();
    EXPECT_EQ(sent.request.method, "DELETE");
    EXPECT_EQ(sent.request.path, "/user/channel/deactivate");
    EXPECT_EQ(sent.request.body, R"({"channelId":"500"})");
    EXPECT_EQ(sent.header("X-User-Id"), "200");
    EXPECT_THAT(outcome.reply.content, HasSubstr("Deactivated **The Maestro**"));
    EXPECT_THAT(invalidated, ElementsAre("500"));
}

TEST_F(Commands, DeactivationOfNothingForgetsAllTheSame) {
    peer.answer(200, R"({"deactivated":false})");

    EXPECT_THAT(run("channel deactivate").reply.content,
                HasSubstr("No personality is currently activated"));
    EXPECT_THAT(invalidated, ElementsAre("500"));
}

TEST_F(Commands, ThreadThatOnlyInheritsIsSwitchedOffAndTheReplySaysSo) {
    slash.parent_channel_id = "499";
    known = {{"500", no_record}, {"499", active}};
    peer.answer(200, R"({"deactivated":false})");

    const auto outcome = run("channel deactivate");

    EXPECT_EQ(outcome.reply.content,
              "Deactivated **The Maestro** in this thread; the channel around it stays active.");
    EXPECT_EQ(peer.requests.front().request.body, R"({"channelId":"500"})");
    EXPECT_THAT(invalidated, ElementsAre("500"));
    EXPECT_EQ(requests_before_reading, 0U) << "what it inherited before";
}

TEST_F(Commands, ThreadThatInheritsNothingIsToldThatNothingIsActive) {
    slash.parent_channel_id = "499";
    peer.answer(200, R"({"deactivated":false})");
    using Settings = std::map<std::string, domain::GetChannelActivationResponse>;
    for (const Settings& settings :
         {Settings{{"500", no_record}, {"499", no_record}},
          Settings{{"500", no_record}, {"499", off}}, Settings{{"500", off}, {"499", active}},
          Settings{{"500", no_record}}, Settings{}}) {
        known = settings;

        EXPECT_THAT(run("channel deactivate").reply.content,
                    HasSubstr("No personality is currently activated"));
    }
}

TEST_F(Commands, ThreadOfAGatewayThatRecordsNoOffIsNotToldThatItIsSilent) {
    slash.parent_channel_id = "499";
    known = {{"500", {}}, {"499", active}};
    known["499"].has_settings.reset();
    peer.answer(200, R"({"deactivated":false})");

    EXPECT_THAT(run("channel deactivate").reply.content,
                HasSubstr("No personality is currently activated"));
}

TEST_F(Commands, ThreadWithAnActivationOfItsOwnIsDeactivatedLikeAChannel) {
    slash.parent_channel_id = "499";
    known = {{"500", active}, {"499", active}};
    peer.answer(200, R"({"deactivated":true,"personalityName":"Solo"})");

    EXPECT_EQ(run("channel deactivate").reply.content, "Deactivated **Solo**.");
}

TEST_F(Commands, ActivationInAThreadConcernsThatThread) {
    slash.parent_channel_id = "499";
    succeed_with_activation("false");

    (void)run("channel activate");

    EXPECT_THAT(peer.requests.front().request.body, HasSubstr(R"("channelId":"500")"));
    EXPECT_THAT(invalidated, ElementsAre("500"));
}

TEST_F(Commands, OutsideOfAServerNobodyIsAsked) {
    slash.guild_id.clear();

    for (const char* command : {"channel activate", "channel deactivate"}) {
        EXPECT_THAT(run(command).reply.content, HasSubstr("only be used in a server"));
    }
    EXPECT_THAT(peer.requests, IsEmpty());
    EXPECT_THAT(invalidated, IsEmpty());
}

TEST_F(Commands, WithoutManageMessagesNobodyIsAsked) {
    slash.may_manage_messages = false;

    for (const char* command : {"channel activate", "channel deactivate"}) {
        EXPECT_THAT(run(command).reply.content, HasSubstr("\"Manage Messages\" permission"));
    }
    EXPECT_THAT(peer.requests, IsEmpty());
    EXPECT_THAT(invalidated, IsEmpty());
}

}  // namespace
}  // namespace tutti::services::bot
