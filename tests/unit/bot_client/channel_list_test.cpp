// `/channel list` and its buttons, against a scripted gateway.
#include "bot-client/channel_list.hpp"

#include <map>

#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class KnownPlaces final : public Directory {
public:
    std::optional<std::string> guild_of(const std::string& id) const override {
        return find(guilds_of_channels, id);
    }
    std::optional<std::string> channel_name(const std::string& id) const override {
        return find(channels, id);
    }
    std::optional<std::string> guild_name(const std::string& id) const override {
        return find(guilds, id);
    }

    using Texts = std::map<std::string, std::string>;
    Texts guilds_of_channels;
    Texts channels;
    Texts guilds;

private:
    static std::optional<std::string> find(const Texts& texts, const std::string& id) {
        const auto found = texts.find(id);
        return found == texts.end() ? std::nullopt : std::optional(found->second);
    }
};

class List : public ::testing::Test {
protected:
    // Channels 500, 501 ... of server 900, the newest first.
    static std::string body_of(std::size_t count) {
        std::vector<domain::Activation> rows(count, activation_of_maestro());
        for (std::size_t i = 0; i < count; ++i) {
            rows[i].channel_id = std::to_string(500 + i);
            rows[i].created_at = "2026-01-" + std::to_string(90 - i) + "T00:00:00.000Z";
        }
        return json::write(domain::ListChannelActivationsResponse{std::move(rows)});
    }
    static domain::Activation row_of(const std::string& channel,
                                     json::Nullable<std::string> guild) {
        domain::Activation row = activation_of_maestro();
        row.channel_id = channel;
        row.guild_id = std::move(guild);
        return row;
    }
    void answer_with(std::vector<domain::Activation> rows) {
        peer.answer(200, json::write(domain::ListChannelActivationsResponse{std::move(rows)}));
    }

    BotReply run() { return list.run(slash, places); }
    BotReply press(const std::string& custom_id) {
        ButtonPress press = presser;
        press.custom_id = custom_id;
        return list.press(press, places);
    }
    static const std::string& id_of(const BotReply& reply, std::size_t button) {
        return reply.buttons.at(button).custom_id;
    }
    static constexpr std::size_t previous = 0, page = 1, next = 2, sort = 3;

    ScriptedPeer peer;
    KnownPlaces places;
    std::chrono::sys_seconds now{1'800'000'000s};
    Slash slash{.command = "channel list",
                .personality = {},
                .user_id = "200",
                .channel_id = "500",
                .guild_id = "900",
                .may_manage_messages = true};
    ButtonPress presser{.custom_id = {},
                        .user_id = "200",
                        .channel_id = "500",
                        .guild_id = "900",
                        .may_manage_messages = true};
    HttpGateway gateway{"http://gateway:3000",
                        process::Secret("s3cret"),
                        {.interactive = {}, .background = peer.send()}};
    ChannelList list{gateway, {.bot_owner_id = "999", .now = [this] { return now; }}};
};

TEST_F(List, AsksForTheServerOnBehalfOfTheUser) {
    peer.answer(200, body_of(1));

    (void)run();

    ASSERT_THAT(peer.requests, SizeIs(1));
    const SentRequest& sent = peer.requests.front();
    EXPECT_EQ(sent.request.method, "GET");
    EXPECT_EQ(sent.request.path, "/user/channel/list");
    EXPECT_EQ(sent.request.query, "guildId=900");
    EXPECT_EQ(sent.header("X-User-Id"), "200");
    EXPECT_LE(sent.deadline, Boottime::now() + 2s);
}

TEST_F(List, IsOneEmbedWithButtonsForTheUserAlone) {
    peer.answer(200, body_of(2));

    const BotReply reply = run();

    EXPECT_TRUE(reply.ephemeral);
    EXPECT_FALSE(reply.replaces);
    ASSERT_TRUE(reply.embed.has_value());
    EXPECT_EQ(reply.embed->description,
              "<#500>: **The Maestro** since 2026-01-90\n"
              "<#501>: **The Maestro** since 2026-01-89\n");
    EXPECT_EQ(reply.embed->footer, "2 channels, newest first");
    EXPECT_THAT(reply.buttons,
                ElementsAre(Field(&Button::label, "Previous"), Field(&Button::label, "Page 1 of 1"),
                            Field(&Button::label, "Next"), Field(&Button::label, "Sort by name")));
    EXPECT_TRUE(reply.buttons[previous].disabled);
    EXPECT_TRUE(reply.buttons[page].disabled);
    EXPECT_TRUE(reply.buttons[next].disabled);
    EXPECT_FALSE(reply.buttons[sort].disabled);
}

TEST_F(List, EmptyListSaysSo) {
    answer_with({});

    EXPECT_EQ(run().content, "No channels have activated personalities in this server.");
    slash.user_id = "999";
    slash.all = true;
    EXPECT_EQ(run().content, "No channels have activated personalities across all servers.");
    EXPECT_THAT(run().buttons, IsEmpty());
}

TEST_F(List, RefusalOfTheGatewayShowsItsCode) {
    peer.answer(http::ErrorCode::internal_error);

    const BotReply reply = run();

    EXPECT_EQ(reply.content, "Failed to list activations: INTERNAL_ERROR");
    EXPECT_TRUE(reply.ephemeral);
}

TEST_F(List, NoAnswerOrAThrownErrorIsUnexpected) {
    // Nothing is scripted: the peer throws.
    EXPECT_THAT(run().content, HasSubstr("unexpected error"));
    peer.fail_with(Errc::timeout);
    EXPECT_THAT(run().content, HasSubstr("unexpected error"));
    peer.answer(200, R"({"activations":7})");
    EXPECT_THAT(run().content, HasSubstr("unexpected error"));
}

TEST_F(List, OutsideOfAServerOrWithoutThePermissionNobodyIsAsked) {
    slash.guild_id.clear();
    EXPECT_THAT(run().content, HasSubstr("only be used in a server"));
    slash.guild_id = "900";
    slash.may_manage_messages = false;
    EXPECT_THAT(run().content, HasSubstr("\"Manage Messages\" permission"));

    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(List, OfAllServersIsForTheOwnerOfTheBotAndHasNoQuery) {
    peer.answer(200, body_of(1));
    slash.all = true;

    EXPECT_THAT(run().content, HasSubstr("owner of the bot"));
    EXPECT_THAT(peer.requests, IsEmpty());
    slash.user_id = "999";
    EXPECT_TRUE(run().embed.has_value());
    EXPECT_EQ(peer.requests.at(0).request.query, "");
}

TEST_F(List, OfABotWithoutAnOwnerNobodyGetsAllServers) {
    ChannelList without_owner{gateway, {.now = [this] { return now; }}};
    slash.all = true;

    EXPECT_THAT(without_owner.run(slash, places).content, HasSubstr("owner of the bot"));
    EXPECT_THAT(peer.requests, IsEmpty());
}

TEST_F(List, UnknownServersAreLookedUpReportedAndFiltered) {
    places.guilds_of_channels = {{"501", "900"}, {"502", "901"}};
    answer_with({row_of("500", {"900"}), row_of("501", {}), row_of("502", {}), row_of("503", {})});
    peer.answer(200, R"({"updated":true})");

    const BotReply reply = run();

    ASSERT_THAT(peer.requests, SizeIs(3));
    EXPECT_EQ(peer.requests[1].request.method, "PATCH");
    EXPECT_EQ(peer.requests[1].request.body, R"({"channelId":"501","guildId":"900"})");
    EXPECT_EQ(peer.requests[2].request.body, R"({"channelId":"502","guildId":"901"})");
    EXPECT_LE(peer.requests[2].deadline, Boottime::now() + 1s);
    EXPECT_THAT(reply.embed->description, HasSubstr("<#501>"));
    EXPECT_THAT(reply.embed->description, Not(HasSubstr("<#502>")));
    EXPECT_THAT(reply.embed->description, Not(HasSubstr("<#503>")));
}

TEST_F(List, ReportsAreBoundedAndTheListDoesNotNeedThem) {
    std::vector<domain::Activation> rows;
    for (int i = 0; i < 15; ++i) {
        rows.push_back(row_of(std::to_string(500 + i), {}));
        places.guilds_of_channels[rows.back().channel_id] = "900";
    }
    answer_with(rows);
    peer.answer(200, R"({"updated":true})");

    EXPECT_EQ(run().embed->footer, "15 channels, newest first");
    EXPECT_THAT(peer.requests, SizeIs(1 + 10));
}

TEST_F(List, GatewayInTroubleIsNotGivenMoreReports) {
    places.guilds_of_channels = {{"501", "900"}, {"502", "900"}};
    answer_with({row_of("501", {}), row_of("502", {})});
    peer.fail_with(Errc::timeout);

    EXPECT_EQ(run().embed->footer, "2 channels, newest first");
    EXPECT_THAT(peer.requests, SizeIs(2));
}

TEST_F(List, ButtonsLeadThroughThePagesAndEachAsksAnew) {
    peer.answer(200, body_of(23));
    const BotReply first = run();
    EXPECT_THAT(first.embed->description, HasSubstr("<#509>"));
    EXPECT_THAT(first.embed->description, Not(HasSubstr("<#510>")));
    EXPECT_FALSE(first.buttons[next].disabled);

    const BotReply second = press(id_of(first, next));
    const BotReply third = press(id_of(second, next));
    const BotReply back = press(id_of(third, previous));

    EXPECT_TRUE(second.replaces);
    EXPECT_TRUE(second.embed->description.starts_with("<#510>"));
    EXPECT_TRUE(third.embed->description.starts_with("<#520>"));
    EXPECT_EQ(third.buttons[page].label, "Page 3 of 3");
    EXPECT_TRUE(third.buttons[next].disabled);
    EXPECT_EQ(back.embed->description, second.embed->description);
    EXPECT_THAT(peer.requests, SizeIs(4));
    EXPECT_EQ(peer.requests.back().request.query, "guildId=900");
}

TEST_F(List, SortButtonSortsByNameFromTheFirstPageOnAndBack) {
    places.channels = {{"502", "apples"}, {"500", "Bananas"}};
    peer.answer(200, body_of(23));
    const BotReply second = press(id_of(run(), next));

    const BotReply by_name = press(id_of(second, sort));
    const BotReply by_date = press(id_of(by_name, sort));

    EXPECT_TRUE(by_name.embed->description.starts_with(
        "<#502>: **The Maestro** since 2026-01-88\n<#500>: "));
    EXPECT_THAT(by_name.embed->description, HasSubstr("<#501>")) << "unnamed ones by id, after";
    EXPECT_EQ(by_name.embed->footer, "23 channels, by name");
    EXPECT_EQ(by_name.buttons[page].label, "Page 1 of 3");
    EXPECT_EQ(by_name.buttons[sort].label, "Sort by date");
    EXPECT_TRUE(by_date.embed->description.starts_with("<#500>"));
    EXPECT_TRUE(press(id_of(by_name, next)).embed->footer.ends_with("by name"));
}

TEST_F(List, PageThatIsNoMoreIsTheLastOne) {
    peer.answer(200, body_of(23));
    peer.answer(200, body_of(3));
    peer.answer(200, body_of(0));
    const BotReply first = run();

    const BotReply shrunk = press(id_of(first, next));
    const BotReply gone = press(id_of(first, next));

    EXPECT_EQ(shrunk.buttons[page].label, "Page 1 of 1");
    EXPECT_EQ(gone.content, "No channels have activated personalities in this server.");
    EXPECT_TRUE(gone.replaces);
    EXPECT_FALSE(gone.embed.has_value());
}

TEST_F(List, ButtonsAreForWhoAskedAndForAMinute) {
    peer.answer(200, body_of(23));
    const std::string id = id_of(run(), next);

    now += 60s;
    EXPECT_TRUE(press(id).replaces);
    EXPECT_TRUE(press(id_of(press(id), next)).replaces) << "not longer by being used";
    now += 1s;
    const BotReply late = press(id);
    now -= 1s;
    presser.user_id = "201";
    const BotReply other = press(id);

    EXPECT_THAT(late.content, HasSubstr("expired"));
    EXPECT_THAT(other.content, HasSubstr("Only who asked"));
    for (const BotReply& reply : {late, other}) {
        EXPECT_TRUE(reply.ephemeral);
        EXPECT_FALSE(reply.replaces);
    }
    EXPECT_THAT(peer.requests, SizeIs(4));
}

TEST_F(List, UsingButtonsDoesNotMakeThemLiveLonger) {
    peer.answer(200, body_of(23));
    const BotReply first = run();
    now += 59s;
    const BotReply second = press(id_of(first, next));

    now += 2s;

    EXPECT_THAT(press(id_of(second, next)).content, HasSubstr("expired"));
}

TEST_F(List, InstanceThatIsNewAnswersAPress) {
    peer.answer(200, body_of(23));
    const std::string id = id_of(run(), next);
    const ChannelList another{gateway, {.now = [this] { return now; }}};
    presser.custom_id = id;

    EXPECT_TRUE(another.press(presser, places).replaces);
}

TEST_F(List, IdFromTheFutureIsForged) {
    peer.answer(200, body_of(23));
    const std::string id = id_of(run(), next);

    now -= 5s;
    EXPECT_TRUE(press(id).replaces) << "two clocks";
    now -= 1s;
    EXPECT_FALSE(press(id).replaces);
}

TEST_F(List, PressIsCheckedAsTheCommandWas) {
    peer.answer(200, body_of(23));
    const std::string id = id_of(run(), next);
    std::string for_all = id;
    for_all.replace(for_all.find("guild"), 5, "all");

    EXPECT_THAT(press(for_all).content, HasSubstr("owner of the bot"));
    presser.may_manage_messages = false;
    EXPECT_THAT(press(id).content, HasSubstr("\"Manage Messages\" permission"));
    presser.guild_id.clear();
    EXPECT_THAT(press(id).content, HasSubstr("only be used in a server"));
    EXPECT_THAT(peer.requests, SizeIs(1));
}

TEST_F(List, FailedPressLeavesTheListAlone) {
    peer.answer(200, body_of(23));
    peer.answer(http::ErrorCode::internal_error);
    const BotReply reply = press(id_of(run(), next));

    EXPECT_EQ(reply.content, "Failed to list activations: INTERNAL_ERROR");
    EXPECT_TRUE(reply.ephemeral);
    EXPECT_FALSE(reply.replaces);
}

TEST_F(List, ForgedIdsAreNotKnown) {
    const std::string good = "channel-list:next:2:date:guild:200:1800000000";
    peer.answer(200, body_of(23));
    ASSERT_TRUE(press(good).replaces);

    for (const std::string& forged :
         {std::string(),
          std::string("x"),
          good + ":",
          good + " ",
          ":" + good,
          std::string("channel-list:next:0:date:guild:200:1800000000"),
          std::string("channel-list:next:02:date:guild:200:1800000000"),
          std::string("channel-list:next:-1:date:guild:200:1800000000"),
          std::string("channel-list:next:99999999999999999999:date:guild:200:1800000000"),
          std::string("channel-list:next:2:age:guild:200:1800000000"),
          std::string("channel-list:next:2:date:guilds:200:1800000000"),
          std::string("channel-list:first:2:date:guild:200:1800000000"),
          std::string("channel-lists:next:2:date:guild:200:1800000000"),
          std::string("channel-list:next:2:date:guild::1800000000"),
          std::string("channel-list:next:2:date:guild:2OO:1800000000"),
          std::string("channel-list:next:2:date:guild:200:"),
          std::string("channel-list:next:2:date:guild:200:-1800000000"),
          std::string("channel-list:next:2:date:guild:200:9223372036854775807"),
          std::string("channel-list:next:2:date:guild:200:-9223372036854775808"),
          std::string("channel-list:next:2:date:guild:200:01800000000"),
          std::string(100'000, ':')}) {
        EXPECT_THAT(press(forged).content, HasSubstr("not known")) << forged;
    }
    EXPECT_THAT(peer.requests, SizeIs(1));
}

}  // namespace
}  // namespace tutti::services::bot
