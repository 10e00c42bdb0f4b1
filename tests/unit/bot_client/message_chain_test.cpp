#include "bot-client/message_chain.hpp"

#include <stdexcept>

#include "tutti/node.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RecordedTurns final : public PersonalityHandler {
public:
    Result<std::string> handle(const Turn& turn) override {
        if (throws) throw std::runtime_error("scripted");
        if (failure) return fail(*failure, "handle", "scripted");
        texts.push_back(turn.text);
        slugs.push_back(turn.personality.slug);
        EXPECT_TRUE(turn.auto_response);
        return "llm-1";
    }

    std::vector<std::string> texts;
    std::vector<std::string> slugs;
    bool throws = false;
    std::optional<Errc> failure;
};

class Chain : public ::testing::Test {
protected:
    MessageChain::Outcome run() { return chain.run(message, replies); }
    std::vector<std::unique_ptr<MessageProcessor>> processors() {
        std::vector<std::unique_ptr<MessageProcessor>> all;
        all.push_back(std::make_unique<BotAuthorFilter>());
        all.push_back(std::make_unique<EmptyMessageFilter>());
        all.push_back(std::make_unique<ActivatedChannel>(
            ActivatedChannel::Parts{.activation =
                                        [this](const std::string& channel) {
                                            ++lookups;
                                            return channel == parent_id ? parent : activation;
                                        },
                                    .personality =
                                        [this](const std::string& slug, const std::string& user) {
                                            asked.emplace_back(slug, user);
                                            return personality;
                                        },
                                    .notices = caches::declare_notification_cooldown(*node),
                                    .handler = turns}));
        return all;
    }
    // Without starting: a cooldown needs neither bus nor store.
    static std::unique_ptr<Node> make_node() { return Node::create({.name = "bot"}).value(); }

    using Found = std::shared_ptr<const domain::GetPersonalityResponse>;

    Result<Found> personality = std::make_shared<const domain::GetPersonalityResponse>(
        domain::GetPersonalityResponse{maestro()});
    std::vector<std::pair<std::string, std::string>> asked;  // slug and user
    RecordedTurns turns;
    RecordedReplies replies;
    std::unique_ptr<Node> node = make_node();
    int lookups = 0;
    Result<Lookup<domain::GetChannelActivationResponse>> activation =
        lookup({.is_activated = true, .activation = activation_of_maestro()});
    const std::string parent_id = "499";
    Result<Lookup<domain::GetChannelActivationResponse>> parent =
        fail(Errc::timeout, "nobody asks for a parent");
    Message message{.author_id = "200",
                    .author_is_bot = false,
                    .channel_id = "500",
                    .content = "hello",
                    .attachments = {},
                    .voice_transcript = {},
                    .forwarded = {}};
    MessageChain chain{processors()};
};

TEST_F(Chain, BotAuthorsAreIgnored) {
    message.author_is_bot = true;

    EXPECT_EQ(run().handled_by, "bot-author");
    EXPECT_EQ(lookups, 0);
    EXPECT_THAT(replies.replies, IsEmpty());
}

TEST_F(Chain, EmptyMessagesAreIgnored) {
    message.content.clear();
    message.forwarded = {{.content = "", .attachments = {}}};

    EXPECT_EQ(run().handled_by, "empty-message");
    EXPECT_EQ(lookups, 0);
}

TEST_F(Chain, AttachmentOrForwardedContentIsNotEmpty) {
    message.content.clear();

    message.attachments = {{.url = "https://cdn/1.png"}};
    EXPECT_EQ(run().handled_by, "activated-channel");
    message.attachments.clear();
    message.forwarded = {{.content = "said before", .attachments = {}}};
    EXPECT_EQ(run().handled_by, "activated-channel");
    message.forwarded = {{.content = "", .attachments = {{.url = "https://cdn/2.png"}}}};
    EXPECT_EQ(run().handled_by, "activated-channel");

    EXPECT_THAT(turns.texts, ElementsAre("", "said before", ""));
}

TEST_F(Chain, ActivatedChannelAnswersAndSaysWhereTheActivationCameFrom) {
    const auto outcome = run();

    EXPECT_EQ(outcome.handled_by, "activated-channel");
    EXPECT_EQ(outcome.activation_tier, Tier::memory);
    EXPECT_FALSE(outcome.failed);
    EXPECT_THAT(turns.slugs, ElementsAre("maestro"));
    EXPECT_THAT(turns.texts, ElementsAre("hello"));
    EXPECT_EQ(outcome.job_id, "llm-1");
    EXPECT_THAT(replies.replies, IsEmpty()) << "the reply is said later";
}

TEST_F(Chain, PersonalityIsReadBySlugForTheAuthor) {
    (void)run();

    EXPECT_THAT(asked, ElementsAre(::testing::Pair("maestro", "200")));
}

TEST_F(Chain, InactiveChannelPassesOnWithoutReadingThePersonality) {
    activation = lookup({.is_activated = false, .activation = {}});

    const auto outcome = run();

    EXPECT_EQ(outcome.handled_by, "");
    EXPECT_EQ(outcome.activation_tier, Tier::memory);
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_THAT(replies.replies, IsEmpty());
}

TEST_F(Chain, ActivationWithoutItsObjectPassesOn) {
    activation = lookup({.is_activated = true, .activation = {}});

    EXPECT_EQ(run().handled_by, "");
    EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Chain, FailedActivationLookupPassesOn) {
    activation = fail(Errc::timeout, "load channel-activation");

    const auto outcome = run();

    EXPECT_EQ(outcome.handled_by, "");
    EXPECT_TRUE(outcome.is_undecided);
    EXPECT_FALSE(outcome.activation_tier.has_value());
    EXPECT_THAT(replies.replies, IsEmpty());
}

TEST_F(Chain, TranscriptIsPreferredOverText) {
    message.voice_transcript = "spoken";

    (void)run();

    EXPECT_THAT(turns.texts, ElementsAre("spoken"));
}

TEST_F(Chain, DeniedPersonalityIsAnnouncedOnceAndPassesOn) {
    personality = Found();

    EXPECT_EQ(run().handled_by, "");
    EXPECT_EQ(run().handled_by, "");

    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_THAT(replies.replies.front().content,
                AllOf(HasSubstr("The Maestro"), HasSubstr("private personality")));
    EXPECT_FALSE(replies.replies.front().mentions_author);
    EXPECT_THAT(turns.texts, IsEmpty());
}

TEST_F(Chain, TheAnnouncementMentionsNobody) {
    auto named = activation_of_maestro();
    named.personality_name = "@everyone**";
    activation = lookup({.is_activated = true, .activation = named});
    personality = Found();

    (void)run();

    EXPECT_THAT(replies.replies.at(0).content, HasSubstr(R"(**\@everyone\*\*** is)"));
}

TEST_F(Chain, EveryUserAndEveryChannelGetsAnAnnouncementOfItsOwn) {
    personality = Found();
    (void)run();

    message.author_id = "201";
    (void)run();
    message.channel_id = "501";
    (void)run();
    (void)run();

    EXPECT_THAT(replies.replies, SizeIs(3));
}

TEST_F(Chain, AnnouncementThatCouldNotBeSentIsTriedWithTheNextMessage) {
    personality = Found();
    replies.refuse = true;
    EXPECT_EQ(run().handled_by, "");

    replies.refuse = false;
    (void)run();

    EXPECT_THAT(replies.replies, SizeIs(1));
}

TEST_F(Chain, UnreadablePersonalityIsOneApologyAndNotAPrivateOne) {
    personality = fail(Errc::unavailable, "read personality");

    const auto outcome = run();

    EXPECT_TRUE(outcome.failed);
    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_THAT(replies.replies.front().content, HasSubstr("Sorry"));
}

TEST_F(Chain, AnApologyThatAnAnswerMayFollowSaysSo) {
    turns.failure = Errc::unavailable;
    (void)run();
    turns.failure = Errc::suspect;
    (void)run();

    ASSERT_THAT(replies.replies, SizeIs(2));
    EXPECT_THAT(replies.replies[0].content, Not(HasSubstr("If you do not see")));
    EXPECT_THAT(replies.replies[1].content, HasSubstr("If you do not see an answer"));
}

TEST_F(Chain, ThrownExceptionIsOneApology) {
    turns.throws = true;

    const auto outcome = run();

    EXPECT_EQ(outcome.handled_by, "activated-channel");
    EXPECT_TRUE(outcome.failed);
    ASSERT_THAT(replies.replies, SizeIs(1));
    EXPECT_THAT(replies.replies.front().content, HasSubstr("Sorry"));
}

class Thread : public Chain {
protected:
    Thread() {
        message.parent_channel_id = parent_id;
        activation = lookup(no_record);
        parent = lookup(active);
    }
};

TEST_F(Thread, WithoutSettingsOfItsOwnInheritsTheActivationAroundIt) {
    EXPECT_EQ(run().handled_by, "activated-channel");

    EXPECT_THAT(turns.slugs, ElementsAre("maestro"));
    EXPECT_EQ(lookups, 2);
}

TEST_F(Thread, ThatIsExplicitlyOffIsSilentAndAsksNobodyElse) {
    activation = lookup(off);

    EXPECT_EQ(run().handled_by, "");

    EXPECT_EQ(lookups, 1);
    EXPECT_THAT(replies.replies, IsEmpty());
}

TEST_F(Thread, WithAnActivationOfItsOwnUsesThatOne) {
    auto own = activation_of_maestro();
    own.personality_slug = "solo";
    activation = lookup({.is_activated = true, .activation = own});

    EXPECT_EQ(run().handled_by, "activated-channel");

    EXPECT_THAT(asked, ElementsAre(::testing::Pair("solo", "200")));
    EXPECT_EQ(lookups, 1);
}

TEST_F(Thread, OfAGatewayThatKnowsNoOffInherits) {
    activation = lookup({.is_activated = false, .activation = {}});

    EXPECT_EQ(run().handled_by, "activated-channel");
}

TEST_F(Thread, InAnInactiveChannelPassesOnWhateverKindOfInactive) {
    for (const auto& around : {no_record, off}) {
        parent = lookup(around);

        EXPECT_EQ(run().handled_by, "");
    }
    EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Thread, ThatCannotBeLookedUpInheritsNothingBecauseItMayBeOff) {
    activation = fail(Errc::timeout, "load channel-activation");

    EXPECT_EQ(run().handled_by, "");

    EXPECT_EQ(lookups, 1);
}

TEST_F(Thread, WhoseParentCannotBeLookedUpPassesOn) {
    parent = fail(Errc::timeout, "load channel-activation");

    const auto outcome = run();

    EXPECT_EQ(outcome.handled_by, "");
    EXPECT_FALSE(outcome.failed);
}

TEST_F(Thread, SaysTheSlowerOfTheTwoPlaces) {
    parent = lookup(active, Tier::source);
    EXPECT_EQ(run().activation_tier, Tier::source);

    activation = lookup(no_record, Tier::source);
    parent = lookup(active);
    EXPECT_EQ(run().activation_tier, Tier::source);
}

TEST_F(Thread, GetsAnAnnouncementOfItsOwn) {
    personality = Found();
    (void)run();
    (void)run();

    message.parent_channel_id.clear();
    message.channel_id = parent_id;
    (void)run();

    EXPECT_THAT(replies.replies, SizeIs(2));
}

}  // namespace
}  // namespace tutti::services::bot
