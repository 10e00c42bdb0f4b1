// What becomes of messages, by the routes that a bot uses.
#include <gmock/gmock.h>

#include "../played_discord.hpp"

namespace tutti::services::discord {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Messages : public PlayedDiscord {
protected:
    Json say(const std::string& body, int status = 200) {
        return expect(status, "POST", path("/messages"), body);
    }
    Json webhook() { return expect(200, "POST", path("/webhooks"), R"({"name":"personalities"})"); }
    static std::string by(const Json& webhook) {
        return "/webhooks/" + text(webhook, "id") + '/' + text(webhook, "token");
    }
    Json said() { return control("GET", "/messages"); }
};

TEST_F(Messages, AreToldAndRead) {
    const auto made = say(R"({"content":"hello","tts":false})");

    EXPECT_EQ(text(made, "content"), "hello");
    EXPECT_EQ(told(), std::vector<std::string>{"MESSAGE_CREATE"});
    EXPECT_EQ(expect(200, "GET", path("/messages/" + text(made, "id"))), made);
    EXPECT_EQ(text(said().at(0), "content"), "hello");
}

TEST_F(Messages, AreListedTheNewestFirstAroundAnId) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(text(say(R"({"content":"x"})"), "id"));
    const auto list = [&](const std::string& query) {
        std::vector<std::string> found;
        const auto page = expect(200, "GET", path("/messages?" + query));
        for (const auto& one : page.as_array()) {
            found.push_back(text(one, "id"));
        }
        return found;
    };

    EXPECT_THAT(list("limit=2"), ElementsAre(ids[4], ids[3]));
    EXPECT_THAT(list("limit=2&before=" + ids[2]), ElementsAre(ids[1], ids[0]));
    EXPECT_THAT(list("limit=2&after=" + ids[1]), ElementsAre(ids[3], ids[2]));
    EXPECT_THAT(list("limit=3&around=" + ids[2]), ElementsAre(ids[3], ids[2], ids[1]));
    EXPECT_EQ(code(expect(400, "GET", path("/messages?limit=101"))), 50035);
}

TEST_F(Messages, HaveAtMost2000CharactersAndAtLeastSomething) {
    std::string most;
    for (int i = 0; i < 2'000; ++i) most += "\u00e4";
    say(R"({"content":")" + most + "\"}");

    const auto refused = say(R"({"content":")" + most + "a\"}", 400);

    EXPECT_EQ(code(refused), 50035);
    EXPECT_EQ(text(refused.at("errors").at("content").at("_errors").at(0), "code"),
              "BASE_TYPE_MAX_LENGTH");
    EXPECT_EQ(code(say(R"({"content":""})", 400)), 50006);
}

TEST_F(Messages, OfOneNonceAreOneForSomeMinutes) {
    const std::string body = R"({"content":"hello","nonce":"n1","enforce_nonce":true})";
    const auto first = say(body);
    now += std::chrono::minutes(2);
    EXPECT_EQ(say(body).at("id"), first.at("id"));
    EXPECT_EQ(told().size(), 1U);

    now += std::chrono::minutes(2);
    EXPECT_NE(say(body).at("id"), first.at("id"));
    EXPECT_NE(say(R"({"content":"hello","nonce":"n1"})").at("id"), first.at("id"));
}

TEST_F(Messages, ReplyToWhatIsThere) {
    const auto asked = control("POST", "/messages", R"({"content":"who?"})");
    const std::string to = R"("message_reference":{"message_id":")" + text(asked, "id") + "\"";

    const auto reply = say(R"({"content":"me",)" + to + "}}");

    EXPECT_EQ(reply.at("type"), 19);
    EXPECT_EQ(text(reply.at("referenced_message"), "content"), "who?");
    EXPECT_EQ(said().at(0).at("replyTo"), asked.at("id"));
    EXPECT_EQ(said().at(0).at("pings").at("repliedUser"), true);
    const std::string to_nothing = R"("message_reference":{"message_id":"5")";
    EXPECT_EQ(code(say(R"({"content":"me",)" + to_nothing + "}}", 400)), 50035);
    EXPECT_EQ(
        say(R"({"content":"me",)" + to_nothing + R"(,"fail_if_not_exists":false}})").at("type"), 0);
}

TEST_F(Messages, PingWhomTheyMayAndNobodyElse) {
    const std::string all = R"({"content":"@everyone <@7> <@!8> <@&9>")";
    const auto pings = [&](const std::string& allowed) {
        say(all + allowed + "}");
        const auto found = said();
        return boost::json::serialize(found.as_array().back().at("pings"));
    };
    EXPECT_EQ(pings(""),
              R"({"everyone":true,"repliedUser":false,"users":["7","8"],"roles":["9"]})");
    EXPECT_EQ(pings(R"(,"allowed_mentions":{"parse":[]})"),
              R"({"everyone":false,"repliedUser":false,"users":[],"roles":[]})");
    EXPECT_EQ(pings(R"(,"allowed_mentions":{"parse":["roles"],"users":["8"]})"),
              R"({"everyone":false,"repliedUser":false,"users":["8"],"roles":["9"]})");
    EXPECT_EQ(code(say(all + R"(,"allowed_mentions":{"parse":["users"],"users":["8"]}})", 400)),
              50035);
}

TEST_F(Messages, AreChangedAndTakenBackByTheirAuthor) {
    const auto own = say(R"({"content":"helo"})");
    const auto other = control("POST", "/messages", R"({"content":"who?"})");

    const auto changed =
        expect(200, "PATCH", path("/messages/" + text(own, "id")), R"({"content":"hello"})");

    EXPECT_FALSE(changed.at("edited_timestamp").is_null());
    EXPECT_EQ(
        code(expect(403, "PATCH", path("/messages/" + text(other, "id")), R"({"content":"x"})")),
        50005);
    expect(204, "DELETE", path("/messages/" + text(own, "id")));
    EXPECT_EQ(code(expect(404, "GET", path("/messages/" + text(own, "id")))), 10008);
    EXPECT_THAT(told(), ElementsAre("MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE",
                                    "MESSAGE_DELETE"));
}

TEST_F(Messages, OfAWebhookHaveTheNameAndThePictureThatItGives) {
    const auto hook = webhook();
    expect(204, "POST", by(hook), R"({"content":"not waited for"})");

    const auto made = expect(200, "POST", by(hook) + "?wait=true",
                             R"({"content":"@everyone <@7>","username":"Ada",
                                 "avatar_url":"https://example.org/ada.png"})");

    EXPECT_EQ(text(made.at("author"), "username"), "Ada");
    EXPECT_EQ(made.at("webhook_id"), hook.at("id"));
    const auto seen = said().at(1);
    EXPECT_EQ(text(seen.at("webhook"), "avatarUrl"), "https://example.org/ada.png");
    EXPECT_EQ(boost::json::serialize(seen.at("pings")),
              R"({"everyone":false,"repliedUser":false,"users":["7"],"roles":[]})")
        << "a webhook pings users only, unless it is told otherwise";
}

TEST_F(Messages, OfAWebhookAreReadChangedAndTakenBackByIt) {
    const auto hook = webhook();
    const auto made = expect(200, "POST", by(hook) + "?wait=true", R"({"content":"helo"})");
    const std::string message = by(hook) + "/messages/" + text(made, "id");

    EXPECT_EQ(text(expect(200, "PATCH", message, R"({"content":"hello"})"), "content"), "hello");
    EXPECT_EQ(text(expect(200, "GET", message), "content"), "hello");
    expect(204, "DELETE", message);
    EXPECT_EQ(code(expect(404, "GET", message)), 10008);
}

TEST_F(Messages, OfAWebhookGoToAThreadOfItsChannel) {
    const auto hook = webhook();
    const auto thread = expect(201, "POST", path("/threads"), R"({"name":"aside","type":11})");
    const std::string in_thread = by(hook) + "?wait=true&thread_id=";

    const auto made = expect(200, "POST", in_thread + text(thread, "id"), R"({"content":"psst"})");

    EXPECT_EQ(made.at("channel_id"), thread.at("id"));
    EXPECT_EQ(code(expect(404, "POST", in_thread + "5", R"({"content":"psst"})")), 10003);
}

TEST_F(Messages, AWebhookThatIsGoneOrHasAnotherTokenSaysNothing) {
    const auto hook = webhook();
    const std::string wrong = "/webhooks/" + text(hook, "id") + "/another";
    EXPECT_EQ(code(expect(401, "POST", wrong, R"({"content":"x"})")), 50027);

    expect(204, "DELETE", by(hook));

    EXPECT_EQ(code(expect(404, "POST", by(hook), R"({"content":"x"})")), 10015);
}

TEST_F(Messages, AChannelHasFifteenWebhooksAtMostAndTheirNamesAreChecked) {
    EXPECT_EQ(code(expect(400, "POST", path("/webhooks"), R"({"name":"My Discord"})")), 50035);
    for (int i = 0; i < 15; ++i) webhook();

    EXPECT_EQ(code(expect(400, "POST", path("/webhooks"), R"({"name":"one more"})")), 30007);
    EXPECT_EQ(expect(200, "GET", path("/webhooks")).as_array().size(), 15U);
}

TEST_F(Messages, WebhooksOfAChannelShareALimitThatNoHeaderShows) {
    core.api.limits().set({.webhook_per_minute = 3});
    const auto one = webhook();
    const auto other = webhook();
    for (const auto& hook : {one, other, one}) {
        expect(204, "POST", by(hook), R"({"content":"x"})");
    }

    const auto over = call("POST", by(other), R"({"content":"x"})");

    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(over.headers.find("X-RateLimit-Remaining"), "3");
    EXPECT_EQ(over.headers.find("Retry-After"), "60");
}

TEST_F(Messages, OfUsersMayHaveFilesBeSpokenOrBeForwarded) {
    control("POST", "/messages",
            R"({"voice":true,"attachments":[{"url":"http://127.0.0.1/voice.ogg"}]})");
    const auto event = core.world.take_events().at(0);
    EXPECT_THAT(event.data, HasSubstr(R"("flags":8192)"));
    EXPECT_THAT(event.data, HasSubstr(R"("content_type":"audio/ogg")"));
    ASSERT_TRUE(event.without_content);
    EXPECT_THAT(*event.without_content, HasSubstr(R"("attachments":[])"));

    const auto first = control("POST", "/messages", R"({"content":"look"})");
    (void)told();
    control("POST", "/messages", R"({"forwards":")" + text(first, "id") + "\"}");
    EXPECT_THAT(core.world.take_events().at(0).data,
                HasSubstr(R"("message_snapshots":[{"message":{"type":0,"content":"look")"));
}

TEST_F(Messages, ContentIsSeenByWhomItMentionsWithoutTheIntent) {
    control("POST", "/messages", R"({"content":"<@)" + application + R"(> hello"})");

    EXPECT_FALSE(core.world.take_events().at(0).without_content);
}

}  // namespace
}  // namespace tutti::services::discord
