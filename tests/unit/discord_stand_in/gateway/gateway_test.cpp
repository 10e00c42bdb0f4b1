// The gateway of the stand-in, event by event: a test says what a connection does and when, and
// sees what it is sent.
#include "discord-stand-in/gateway/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::gateway {
namespace {

using namespace std::chrono_literals;
using process::UnixTime;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using world::Intent;

constexpr Gateway::Connection one = 1;
constexpr Gateway::Connection two = 2;
constexpr UnixTime start{std::chrono::milliseconds(1'800'000'000'000)};

// What goes to one connection after the other, as "1: {...}", "1 closed 4004".
class Sent : public Gateway::Effects {
public:
    void send(Gateway::Connection connection, const std::string& payload) override {
        all.push_back(std::to_string(connection) + ": " + payload);
    }
    void compress_payloads(Gateway::Connection connection) override {
        all.push_back(std::to_string(connection) + " compressed");
    }
    void close(Gateway::Connection connection, std::uint16_t code) override {
        all.push_back(std::to_string(connection) + " closed " + std::to_string(code));
    }
    void drop(Gateway::Connection connection) override {
        all.push_back(std::to_string(connection) + " dropped");
    }
    std::vector<std::string> take() { return std::exchange(all, {}); }

    std::vector<std::string> all;
};

class Gateways : public ::testing::Test {
protected:
    Gateways() {
        const auto guild = world.add(world::Guild{.name = "server"}, start);
        guild_id = (*guild)->id;
        gateway.emplace(options(), world, sent);
    }
    static Gateway::Options options() {
        return {.url = "ws://127.0.0.1:1",
                .resume_url = "ws://127.0.0.1:1/resume",
                .heartbeat_interval = 10s,
                .session_kept = 60s,
                .replay_max = 3};
    }
    // Since the start of the test.
    void at(std::chrono::milliseconds time) { now = start + time; }
    std::vector<std::string> open(Gateway::Connection connection,
                                  const std::string& query = "v=10&encoding=json") {
        gateway->opened(connection, query, now);
        return sent.take();
    }
    std::vector<std::string> say(Gateway::Connection connection, const std::string& text) {
        gateway->received(connection, text, now);
        return sent.take();
    }
    static std::string identify(const std::string& token = "the-token",
                                const std::string& intents = "33281",
                                const std::string& more = "") {
        return R"({"op":2,"d":{"token":")" + token + R"(","intents":)" + intents +
               R"(,"properties":{"os":"linux"})" + more + "}}";
    }
    // The session's id.
    std::string log_in(Gateway::Connection connection) {
        open(connection);
        const auto payloads = say(connection, identify());
        const std::string& ready = payloads.at(0);
        const std::string word = R"("session_id":")";
        const auto begin = ready.find(word) + word.size();
        return ready.substr(begin, ready.find('"', begin) - begin);
    }
    std::vector<std::string> resume(Gateway::Connection connection, const std::string& session,
                                    int seq) {
        return say(connection, R"({"op":6,"d":{"token":"the-token","session_id":")" + session +
                                   R"(","seq":)" + std::to_string(seq) + "}}");
    }
    std::vector<std::string> publish(const std::string& name,
                                     world::Intents intents = Intent::guild_messages) {
        gateway->publish({.name = name,
                          .guild = guild_id,
                          .intents = intents,
                          .data = R"({"content":"hello"})",
                          .without_content = R"({"content":""})"},
                         now);
        return sent.take();
    }

    UnixTime now = start;
    world::World world{{.token = process::Secret("the-token")}, start};
    world::Snowflake guild_id = 0;
    Sent sent;
    std::optional<Gateway> gateway;
};

TEST_F(Gateways, SaysHelloFirst) {
    EXPECT_THAT(open(one),
                ElementsAre(R"(1: {"t":null,"s":null,"op":10,"d":{"heartbeat_interval":10000}})"));
}

TEST_F(Gateways, ClosesWhatSpeaksAnotherVersion) {
    EXPECT_THAT(open(one, "v=9"), ElementsAre("1 closed 4012"));
}

TEST_F(Gateways, TellsTheSessionAndThenItsServers) {
    open(one);

    const auto payloads = say(one, identify());

    ASSERT_EQ(payloads.size(), 2U);
    EXPECT_THAT(payloads[0],
                AllOf(HasSubstr(R"("t":"READY","s":1)"), HasSubstr(R"("unavailable":true)"),
                      HasSubstr(R"("resume_gateway_url":"ws://127.0.0.1:1/resume")")));
    EXPECT_THAT(payloads[1],
                AllOf(HasSubstr(R"("t":"GUILD_CREATE","s":2)"), HasSubstr(R"("name":"server")")));
}

TEST_F(Gateways, SaysWhatIsWrongWithAnIdentifyByItsCode) {
    struct Wrong {
        std::string payload;
        int code;
    };
    for (const Wrong& wrong : {
             Wrong{identify("another"), 4004},
             Wrong{identify("the-token", "1", R"(,"shard":[1,1])"), 4010},
             Wrong{identify("the-token", "1", R"(,"shard":[0])"), 4010},
             Wrong{identify("the-token", "1073741824"), 4013},
             Wrong{R"({"op":2,"d":{"token":"the-token","intents":1}})", 4002},
             Wrong{R"({"op":99,"d":null})", 4001},
             Wrong{R"({"op":3,"d":{}})", 4003},
             Wrong{"no JSON", 4002},
             Wrong{std::string(5'000, ' '), 4002},
         }) {
        open(one);

        EXPECT_THAT(say(one, wrong.payload), ElementsAre("1 closed " + std::to_string(wrong.code)))
            << wrong.payload;
    }
}

TEST_F(Gateways, ClosesWhatWantsAnIntentThatIsSwitchedOff) {
    auto off = options();
    off.allowed_intents = Intent::all & ~Intent::message_content;
    gateway.emplace(off, world, sent);
    open(one);

    EXPECT_THAT(say(one, identify()), ElementsAre("1 closed 4014"));
}

TEST_F(Gateways, ClosesWhatHasTooManyServersForItsShards) {
    auto few = options();
    few.guilds_per_shard_max = 0;
    gateway.emplace(few, world, sent);
    open(one);

    EXPECT_THAT(say(one, identify()), ElementsAre("1 closed 4011"));
}

TEST_F(Gateways, LetsOneShardOfARestIdentifyInFiveSeconds) {
    log_in(one);
    open(two);

    EXPECT_THAT(say(two, identify()), ElementsAre(HasSubstr(R"("op":9,"d":false)")));
    at(5s);
    EXPECT_THAT(say(two, identify()).at(0), HasSubstr("READY"));
}

TEST_F(Gateways, EndsAllSessionsAndTheTokenWhenTheDayIsSpent) {
    auto one_a_day = options();
    one_a_day.starts = {.total = 1};
    gateway.emplace(one_a_day, world, sent);
    log_in(one);
    at(5s);
    open(two);

    EXPECT_THAT(say(two, identify()), ElementsAre("1 closed 4004", "2 closed 4004"));
    EXPECT_TRUE(world.token().empty());
}

TEST_F(Gateways, AcknowledgesHeartbeats) {
    log_in(one);

    EXPECT_THAT(say(one, R"({"op":1,"d":2})"), ElementsAre(HasSubstr(R"("op":11)")));
}

TEST_F(Gateways, ClosesASilentLinkAndForgetsItsSession) {
    const auto session = log_in(one);
    at(24s);
    gateway->tick(now);
    EXPECT_THAT(sent.take(), IsEmpty());

    at(25s);
    gateway->tick(now);

    EXPECT_THAT(sent.take(), ElementsAre("1 closed 4009"));
    open(two);
    EXPECT_THAT(resume(two, session, 2), ElementsAre(HasSubstr(R"("op":9,"d":false)")));
}

TEST_F(Gateways, ClosesALinkThatSaysTooMuchInAMinute) {
    log_in(one);  // the first of 120
    for (int i = 1; i < 120; ++i) {
        at(std::chrono::milliseconds(i));
        EXPECT_EQ(say(one, R"({"op":1,"d":2})").size(), 1U);
    }
    at(59s);

    EXPECT_THAT(say(one, R"({"op":1,"d":2})"), ElementsAre("1 closed 4008"));
}

TEST_F(Gateways, SendsWhatWasMissedAfterAResume) {
    const auto session = log_in(one);
    gateway->closed(one, std::nullopt, now);
    EXPECT_THAT(publish("MESSAGE_CREATE"), IsEmpty());
    at(59s);
    open(two);

    EXPECT_THAT(resume(two, session, 2), ElementsAre(HasSubstr(R"("t":"MESSAGE_CREATE","s":3)"),
                                                     HasSubstr(R"("t":"RESUMED","s":4)")));
    EXPECT_THAT(publish("MESSAGE_UPDATE"), ElementsAre(HasSubstr(R"("s":5)")));
}

TEST_F(Gateways, RefusesAResumeOfWhatItDoesNotRemember) {
    const auto session = log_in(one);
    gateway->closed(one, std::nullopt, now);
    for (int i = 0; i < 4; ++i) publish("MESSAGE_CREATE");  // of which three are kept
    open(two);

    EXPECT_THAT(resume(two, session, 2), ElementsAre(HasSubstr(R"("op":9,"d":false)")));
}

TEST_F(Gateways, RefusesAResumeAfterAGoodbyeAndAfterItsTime) {
    const auto ended = log_in(one);
    gateway->closed(one, 1000, now);
    open(two);
    EXPECT_THAT(resume(two, ended, 2), ElementsAre(HasSubstr(R"("op":9,"d":false)")));
    gateway->closed(two, std::nullopt, now);

    at(10s);
    const auto late = log_in(one);
    gateway->closed(one, 4900, now);
    at(70s);
    gateway->tick(now);
    open(two);
    EXPECT_THAT(resume(two, late, 2), ElementsAre(HasSubstr(R"("op":9,"d":false)")));
}

TEST_F(Gateways, ClosesAResumeFromTheFutureOrWithAnotherToken) {
    const auto session = log_in(one);
    gateway->closed(one, std::nullopt, now);
    open(two);
    EXPECT_THAT(resume(two, session, 3), ElementsAre("2 closed 4007"));
    open(two);
    EXPECT_THAT(say(two, R"({"op":6,"d":{"token":"x","session_id":"y","seq":1}})"),
                ElementsAre("2 closed 4004"));
}

TEST_F(Gateways, AResumeTakesTheSessionFromItsOldLink) {
    const auto session = log_in(one);
    open(two);

    EXPECT_THAT(resume(two, session, 2),
                ElementsAre("1 closed 4000", HasSubstr(R"("t":"RESUMED")")));
    EXPECT_THAT(publish("MESSAGE_CREATE"), ElementsAre(HasSubstr("2: ")));
}

TEST_F(Gateways, TellsAServersEventsToItsShardOnly) {
    open(one);
    const auto other = 1 - world::shard_of(guild_id, 2);
    say(one, identify("the-token", "33281", R"(,"shard":[)" + std::to_string(other) + ",2]"));

    EXPECT_THAT(publish("MESSAGE_CREATE"), IsEmpty());
}

TEST_F(Gateways, LeavesTheContentOutWithoutTheIntent) {
    open(one);
    say(one, identify("the-token", std::to_string(Intent::guild_messages)));

    EXPECT_THAT(publish("MESSAGE_CREATE"), ElementsAre(HasSubstr(R"({"content":""})")));
    EXPECT_THAT(publish("CHANNEL_UPDATE", Intent::guilds), IsEmpty());
    EXPECT_THAT(publish("INTERACTION_CREATE", 0), ElementsAre(HasSubstr("INTERACTION_CREATE")));
}

TEST_F(Gateways, EventsComeTwiceLateOrNotAtAllOnRequest) {
    log_in(one);
    ASSERT_TRUE(gateway->mischiefs().add({.does = MischiefKind::duplicate}));
    EXPECT_EQ(publish("MESSAGE_CREATE").size(), 2U);

    ASSERT_TRUE(gateway->mischiefs().add({.does = MischiefKind::lose, .event = "MESSAGE_CREATE"}));
    EXPECT_EQ(publish("MESSAGE_UPDATE").size(), 1U);
    EXPECT_EQ(publish("MESSAGE_CREATE").size(), 0U);

    ASSERT_TRUE(gateway->mischiefs().add({.does = MischiefKind::delay, .delay = 200ms}));
    EXPECT_EQ(publish("MESSAGE_CREATE").size(), 0U);
    at(200ms);
    gateway->tick(now);
    EXPECT_EQ(sent.take().size(), 1U);
}

TEST_F(Gateways, ForcesWhatItIsToldTo) {
    const auto session = log_in(one);
    const auto force = [&](ForceKind does, std::uint16_t code = 4000, bool resumable = false) {
        EXPECT_EQ(gateway->force({.does = does, .code = code, .resumable = resumable}, now), 1U);
        return sent.take();
    };
    EXPECT_THAT(force(ForceKind::ask_heartbeat), ElementsAre(HasSubstr(R"("op":1)")));
    EXPECT_THAT(force(ForceKind::reconnect), ElementsAre(HasSubstr(R"("op":7)")));
    EXPECT_THAT(force(ForceKind::close, 4000), ElementsAre("1 closed 4000"));

    open(one);
    EXPECT_THAT(resume(one, session, 2), ElementsAre(HasSubstr("RESUMED")));
    EXPECT_THAT(force(ForceKind::invalid_session, 0, true),
                ElementsAre(HasSubstr(R"("op":9,"d":true)")));
    EXPECT_THAT(resume(one, session, 3), ElementsAre(HasSubstr("RESUMED")));
    EXPECT_THAT(force(ForceKind::drop), ElementsAre("1 dropped"));

    open(one);
    EXPECT_THAT(resume(one, session, 4), ElementsAre(HasSubstr("RESUMED")));
    force(ForceKind::mute);
    EXPECT_THAT(say(one, R"({"op":1,"d":2})"), IsEmpty());
    EXPECT_THAT(publish("MESSAGE_CREATE"), IsEmpty());
}

TEST_F(Gateways, CompressesPayloadsOnRequest) {
    open(one);
    EXPECT_EQ(say(one, identify("the-token", "1", R"(,"compress":true)")).at(0), "1 compressed");
    open(two, "v=10&encoding=json&compress=zlib-stream");
    at(5s);
    EXPECT_THAT(say(two, identify("the-token", "1", R"(,"compress":true)")),
                ElementsAre("2 closed 4002"))
        << "both at once";
}

}  // namespace
}  // namespace tutti::services::discord::gateway
