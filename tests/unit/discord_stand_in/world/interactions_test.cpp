// The life of an interaction, by the routes that a bot uses.
#include <gmock/gmock.h>

#include "../played_discord.hpp"

namespace tutti::services::discord {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Invocations : public PlayedDiscord {
protected:
    Invocations() {
        expect(200, "PUT", "/applications/" + application + "/commands",
               R"([{"name":"channel","description":"of channels"}])");
    }
    // As the gateway tells it.
    Json invoke(const std::string& more = "", const std::string& data = R"({"name":"channel"})") {
        const auto begun = control("POST", "/interactions", R"({"data":)" + data + more + "}");
        id = text(begun, "id");
        const auto events = core.world.take_events();
        if (events.empty()) return nullptr;
        auto payload = boost::json::parse(events.at(0).data);
        token = text(payload, "token");
        return payload;
    }
    Json answer(const std::string& body, int status = 204) {
        return expect(status, "POST", "/interactions/" + id + '/' + token + "/callback", body);
    }
    [[nodiscard]] std::string message(const std::string& which = "@original") const {
        return "/webhooks/" + application + '/' + token + "/messages/" + which;
    }
    Json seen() { return control("GET", "/interactions/" + id); }

    std::string id;
    std::string token;
};

TEST_F(Invocations, AreToldWithTheMemberAndItsPermissions) {
    const auto payload = invoke(R"(,"permissions":"8192")");

    EXPECT_EQ(payload.at("type"), 2);
    EXPECT_EQ(text(payload.at("data"), "name"), "channel");
    EXPECT_EQ(text(payload.at("member"), "permissions"), "8192");
    EXPECT_EQ(text(payload.at("member").at("user"), "username"), "alice");
    EXPECT_EQ(text(payload, "guild_id"), guild);
    EXPECT_EQ(text(payload, "channel_id"), channel);
}

TEST_F(Invocations, OfACommandThatIsNotThereAreRefused) {
    EXPECT_EQ(router
                  .handle({.method = "POST",
                           .path = "/control/interactions",
                           .body = R"({"data":{"name":"other"}})"})
                  .status,
              404);
}

TEST_F(Invocations, AreAnsweredOnceWithAMessage) {
    invoke();

    answer(R"({"type":4,"data":{"content":"done"}})");

    EXPECT_EQ(text(seen().at("original"), "content"), "done");
    EXPECT_EQ(told(), std::vector<std::string>{"MESSAGE_CREATE"});
    EXPECT_EQ(code(answer(R"({"type":4,"data":{"content":"again"}})", 400)), 40060);
}

TEST_F(Invocations, AreVoidAfterThreeSecondsWithoutAnAnswer) {
    invoke();
    now += 3001ms;

    EXPECT_EQ(code(answer(R"({"type":5})", 404)), 10062);
    EXPECT_EQ(seen().at("answered"), false);
}

TEST_F(Invocations, OfAnotherTokenAreUnknown) {
    invoke();
    token += "x";

    EXPECT_EQ(code(answer(R"({"type":5})", 404)), 10062);
}

TEST_F(Invocations, MayBeDeferredAndFilledByAnEdit) {
    invoke();
    now += 1200ms;
    answer(R"({"type":5,"data":{"flags":64}})");
    EXPECT_EQ(seen().at("answerAgeMs"), 1200);
    EXPECT_EQ(seen().at("filled"), false);
    now += 10s;

    const auto filled = expect(200, "PATCH", message(), R"({"content":"done"})");

    EXPECT_TRUE(filled.at("edited_timestamp").is_null());
    const auto after = seen();
    EXPECT_EQ(after.at("deferred"), true);
    EXPECT_EQ(after.at("ephemeral"), true);
    EXPECT_EQ(after.at("filledAgeMs"), 11'200);
    EXPECT_EQ(text(after.at("original"), "content"), "done");
    EXPECT_TRUE(told().empty()) << "only the user sees it";
}

TEST_F(Invocations, AreDeferredVisiblyWithAMessageThatLoads) {
    invoke();
    answer(R"({"type":5})");
    expect(200, "PATCH", message(), R"({"content":"done"})");

    const auto events = core.world.take_events();

    ASSERT_EQ(events.size(), 2U);
    EXPECT_THAT(events[0].data, HasSubstr(R"("flags":128)"));
    EXPECT_EQ(events[1].name, "MESSAGE_UPDATE");
    EXPECT_THAT(events[1].data, HasSubstr(R"("flags":0)"));
}

TEST_F(Invocations, HaveFollowUpsThatAreChangedAndTakenBack) {
    invoke();
    answer(R"({"type":4,"data":{"content":"one"}})");
    const std::string more = "/webhooks/" + application + '/' + token;

    const auto second = expect(200, "POST", more, R"({"content":"two"})");

    EXPECT_EQ(text(seen().at("followups").at(0), "content"), "two");
    expect(200, "PATCH", message(text(second, "id")), R"({"content":"2"})");
    EXPECT_EQ(text(expect(200, "GET", message(text(second, "id"))), "content"), "2");
    expect(204, "DELETE", message(text(second, "id")));
    EXPECT_EQ(code(expect(404, "GET", message(text(second, "id")))), 10008);
    expect(204, "DELETE", message());
    EXPECT_TRUE(seen().at("original").is_null());
}

TEST_F(Invocations, AFollowUpOfWhatWasDeferredFillsIt) {
    invoke();
    answer(R"({"type":5})");

    expect(200, "POST", "/webhooks/" + application + '/' + token, R"({"content":"done"})");

    EXPECT_EQ(text(seen().at("original"), "content"), "done");
    EXPECT_TRUE(seen().at("followups").as_array().empty());
}

TEST_F(Invocations, HaveNoMessagesBeforeTheFirstAnswerAndAfterFifteenMinutes) {
    invoke();
    EXPECT_EQ(code(expect(404, "PATCH", message(), R"({"content":"x"})")), 10015);
    answer(R"({"type":5})");
    now += 15min + 1ms;

    EXPECT_EQ(code(expect(401, "PATCH", message(), R"({"content":"x"})")), 50027);
}

TEST_F(Invocations, OfAutocompleteAreAnsweredWithUpTo25Choices) {
    const std::string type = R"(,"type":"autocomplete")";
    const std::string data =
        R"({"name":"channel","options":[{"name":"p","type":3,"value":"a","focused":true}]})";
    EXPECT_EQ(invoke(type, data).at("type"), 4);
    std::string choices;
    for (int i = 0; i < 25; ++i) choices += R"({"name":"n","value":"v"},)";

    EXPECT_EQ(code(answer(R"({"type":8,"data":{"choices":[)" + choices +
                              R"({"name":"one more","value":"v"}]}})",
                          400)),
              50035);
    choices.pop_back();
    answer(R"({"type":8,"data":{"choices":[)" + choices + "]}}");
    EXPECT_EQ(seen().at("choices").as_array().size(), 25U);

    invoke(type, data);
    EXPECT_EQ(code(answer(R"({"type":4,"data":{"content":"x"}})", 400)), 50035);
}

TEST_F(Invocations, OfAButtonChangeTheMessageThatHasIt) {
    const auto list = expect(200, "POST", path("/messages"), R"({"content":"page 1"})");
    (void)told();
    invoke(R"(,"type":"component","messageId":")" + text(list, "id") + "\"",
           R"({"custom_id":"next","component_type":2})");

    answer(R"({"type":7,"data":{"content":"page 2"}})");

    EXPECT_EQ(told(), std::vector<std::string>{"MESSAGE_UPDATE"});
    EXPECT_EQ(text(expect(200, "GET", path("/messages/" + text(list, "id"))), "content"), "page 2");
}

TEST_F(Invocations, TellTheMessageThatTheyMadeOnRequest) {
    invoke();

    const auto made =
        expect(200, "POST", "/interactions/" + id + '/' + token + "/callback?with_response=true",
               R"({"type":4,"data":{"content":"done"}})");

    EXPECT_EQ(text(made.at("resource").at("message"), "content"), "done");
}

TEST_F(Invocations, GoToTheEndpointWhenThereIsOne) {
    has_endpoint = true;
    EXPECT_TRUE(invoke().is_null()) << "not over the gateway";
    const auto deliveries = core.scene.take_deliveries();
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_THAT(deliveries[0].body, HasSubstr(R"("name":"channel")"));

    core.scene.delivered(deliveries[0], http::json_response(200, R"({"type":5})"), now);

    EXPECT_EQ(seen().at("deferred"), true);
}

TEST_F(Invocations, AnEndpointThatFailsIsTold) {
    has_endpoint = true;
    invoke();
    const auto deliveries = core.scene.take_deliveries();

    core.scene.delivered(deliveries[0], http::json_response(401, "{}"), now);

    EXPECT_EQ(text(seen(), "trouble"), "the endpoint answered 401");
}

}  // namespace
}  // namespace tutti::services::discord
