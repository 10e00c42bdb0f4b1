// Messages for a personality in a channel that is not activated, voice messages, and what becomes
// of a message from Discord's frame on.
#include "bot-client/addressed.hpp"

#include <set>

#include "bot-client/message_desk.hpp"
#include "bot-client/voice_message.hpp"
#include "unit/bot_client/scripted_discord.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Summaries = std::vector<domain::PersonalitySummary>;

domain::PersonalitySummary summary(std::string name, std::string display, std::string slug) {
    domain::PersonalitySummary one{};
    one.name = std::move(name);
    one.display_name = std::move(display);
    one.slug = std::move(slug);
    return one;
}
const Summaries& summaries() {
    static const Summaries all{summary("Maestro", "The Maestro", "maestro"),
                               summary("Mae", "Mae", "mae")};
    return all;
}

TEST(Mention, IsTheLongestNameThatTheTextHasBehindAnAt) {
    const auto slug = [](std::string_view text) {
        const auto found = mention_in(text, summaries());
        return found ? found->slug + '|' + found->rest : "none";
    };
    EXPECT_EQ(slug("@the maestro, hello"), "maestro|hello");
    EXPECT_EQ(slug("hello @Maestro!"), "maestro|hello !");
    EXPECT_EQ(slug("@mae"), "mae|");
    EXPECT_EQ(slug("@mae's"), "mae|'s");
    EXPECT_EQ(slug("@maes @mae x"), "mae|@maes  x");
    EXPECT_EQ(slug("write to a@mae"), "none");
    EXPECT_EQ(slug("<@mae>"), "none");
    EXPECT_EQ(slug("mae"), "none");
}

class Handler final : public PersonalityHandler {
public:
    Result<std::string> handle(const Turn& turn) override {
        turns.push_back(turn.personality.slug + ": " + turn.text);
        return "llm-1";
    }
    std::vector<std::string> turns;
};

FindPersonality finds_maestro() {
    return [](const std::string& slug,
              const std::string&) -> Result<std::shared_ptr<const domain::GetPersonalityResponse>> {
        if (slug != "maestro") return std::shared_ptr<const domain::GetPersonalityResponse>();
        return std::make_shared<const domain::GetPersonalityResponse>(
            domain::GetPersonalityResponse{.personality = stubs::maestro()});
    };
}

struct Addressed : ::testing::Test {
    Message message{.author_id = "200",
                    .channel_id = "50",
                    .content = "hello",
                    .attachments = {},
                    .voice_transcript = {},
                    .forwarded = {},
                    .id = "7"};
    stubs::RecordedReplies replies;
    MessageContext context{.message = message, .replies = replies, .activation_tier = {}};
    Handler handler;
    std::set<std::string> claimed;
    ClaimAnswer claim = [this](const std::string& key) { return claimed.insert(key).second; };
};

TEST_F(Addressed, AReplyToWhatAPersonalityHasSaidIsAnsweredByIt) {
    Result<std::optional<std::string>> speaker = std::optional<std::string>("maestro");
    ReplyToPersonality processor({.speaker = [&](const std::string&) { return speaker; },
                                  .personality = finds_maestro(),
                                  .handler = handler});
    EXPECT_EQ(processor.process(context), false) << "it is no reply";
    message.answered_webhook_message = "5";

    EXPECT_EQ(processor.process(context), true);
    EXPECT_THAT(handler.turns, ElementsAre("maestro: hello"));
    EXPECT_EQ(context.job_id, "llm-1");

    speaker = std::optional<std::string>("private");
    EXPECT_EQ(processor.process(context), false);
    speaker = std::optional<std::string>();
    EXPECT_EQ(processor.process(context), false);
    EXPECT_FALSE(context.is_undecided);
    speaker = fail(Errc::unavailable, "who", "away");
    EXPECT_EQ(processor.process(context), false) << "the next processors do not need it";
    EXPECT_TRUE(context.is_undecided);
}

TEST_F(Addressed, AMentionIsAnsweredWithoutTheName) {
    int asked = 0;
    MentionedPersonality processor(
        {.personalities = [&](const std::string&) -> Result<Lookup<Summaries>> {
             ++asked;
             return Lookup<Summaries>(
                 detail::RawLookup{.value = std::make_shared<const Summaries>(summaries()),
                                   .age = {},
                                   .tier = Tier::memory,
                                   .freshness = Freshness::fresh,
                                   .degraded = {}});
         },
         .personality = finds_maestro(),
         .handler = handler});
    EXPECT_EQ(processor.process(context), false);
    EXPECT_EQ(asked, 0) << "nobody is mentioned";
    message.content = "@Maestro play";

    EXPECT_EQ(processor.process(context), true);
    EXPECT_THAT(handler.turns, ElementsAre("maestro: play"));
}

TEST_F(Addressed, TheBotSaysHowItIsUsedWhenItIsMentioned) {
    MentionedBot processor;
    EXPECT_EQ(processor.process(context), false);
    message.mentions_bot = true;

    EXPECT_EQ(processor.process(context), true);
    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_THAT(replies.replies[0].content, HasSubstr("/character chat"));
}

TEST_F(Addressed, AVoiceMessageIsWrittenDownByOneBotAndTheChainGoesOn) {
    Result<std::string> words = "the words";
    VoiceMessage processor(
        {.transcribe = [&](const Attachment&) { return words; }, .claim = claim});
    EXPECT_EQ(processor.process(context), false);
    EXPECT_THAT(replies.replies, IsEmpty());
    message.attachments = {{.url = "u", .is_voice_message = true}};

    EXPECT_EQ(processor.process(context), false);
    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_EQ(replies.replies[0].content, "the words");
    EXPECT_EQ(message.voice_transcript, "the words");

    message.voice_transcript.clear();
    EXPECT_EQ(processor.process(context), false);
    EXPECT_THAT(replies.replies, SizeIs(1)) << "another bot has claimed it";
    claimed.clear();
    words = fail(Errc::timeout, "transcribe", "slow");
    EXPECT_EQ(processor.process(context), false) << "it goes on without the text";
}

class Channel final : public Sender {
public:
    Result<std::string> say(const LaterReply& reply, TimePoint) override {
        said.push_back(reply);
        return "900";
    }
    Result<std::optional<std::string>> find(const LaterReply&, TimePoint) override {
        return std::nullopt;
    }
    std::vector<LaterReply> said;
};

struct Taking : Addressed {
    void take(const std::string& more = "", const std::string& author = R"("id":"200")") {
        messages.take(R"({"d":{"id":"7","channel_id":"51","guild_id":"9","content":"hi",)"
                      R"("author":{"username":"ann",)" +
                      author + '}' + more + "}}");
    }
    // What the chain was given.
    struct Recorder final : MessageProcessor {
        [[nodiscard]] std::string_view name() const override { return "recorder"; }
        Result<bool> process(MessageContext& at) override {
            seen.push_back(at.message.channel_id + " in " + at.message.parent_channel_id);
            at.is_undecided = is_undecided;
            if (passes_on) return false;
            return fail(Errc::load_failed, "recorder", "scripted");
        }
        std::vector<std::string> seen;
        bool passes_on = false;
        bool is_undecided = false;
    };
    static MessageChain chain_of(Recorder*& recorder) {
        std::vector<std::unique_ptr<MessageProcessor>> all;
        auto one = std::make_unique<Recorder>();
        recorder = one.get();
        all.push_back(std::move(one));
        return MessageChain(std::move(all));
    }

    stubs::ScriptedDiscord discord;
    events::KnownChannels known;
    events::ChannelPlaces places{known, discord.rest};
    Identity identity;
    Channel channel;
    Recorder* recorder = nullptr;
    MessageChain chain = chain_of(recorder);
    MessageDesk messages{{.identity = identity,
                          .places = places,
                          .chain = chain,
                          .sender = channel,
                          .claim = claim,
                          .show_typing = [](const std::string&) {}},
                         {}};
};

TEST_F(Taking, AMessageInAThreadHasTheChannelAroundItAndAFailureIsOneApology) {
    discord.on("GET /channels/51", 200, R"({"id":"51","type":11,"guild_id":"9","parent_id":"50"})");
    take();
    take();

    EXPECT_THAT(recorder->seen, ElementsAre("51 in 50", "51 in 50"));
    ASSERT_THAT(channel.said, SizeIs(1)) << "the message is claimed by then";
    EXPECT_THAT(channel.said[0].content, HasSubstr("Sorry"));
    EXPECT_EQ(channel.said[0].message_id, "7");
    EXPECT_EQ(channel.said[0].nonce, "7-0");
}

TEST_F(Taking, WithoutAnAnswerWhereTheChannelIsItIsTakenAsNoThread) {
    discord.on("GET /channels/51", 403, "{}");
    take();
    EXPECT_THAT(recorder->seen, ElementsAre("51 in "));
}

TEST_F(Taking, AMessageIsUndecidedOnceHoweverMuchOfItCouldNotBeRead) {
    const auto undecided = [this] {
        return messages.metrics_text().contains("tutti_messages_undecided_total 1\n");
    };
    recorder->passes_on = true;
    take();
    EXPECT_FALSE(undecided());

    recorder->is_undecided = true;
    take(R"(,"mentions":[{"id":"1","username":"bot"}])");  // and who the bot is is not known

    EXPECT_TRUE(undecided());
}

TEST_F(Taking, WhatMayMentionTheBotIsUndecidedWhileItIsNotKnownWhoThatIs) {
    recorder->passes_on = true;

    take(R"(,"mentions":[{"id":"1","username":"bot"}])");

    EXPECT_THAT(messages.metrics_text(), HasSubstr("tutti_messages_undecided_total 1\n"));
}

TEST_F(Taking, WhatBotsSayCostsNothing) {
    take("", R"("id":"1","bot":true)");
    EXPECT_THAT(recorder->seen, IsEmpty());
    EXPECT_THAT(discord.calls, IsEmpty());
    messages.take("{}");
    EXPECT_EQ(messages.unreadable(), 1U);
}

}  // namespace
}  // namespace tutti::services::bot
