// A Discord that says anything: whatever comes over its gateway or as an answer of its REST API, a
// bot takes bounded memory, and lives at the next Discord that behaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "common/http/message.hpp"
#include "common/http/server.hpp"
#include "integration/hostile/victim.hpp"
#include "support/scripted_server.hpp"
#include "support/websocket_peer.hpp"
#include "support/zlib_sender.hpp"

namespace tests {
namespace {

using tutti::services::http::json_response;
using tutti::services::http::Request;
using tutti::services::http::Response;
using tutti::services::http::Server;
using tutti::services::testing::ScriptedServer;

constexpr std::string_view hello = R"({"op":10,"d":{"heartbeat_interval":40000}})";

std::string event(int s, std::string_view name, const std::string& data) {
    return R"({"op":0,"t":")" + std::string(name) + R"(","s":)" + std::to_string(s) + R"(,"d":)" +
           data + '}';
}

// The sending side of one connection, compressed as the bot asks for it.
class Gateway {
public:
    explicit Gateway(int socket) : peer(socket) { peer.shake_hands(); }

    void say(std::string_view text) { peer.send(WebSocketPeer::Kind::binary, zlib.send(text)); }
    void log_in(const std::string& url) {
        say(hello);
        (void)peer.read();
        say(event(1, "READY",
                  R"({"session_id":"abc","user":{"id":"1"},"application":{"id":"2"},)"
                  R"("resume_gateway_url":")" +
                      url + "\"}"));
    }
    // Until the bot goes.
    void linger() {
        while (const auto frame = peer.read()) {
            if (frame->bytes.contains(R"("op":1,)")) say(R"({"op":11})");
        }
    }

    WebSocketPeer peer;
    ZlibSender zlib;
};

using Attack = std::function<void(Gateway& gateway)>;
using Answers = std::function<Response(const Request& request)>;

// The first connection is attacked, the others live. REST answers by `answers`, but for the way to
// the gateway.
class WildDiscord {
public:
    explicit WildDiscord(Attack attack, Answers answers = {})
        : attack_(std::move(attack)),
          answers_(std::move(answers)),
          gateway_([this](int socket, int connection) { play(socket, connection); }),
          rest_(Server::start({}, [this](const Request& request) {
                    return answer(request);
                }).value()) {}
    ~WildDiscord() { rest_->stop(); }
    WildDiscord(const WildDiscord&) = delete;
    WildDiscord& operator=(const WildDiscord&) = delete;

    [[nodiscard]] Variables variables() const {
        return {
            {"DISCORD_API_URL", "http://127.0.0.1:" + std::to_string(rest_->port()) + "/api/v10"}};
    }
    [[nodiscard]] int connections() const { return gateway_.connections(); }
    [[nodiscard]] int answered() const { return answered_; }

private:
    [[nodiscard]] std::string url() const {
        std::string text = "ws" + gateway_.url().substr(4);
        text.pop_back();
        return text;
    }
    void play(int socket, int connection) {
        Gateway gateway(socket);
        if (connection == 0 && attack_) return attack_(gateway);
        gateway.log_in(url());
        gateway.linger();
    }
    Response answer(const Request& request) {
        if (request.path.ends_with("/gateway/bot")) {
            return json_response(
                200, R"({"url":")" + url() +
                         R"(","shards":1,"session_start_limit":{"total":1000,"remaining":999,)"
                         R"("reset_after":1000,"max_concurrency":1}})");
        }
        ++answered_;
        return answers_ ? answers_(request) : json_response(200, "[]");
    }

    const Attack attack_;
    const Answers answers_;
    std::atomic<int> answered_{0};
    ScriptedServer gateway_;
    std::unique_ptr<Server> rest_;
};

struct Wild {
    std::string name;
    Attack attack;
};
void PrintTo(const Wild& wild, std::ostream* out) { *out << wild.name; }

std::string repeated(std::string_view piece, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += piece;
    return text;
}

void send_for_ever(Gateway& gateway, const std::string& piece) {
    const std::string block = repeated(piece, 256U << 10U);
    for (std::size_t sent = 0; sent < flood; sent += block.size()) gateway.peer.write(block);
}

// What it says is left out or costs the connection; the bot says goodbye or goes.
void say_and_wait(Gateway& gateway, const std::string& text) {
    gateway.log_in("ws://127.0.0.1:9");  // before its session a bot reads no event
    gateway.say(text);
    gateway.peer.close(4000);
    (void)gateway.peer.read_close();
}

// A quarter of a gigabyte, in a few hundred kilobytes.
std::string bomb(ZlibSender& zlib) {
    const std::string block(4U << 20U, ' ');
    std::string small;
    for (std::size_t size = 0; size < flood; size += block.size()) {
        small += zlib.send(block, Z_NO_FLUSH);
    }
    return small + zlib.send("{}");
}

class WildGateway : public testing::TestWithParam<Wild> {};

TEST_P(WildGateway, CostsABotItsConnectionAndNoMoreMemoryThanItMayHave) {
    WildDiscord discord(GetParam().attack);
    Victim victim(ServiceKind::bot, discord.variables());

    EXPECT_TRUE(eventually([&] { return discord.connections() >= 2; }));

    victim.expect_well();
    EXPECT_TRUE(victim.program().runs());
}

INSTANTIATE_TEST_SUITE_P(
    , WildGateway,
    testing::Values(
        Wild{"FrameOfAnAstronomicSize",
             [](Gateway& gateway) {
                 gateway.peer.write(std::string("\x82\x7f\x3f\xff\xff\xff\xff\xff\xff\xff", 10));
                 send_for_ever(gateway, "0123456789abcdef");
             }},
        Wild{"MessageWithoutAnEnd",
             [](Gateway& gateway) {
                 gateway.peer.write(std::string("\x02\x7e\x04\x00", 4) + std::string(1024, 'x'));
                 send_for_ever(gateway, std::string("\0\x7e\x04\x00", 4) + std::string(1024, 'x'));
             }},
        Wild{"PayloadWithoutAnEnd",
             [](Gateway& gateway) {
                 const std::string some(1U << 20U, ' ');
                 for (int i = 0; i < 64; ++i) {
                     gateway.peer.send(WebSocketPeer::Kind::binary,
                                       gateway.zlib.send(some, Z_NO_FLUSH));
                 }
             }},
        Wild{"Bomb",
             [](Gateway& gateway) {
                 gateway.peer.send(WebSocketPeer::Kind::binary, bomb(gateway.zlib));
                 (void)gateway.peer.read_close();
             }},
        Wild{"TextWhereBytesAreExpected",
             [](Gateway& gateway) {
                 gateway.peer.say(hello);
                 (void)gateway.peer.read_close();
             }},
        Wild{"TextThatIsNotUtf8",
             [](Gateway& gateway) {
                 gateway.peer.say("\xff\xfe\xfd");
                 (void)gateway.peer.read_close();
             }},
        Wild{"NamesThatAreNotUtf8",
             [](Gateway& gateway) {
                 say_and_wait(gateway, event(2, "MESSAGE_CREATE", "{\"content\":\"\xff\xc0\"}"));
             }},
        Wild{"DepthWithoutAnEnd",
             [](Gateway& gateway) {
                 say_and_wait(gateway, event(2, "GUILD_CREATE", repeated("[", 4U << 20U)));
             }},
        Wild{"CountlessValues",
             [](Gateway& gateway) {
                 say_and_wait(gateway,
                              event(2, "GUILD_CREATE", "[" + repeated("[0],", 7U << 20U) + "0]"));
             }},
        Wild{"HandshakeThatNeverEnds", [](Gateway& gateway) { gateway.linger(); }}),
    testing::PrintToStringParamName());

// What is allowed, again and again: names as long as a payload, of ever new channels.
TEST(WildDiscord, ChannelsDoNotFillABot) {
    const std::string name(256U << 10U, 'n');
    WildDiscord discord([&name](Gateway& gateway) {
        gateway.log_in("ws://127.0.0.1:9");
        for (int i = 2; i < 2'000; ++i) {
            gateway.say(event(i, "CHANNEL_CREATE",
                              R"({"id":")" + std::to_string(i) +
                                  R"(","type":0,"guild_id":"9",)"
                                  R"("name":")" +
                                  name + "\"}"));
        }
    });
    Victim victim(ServiceKind::bot, discord.variables());

    EXPECT_TRUE(eventually([&] { return discord.connections() >= 2; }));

    victim.expect_well();
}

struct WildAnswer {
    std::string name;
    Response answer;
};
void PrintTo(const WildAnswer& wild, std::ostream* out) { *out << wild.name; }

Response limited(const std::string& retry_after, const std::string& body) {
    auto response = json_response(429, body);
    response.headers.add("Retry-After", retry_after);
    response.headers.add("X-RateLimit-Scope", "shared");
    response.headers.add("X-RateLimit-Reset-After", retry_after);
    response.headers.add("X-RateLimit-Remaining", "-9223372036854775808");
    response.headers.add("X-RateLimit-Limit", "1e400");
    response.headers.add("X-RateLimit-Bucket", std::string(4'000, 'b'));
    return response;
}

class WildRest : public testing::TestWithParam<WildAnswer> {};

// The bot asks for its commands when its session has begun; what it makes of the answer is its own
// business, but it lives.
TEST_P(WildRest, LeavesABotWell) {
    WildDiscord discord({}, [](const Request&) { return GetParam().answer; });
    Victim victim(ServiceKind::bot, discord.variables());

    // It has made something of the answer: it asks again, or says that it has given up.
    EXPECT_TRUE(eventually([&] {
        return discord.answered() >= 2 ||
               victim.program().err().contains("Discord does not take the commands");
    }));

    victim.expect_well();
    EXPECT_TRUE(victim.program().runs());
}

INSTANTIATE_TEST_SUITE_P(
    , WildRest,
    testing::Values(WildAnswer{"RetryAfterNoNumber", limited("nan", R"({"retry_after":"soon"})")},
                    WildAnswer{"RetryAfterForEver", limited("1e308", R"({"retry_after":1e308})")},
                    WildAnswer{"RetryAfterThePast", limited("-5", R"({"retry_after":-5})")},
                    WildAnswer{"BodyThatIsHuge", json_response(200, std::string(64U << 20U, '['))},
                    WildAnswer{"BodyOfCountlessValues",
                               json_response(200, "[" + repeated("[0],", 7U << 20U) + "0]")},
                    WildAnswer{"BodyThatIsNotUtf8",
                               json_response(200, "[{\"name\":\"\xff\xfe\"}]")},
                    WildAnswer{"NoJson", json_response(200, "<html>")}),
    testing::PrintToStringParamName());

}  // namespace
}  // namespace tests
