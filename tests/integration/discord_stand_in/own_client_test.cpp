// Our own client of Discord on the stand-in: shards, calls, and interactions over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/interactions/signatures.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "bot-client/shard/ask_entrance.hpp"
#include "bot-client/shard/shard_driver.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/process/timestamps.hpp"
#include "in_process.hpp"

namespace tutti::services::discord {
namespace {

using namespace std::chrono_literals;
using bot::rest::DiscordRest;
using bot::rest::RestCall;
using bot::rest::Route;
using bot::shard::Compression;
using bot::shard::ShardDriver;
using bot::shard::ShardSession;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::uint32_t intents = 1U << 0U | 1U << 9U | 1U << 15U;

class OwnClient : public ::testing::Test {
protected:
    explicit OwnClient(DiscordStandIn::Options options = InProcess::usual())
        : discord(std::move(options)) {}
    ~OwnClient() override {
        rest.stop();
        http.stop();
        driver.reset();
    }

    void connect(Compression compression = Compression::zlib_stream,
                 std::uint32_t wanted = intents) {
        auto started = ShardDriver::start(
            {.session = {.who = {.token = discord->token(),
                                 .intents = wanted,
                                 .shard_id = 0,
                                 .shard_count = 1},
                         .compression = compression,
                         .random = [] { return std::uint64_t{1} << 60U; }},
             .ask = [this](TimePoint by) { return bot::shard::ask_entrance(rest, by); },
             .dispatch =
                 [this](const ShardSession::Dispatch& event) {
                     const std::lock_guard lock(mutex);
                     events.emplace_back(event.name);
                     frames.emplace_back(event.frame);
                     changed.notify_all();
                 },
             .ended =
                 [this](const Error& error) {
                     const std::lock_guard lock(mutex);
                     end = error.message();
                     changed.notify_all();
                 }},
            budget);
        ASSERT_TRUE(started) << started.error().message();
        driver = *std::move(started);
    }
    // The frame of the event of that name that comes next, or came.
    std::string await(const std::string& name, Duration longest = 20s) {
        std::unique_lock lock(mutex);
        std::size_t at = 0;
        changed.wait_for(lock, longest, [&] {
            for (at = taken; at < events.size(); ++at) {
                if (events[at] == name) return true;
            }
            return false;
        });
        if (at >= events.size()) return "no " + name;
        taken = at + 1;
        return frames[at];
    }
    std::string await_end() {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, 20s, [&] { return !end.empty(); });
        return end;
    }
    http::Response call(std::string_view method, std::string_view pattern,
                        std::initializer_list<std::string_view> parameters, std::string body = {},
                        RestCall::Repeat repeat = RestCall::Repeat::by_method,
                        Duration longest = 20s) {
        const auto done = rest.call({.route = *Route::make(method, pattern, parameters),
                                     .body = std::move(body),
                                     .repeat = repeat},
                                    Boottime::now() + longest);
        if (done) return *done;
        return {.status = 0, .body = done.error().error.message()};
    }
    std::string channel() {
        return std::string(discord.ask("GET", "/world").at("channels").at(0).at("id").as_string());
    }

    InProcess discord;
    http::Client http;
    DiscordRest rest{{.api_url = discord->api_url(), .token = discord->token()},
                     bot::rest::send_with(http)};
    bot::shard::InProcessIdentifyBudget budget;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> events;
    std::vector<std::string> frames;
    std::size_t taken = 0;
    std::string end;
    std::unique_ptr<ShardDriver> driver;
};

class EachCompression : public OwnClient, public ::testing::WithParamInterface<Compression> {};

TEST_P(EachCompression, AShardLogsInAndHears) {
    connect(GetParam());
    EXPECT_THAT(await("READY"), HasSubstr("session_id"));
    EXPECT_THAT(await("GUILD_CREATE"), HasSubstr("server 1"));

    for (int i = 0; i < 50; ++i) {
        discord.post("/messages", R"({"content":"hello )" + std::to_string(i) + "\"}");
    }

    for (int i = 0; i < 50; ++i) {
        EXPECT_THAT(await("MESSAGE_CREATE"), HasSubstr("hello " + std::to_string(i)));
    }
}

INSTANTIATE_TEST_SUITE_P(Stream, EachCompression,
                         ::testing::Values(Compression::none, Compression::zlib_stream,
                                           Compression::zstd_stream),
                         [](const auto& which) {
                             return which.param == Compression::none          ? "none"
                                    : which.param == Compression::zlib_stream ? "zlib"
                                                                              : "zstd";
                         });

TEST_F(OwnClient, AShardResumesAfterEachAccident) {
    connect();
    EXPECT_THAT(await("READY"), HasSubstr("session_id"));
    int resumes = 0;
    for (const char* const accident :
         {R"({"does":"reconnect"})", R"({"does":"drop"})", R"({"does":"close","code":4000})",
          R"({"does":"invalidSession","resumable":true})"}) {
        EXPECT_EQ(discord.post("/gateway", accident).at("met"), 1) << accident;
        discord.post("/messages", R"({"content":"meanwhile"})");

        EXPECT_THAT(await("MESSAGE_CREATE"), HasSubstr("meanwhile")) << accident;
        ASSERT_TRUE(discord.eventually("resumes", ++resumes)) << accident;
        ASSERT_TRUE(discord.eventually("ready", 1)) << accident;
    }
    EXPECT_EQ(discord.gateway("identifies"), 1);
}

TEST_F(OwnClient, AShardNoticesThatNothingIsHeard) {
    connect();
    EXPECT_THAT(await("READY"), HasSubstr("session_id"));

    discord.post("/gateway", R"({"does":"mute"})");

    ASSERT_TRUE(discord.eventually("resumes", 1, 30s));
}

TEST_F(OwnClient, AShardBeginsAnewAfterAnInvalidSession) {
    connect();
    EXPECT_THAT(await("READY"), HasSubstr("session_id"));

    discord.post("/gateway", R"({"does":"invalidSession"})");

    EXPECT_THAT(await("READY", 40s), HasSubstr("session_id"));
    EXPECT_EQ(discord.gateway("resumes"), 0);
}

class WithoutContent : public OwnClient {
protected:
    WithoutContent()
        : OwnClient([] {
              auto options = InProcess::usual();
              options.message_content = false;
              return options;
          }()) {}
};

TEST_F(WithoutContent, AShardThatWantsItEndsAndSaysWhatToSwitchOn) {
    connect();

    EXPECT_THAT(await_end(), HasSubstr("intent"));
}

TEST_F(OwnClient, CallsWaitForTheirTurnAndMeetNoLimit) {
    const auto in = channel();
    const auto begin = Boottime::now();

    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(call("POST", "/channels/{}/messages", {in}, R"({"content":"hello"})").status,
                  200);
    }

    EXPECT_GT(Boottime::now() - begin, 4s) << "five in five seconds";
    EXPECT_EQ(discord.figures().at("invalid"), 0);
}

TEST_F(OwnClient, CallsGoOnAfterAHiddenLimit) {
    discord.post("/faults", R"({"does":"limited","delayMs":500,"scope":"shared"})");

    EXPECT_EQ(call("POST", "/channels/{}/messages", {channel()}, R"({"content":"hello"})").status,
              200);
    EXPECT_EQ(rest.figures().limited_shared, 1U);
}

TEST_F(OwnClient, AMessageIsSaidOnceThoughItsAnswerWasLost) {
    discord.post("/faults", R"({"does":"drop","afterEffect":true})");

    const auto made =
        call("POST", "/channels/{}/messages", {channel()},
             R"({"content":"once","nonce":"n1","enforce_nonce":true})", RestCall::Repeat::by_nonce);

    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(discord.said(1).size(), 1U);
}

TEST_F(OwnClient, WhatHangsIsGivenUpAndAnsweredWhenTheFaultsAreCleared) {
    discord.post("/faults", R"({"does":"hang","afterEffect":true})");
    const auto lost = call("POST", "/channels/{}/messages", {channel()}, R"({"content":"hello"})",
                           RestCall::Repeat::by_method, 500ms);
    EXPECT_THAT(lost.body, HasSubstr("timeout"));
    EXPECT_EQ(discord.said(1).size(), 1U) << "it has happened";

    discord.post("/faults", R"({"does":"hang","route":"GET /users/@me"})");
    std::jthread clearing([this] {
        while (!discord.figures().at("rest").as_object().contains("GET /gateway/bot 200")) {
            std::this_thread::sleep_for(5ms);
        }
        discord.ask("DELETE", "/faults");
    });
    std::jthread seen([this] { call("GET", "/gateway/bot", {}); });
    EXPECT_EQ(call("GET", "/users/@me", {}).status, 200) << "after the 503 it is asked again";
}

TEST_F(OwnClient, FaultsSlowAndFailAsTold) {
    discord.post("/faults", R"({"does":"slow","delayMs":300})");
    const auto begin = Boottime::now();
    EXPECT_EQ(call("GET", "/users/@me", {}).status, 200);
    EXPECT_GE(Boottime::now() - begin, 300ms);

    discord.post("/faults", R"({"does":"status","status":502,"times":2})");
    EXPECT_EQ(call("GET", "/users/@me", {}).status, 200) << "a GET is tried again";
}

// An endpoint for interactions that checks signatures as ours does.
class HttpInteractions : public OwnClient {
protected:
    HttpInteractions() {
        auto started =
            http::Server::start(http::Server::Options{}, [this](const http::Request& request) {
                const auto header = [&](const char* name) {
                    return request.headers.find(name).value_or("");
                };
                const bool valid =
                    signatures.judge(header("X-Signature-Ed25519"), header("X-Signature-Timestamp"),
                                     request.body, process::unix_now()) ==
                    bot::interactions::SignatureVerdict::valid;
                if (!valid && checks) return http::Response{.status = 401};
                const auto body = boost::json::parse(request.body);
                if (body.at("type") == 1) return http::json_response(200, R"({"type":1})");
                return http::json_response(200, R"({"type":4,"data":{"content":"over HTTP"}})");
            });
        if (!started) throw std::runtime_error(started.error().message());
        server = *std::move(started);
    }
    http::Response use_it() {
        return discord->control(
            "PUT", "/endpoint",
            R"({"url":"http://127.0.0.1:)" + std::to_string(server->port()) + R"(/interactions"})");
    }

    std::atomic<bool> checks = true;
    bot::interactions::Signatures signatures =
        *bot::interactions::Signatures::create({.public_key = discord->public_key()});
    std::unique_ptr<http::Server> server;
};

TEST_F(HttpInteractions, GoToAnEndpointThatChecksSignatures) {
    ASSERT_EQ(use_it().status, 204);
    const std::string application(
        discord.ask("GET", "/world").at("application").at("id").as_string());
    EXPECT_EQ(call("PUT", "/applications/{}/commands", {application},
                   R"([{"name":"channel","description":"of channels"}])")
                  .status,
              200);

    const auto begun = discord.post("/interactions", R"({"data":{"name":"channel"}})");

    EXPECT_EQ(discord.interaction(begun).at("original").at("content"), "over HTTP");
    EXPECT_EQ(discord.post("/endpoint/ping", R"({"signature":"wrong"})").at("status"), 401);
    EXPECT_EQ(discord.post("/endpoint/ping", "{}").at("status"), 200);
}

TEST_F(HttpInteractions, DoNotGoToOneThatTakesEverything) {
    checks = false;

    const auto response = use_it();

    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("must be answered with 401"));
}

}  // namespace
}  // namespace tutti::services::discord
