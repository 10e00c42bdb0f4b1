// A shard on a real socket, against a Discord whose every frame is a script.
#include "bot-client/shard/shard_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"
#include "support/websocket_peer.hpp"
#include "support/zlib_sender.hpp"

namespace tutti::services::bot::shard {
namespace {

using namespace std::chrono_literals;
using services::testing::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::WebSocketPeer;

constexpr std::string_view hello = R"({"op":10,"d":{"heartbeat_interval":1000}})";

std::string event(int s, std::string_view name = "MESSAGE_CREATE", std::string_view data = "{}") {
    return R"({"op":0,"t":")" + std::string(name) + R"(","s":)" + std::to_string(s) + R"(,"d":)" +
           std::string(data) + '}';
}

// What the threads of driver and server have seen, and waiting for it.
class Seen {
public:
    void add(std::string what) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(what));
        changed_.notify_all();
    }
    [[nodiscard]] std::vector<std::string> wait_for(std::size_t count, Duration longest = 10s) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, longest, [&] { return all_.size() >= count; });
        return all_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> all_;
};

class Driver : public ::testing::Test {
protected:
    using Script = std::function<void(WebSocketPeer&, int connection)>;

    // Where the script's server is, for READY as for the entrance.
    [[nodiscard]] std::string url() const {
        std::string text = server->url();
        text.pop_back();
        return "ws" + text.substr(4);
    }
    void start(Script script, Compression compression = Compression::none) {
        server = std::make_unique<ScriptedServer>(
            [this, script = std::move(script)](int socket, int connection) {
                WebSocketPeer peer(socket);
                requests.add(peer.shake_hands());
                script(peer, connection);
            });
        start_driver(compression);
    }
    void start_driver(Compression compression = Compression::none) {
        if (resumed) resumed->place.resume_gateway_url = url();
        auto started = ShardDriver::start(
            {.session = {.who = {.token = process::Secret("the-token"),
                                 .intents = 1,
                                 .shard_id = 0,
                                 .shard_count = 1},
                         .compression = compression,
                         .payload_bytes_max = 10'000,
                         .random = [] { return std::uint64_t{1} << 62U; },
                         .resumed = resumed},
             .ask = [this](TimePoint) -> Result<Entrance> {
                 return Entrance{.url = url(), .starts = {.total = 1000, .remaining = 1000}};
             },
             .dispatch =
                 [this](const ShardSession::Dispatch& one) {
                     if (one.name == keeps) kept = one.unhandled;
                     events.add(std::string(one.name));
                     if (one.name == "THROW") throw std::runtime_error("a handler that throws");
                 },
             .ended = [this](const Error& error) { ends.add(error.message()); },
             .session_begun = [this] { sessions.add("begun"); }},
            budget);
        ASSERT_TRUE(started.has_value()) << started.error().message();
        driver = *std::move(started);
    }
    void log_in(WebSocketPeer& peer) {
        peer.say(hello);
        identifies.add(peer.read_text_with(R"("op":2)"));
        ready(peer);
    }
    void ready(WebSocketPeer& peer) {
        peer.say(
            event(1, "READY", R"({"session_id":"abc","resume_gateway_url":")" + url() + "\"}"));
    }
    // Until the client goes.
    static void linger(WebSocketPeer& peer) {
        while (const auto frame = peer.read()) {
            if (frame->bytes.contains(R"("op":1,)")) peer.say(R"({"op":11})");
        }
    }

    Seen requests;
    Seen sessions;
    Seen identifies;
    Seen events;
    Seen ends;
    std::optional<Resumption> resumed;
    std::string keeps;                 // the event of that name is not dealt with
    std::shared_ptr<const void> kept;  // by this
    InProcessIdentifyBudget budget;
    std::unique_ptr<ScriptedServer> server;
    std::unique_ptr<ShardDriver> driver;  // stops before the server
};

TEST_F(Driver, LogsInAndPassesEventsOn) {
    start([this](WebSocketPeer& peer, int) {
        log_in(peer);
        peer.say(event(2));
        peer.say_in_two(event(3, "TYPING_START"));
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(3), ElementsAre("READY", "MESSAGE_CREATE", "TYPING_START"));
    EXPECT_THAT(identifies.wait_for(1)[0], HasSubstr(R"("token":"the-token")"));
    const std::string request = requests.wait_for(1)[0];
    EXPECT_THAT(request, HasSubstr("GET /?v=10&encoding=json HTTP/1.1"));
    EXPECT_THAT(request, HasSubstr("User-Agent: DiscordBot ("));
    EXPECT_EQ(driver->state(), ShardSession::State::live);
    EXPECT_THAT(sessions.wait_for(1), SizeIs(1)) << "one session";
}

TEST_F(Driver, TakesWhatIsCompressed) {
    start(
        [](WebSocketPeer& peer, int) {
            tests::ZlibSender zlib;
            const auto say = [&](std::string_view text) {
                peer.send(WebSocketPeer::Kind::binary, zlib.send(text));
            };
            say(hello);
            (void)peer.read_text_with(R"("op":2)");
            say(event(1, "READY",
                      R"({"session_id":"abc","resume_gateway_url":"ws://127.0.0.1:1"})"));
            say(event(2));
            linger(peer);
        },
        Compression::zlib_stream);

    EXPECT_THAT(events.wait_for(2), ElementsAre("READY", "MESSAGE_CREATE"));
    EXPECT_THAT(requests.wait_for(1)[0], HasSubstr("&compress=zlib-stream"));
}

TEST_F(Driver, BeatsWhileItIsAcknowledged) {
    Seen beats;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        for (int i = 0; i < 3; ++i) {
            beats.add(peer.read_text_with(R"("op":1)"));
            peer.say(R"({"op":11})");
        }
        linger(peer);
    });

    EXPECT_THAT(beats.wait_for(3),
                ElementsAre(R"({"op":1,"d":1})", R"({"op":1,"d":1})", R"({"op":1,"d":1})"));
    EXPECT_EQ(server->connections(), 1);
}

TEST_F(Driver, ResumesAConnectionThatBreaks) {
    Seen resumes;
    start([&](WebSocketPeer& peer, int connection) {
        if (connection == 0) {
            log_in(peer);
            peer.say(event(2));
            return;  // without a goodbye
        }
        peer.say(hello);
        resumes.add(peer.read_text_with(R"("op":6)"));
        peer.say(event(3));
        peer.say(event(4, "RESUMED"));
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(4),
                ElementsAre("READY", "MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"));
    EXPECT_THAT(resumes.wait_for(1)[0], HasSubstr(R"("session_id":"abc","seq":2)"));
    EXPECT_EQ(driver->figures().identifies, 1U);
}

TEST_F(Driver, ASessionOfAnotherProcessIsResumed) {
    resumed = Resumption{.place = {.session_id = "abc", .resume_gateway_url = ""}, .last = 17};
    Seen resumes;
    start([&](WebSocketPeer& peer, int) {
        peer.say(hello);
        resumes.add(peer.read_text_with(R"("op":6)"));
        peer.say(event(18));
        peer.say(event(19, "RESUMED"));
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(2), ElementsAre("MESSAGE_CREATE", "RESUMED"));
    EXPECT_THAT(resumes.wait_for(1)[0], HasSubstr(R"("session_id":"abc","seq":17)"));
    EXPECT_EQ(driver->figures().identifies, 0U);
}

TEST_F(Driver, WhoLeavesKeepsTheSessionAndSaysWhereItGoesOn) {
    Seen closes;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        peer.say(event(2));
        closes.add(std::to_string(peer.read_close()));
    });
    (void)events.wait_for(2);

    driver->leave();

    EXPECT_THAT(closes.wait_for(1), ElementsAre("4900"));
    driver->stop();
    EXPECT_EQ(driver->state(), ShardSession::State::ended);
    ASSERT_TRUE(driver->resumption());
    EXPECT_EQ(driver->resumption()->place.session_id, "abc");
    EXPECT_EQ(driver->resumption()->last, 2);
}

TEST_F(Driver, AnEventThatIsNotDealtWithIsNotBehindTheOneWhoResumes) {
    keeps = "TYPING_START";
    start([this](WebSocketPeer& peer, int) {
        log_in(peer);
        peer.say(event(2, "TYPING_START"));
        peer.say(event(3));
        linger(peer);
    });
    (void)events.wait_for(3);

    driver->leave();
    driver->stop();

    EXPECT_EQ(driver->resumption()->last, 1);
    kept.reset();
    EXPECT_EQ(driver->resumption()->last, 3);
}

TEST_F(Driver, NothingIsSentOrPassedOnWhenTheLeaseHasEnded) {
    Seen after;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        (void)ends.wait_for(1);  // the lease has
        peer.say(event(2));
        linger(peer);
        after.add("gone");
    });
    (void)events.wait_for(1);

    driver->hold_until(Boottime::now());
    ends.add("lease");

    (void)after.wait_for(1);
    driver->stop();
    EXPECT_THAT(events.wait_for(1), ElementsAre("READY"));
    EXPECT_EQ(driver->state(), ShardSession::State::ended);
    EXPECT_EQ(driver->resumption()->last, 1);
}

TEST_F(Driver, AZombieIsLeftWithItsSessionKept) {
    Seen closes;
    start([&](WebSocketPeer& peer, int connection) {
        if (connection > 0) return linger(peer);
        log_in(peer);
        closes.add(std::to_string(peer.read_close()));
    });

    EXPECT_THAT(closes.wait_for(1), ElementsAre("4900"));
    driver->stop();
    EXPECT_EQ(driver->figures().zombies, 1U);
}

TEST_F(Driver, ACloseThatForbidsToComeBackEndsItWithTheFix) {
    start([&](WebSocketPeer& peer, int) {
        peer.say(hello);
        (void)peer.read_text_with(R"("op":2)");
        peer.close(4004);
        linger(peer);  // and keeps the socket open
    });

    EXPECT_THAT(ends.wait_for(1), ElementsAre(HasSubstr("set DISCORD_TOKEN")));
    driver->stop();
    EXPECT_EQ(driver->state(), ShardSession::State::ended);
    EXPECT_EQ(driver->submit("{}").error().code, Errc::stopped);
    EXPECT_EQ(server->connections(), 1);
}

TEST_F(Driver, PingsOfTheServerAreAnswered) {
    Seen pongs;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        peer.send(WebSocketPeer::Kind::ping, "are you there");
        while (const auto frame = peer.read()) {
            if (frame->kind == WebSocketPeer::Kind::pong) pongs.add(frame->bytes);
        }
    });

    EXPECT_THAT(pongs.wait_for(1), ElementsAre("are you there"));
}

TEST_F(Driver, AMessageOverTheBoundCostsItsConnection) {
    start([&](WebSocketPeer& peer, int connection) {
        if (connection > 0) {
            peer.say(hello);
            (void)peer.read_text_with(R"("op":6)");
            peer.say(event(2, "RESUMED"));
            return linger(peer);
        }
        log_in(peer);
        peer.say(std::string(10'001, ' '));
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(2), ElementsAre("READY", "RESUMED"));
    EXPECT_EQ(driver->figures().unreadable, 1U);
}

TEST_F(Driver, BytesThatAreNoFrameCostTheConnection) {
    start([&](WebSocketPeer& peer, int connection) {
        if (connection == 0) peer.write("\xff\xff\xff\xff no frame");
        log_in(peer);
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(1), ElementsAre("READY"));
    EXPECT_EQ(server->connections(), 2);
}

TEST_F(Driver, AHandlerThatThrowsCostsNothing) {
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        peer.say(event(2, "THROW"));
        peer.say(event(3));
        linger(peer);
    });

    EXPECT_THAT(events.wait_for(3), ElementsAre("READY", "THROW", "MESSAGE_CREATE"));
    EXPECT_EQ(driver->figures().connects, 1U);
}

TEST_F(Driver, PayloadsOfTheProgramAreSentOnceItIsLive) {
    Seen presences;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        presences.add(peer.read_text_with(R"("op":3)"));
        linger(peer);
    });
    ASSERT_TRUE(driver->submit(R"({"op":3,"d":{}})").has_value());

    EXPECT_THAT(presences.wait_for(1), ElementsAre(R"({"op":3,"d":{}})"));
}

TEST_F(Driver, StopSaysGoodbye) {
    Seen closes;
    start([&](WebSocketPeer& peer, int) {
        log_in(peer);
        closes.add(std::to_string(peer.read_close()));
    });
    (void)events.wait_for(1);

    driver->stop();

    EXPECT_THAT(closes.wait_for(1), ElementsAre("1000"));
}

// A server that takes the connection and then says nothing, in any stage.
class SilentDiscord : public Driver, public ::testing::WithParamInterface<const char*> {};

TEST_P(SilentDiscord, DoesNotHoldUpAStop) {
    const std::string stage = GetParam();
    Seen reached;
    server = std::make_unique<ScriptedServer>([&](int socket, int) {
        WebSocketPeer peer(socket);
        if (stage != "connect") peer.shake_hands();
        if (stage == "hello" || stage == "ready") peer.say(hello);
        if (stage == "ready") {
            (void)peer.read_text_with(R"("op":2)");
            ready(peer);
        }
        reached.add(stage);
        ScriptedServer::wait_for_end(socket);
    });
    start_driver();
    (void)reached.wait_for(1);

    const TimePoint begun = Boottime::now();
    driver->stop();

    EXPECT_LT(Boottime::now() - begun, 2s);
}
INSTANTIATE_TEST_SUITE_P(Stages, SilentDiscord,
                         ::testing::Values("connect", "handshake", "hello", "ready"),
                         [](const auto& stage) { return std::string(stage.param); });

// Its pings are answered until there is no more room for answers: what the program sends then waits
// behind them.
TEST_F(Driver, APayloadThatThePeerDoesNotTakeDoesNotHoldUpAStop) {
    Seen full;
    Seen stopped;
    server = std::make_unique<ScriptedServer>([&](int socket, int) {
        WebSocketPeer peer(socket);
        peer.shake_hands();
        peer.say(R"({"op":10,"d":{"heartbeat_interval":600000}})");
        (void)peer.read_text_with(R"("op":2)");
        ready(peer);
        const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
        ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const std::string ping = "\x89\x7d" + std::string(125, '.');
        while (::send(socket, ping.data(), ping.size(), MSG_NOSIGNAL) > 0) {
        }
        full.add("full");
        (void)stopped.wait_for(1);
    });
    start_driver();
    (void)full.wait_for(1);
    ASSERT_TRUE(driver->submit(R"({"op":3})").has_value());
    std::this_thread::sleep_for(100ms);  // it is being sent

    const TimePoint begun = Boottime::now();
    driver->stop();
    const Duration taken = Boottime::now() - begun;
    stopped.add("stopped");
    server.reset();  // the script uses what ends here

    EXPECT_LT(taken, 2s);
}

TEST_F(Driver, StopsWhileNothingListens) {
    server = std::make_unique<ScriptedServer>([](int, int) {});
    const std::string gone = url();
    server.reset();
    auto started = ShardDriver::start(
        {.session = {.who = {.token = process::Secret("the-token"),
                             .intents = 1,
                             .shard_id = 0,
                             .shard_count = 1},
                     .random = [] { return std::uint64_t{0}; }},
         .ask = [&](TimePoint) -> Result<Entrance> {
             return Entrance{.url = gone, .starts = {.total = 1000, .remaining = 1000}};
         },
         .dispatch = [](const ShardSession::Dispatch&) {}},
        budget);
    ASSERT_TRUE(started.has_value());
    while ((*started)->figures().connects < 2) std::this_thread::yield();

    const TimePoint begun = Boottime::now();
    (*started)->stop();

    EXPECT_LT(Boottime::now() - begun, 2s);
}

}  // namespace
}  // namespace tutti::services::bot::shard
