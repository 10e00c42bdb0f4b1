// A session without a network: what it wants done is written down, what Discord would say is said
// by the test, and time passes only when the test says so.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/shard/shard_session.hpp"

namespace tutti::services::bot::shard {

using namespace std::chrono_literals;
using State = ShardSession::State;

inline constexpr std::string_view token = "the-token-of-the-bot";

class PlayedGateway : public ::testing::Test, private ShardSession::Effects {
protected:
    PlayedGateway() = default;

    static ShardSession::Options options(Compression compression = Compression::none) {
        return {.who = {.token = process::Secret(std::string(token)),
                        .intents = 37377,
                        .shard_id = 1,
                        .shard_count = 4},
                .compression = compression,
                .payload_bytes_max = 10'000,
                .random = [] { return std::uint64_t{1} << 63U; }};  // the middle
    }
    static Entrance entrance(std::int64_t remaining = 1000) {
        return {.url = "wss://gateway.example",
                .shards = 4,
                .starts = {.total = 1000, .remaining = remaining, .reset_after = 1h}};
    }

    // Steps of a life, each from the state before it.
    void start() { session.start(now); }
    void to_connecting() {
        start();
        session.entrance_answered(entrance(), now);
    }
    void to_greeting() {
        to_connecting();
        session.connected(connection, now);
    }
    void to_identifying() {
        to_greeting();
        hello();
    }
    void to_live() {
        to_identifying();
        ready();
    }
    // The connection of a live session breaks, and the next one has said hello.
    void to_resuming() {
        to_live();
        session.closed(connection, std::nullopt, now);
        come_back();
    }
    void come_back() {
        for (int i = 0; i < 100 && session.state() != State::connecting; ++i) pass(100ms);
        ASSERT_EQ(session.state(), State::connecting);
        session.connected(connection, now);
        hello();
    }

    void hello(std::string_view interval = "41250") {
        say(R"({"op":10,"d":{"heartbeat_interval":)" + std::string(interval) + "}}");
    }
    void ready(int s = 1, std::string_view id = "abc") {
        say(R"({"op":0,"t":"READY","s":)" + std::to_string(s) + R"(,"d":{"session_id":")" +
            std::string(id) + R"(","resume_gateway_url":"wss://resume.example"}})");
    }
    void event(int s, std::string_view name = "MESSAGE_CREATE") {
        say(R"({"op":0,"t":")" + std::string(name) + R"(","s":)" + std::to_string(s) +
            R"(,"d":{}})");
    }
    void ack() { say(R"({"op":11})"); }
    void say(std::string_view text) { session.received(connection, text, now); }
    void drop(std::optional<std::uint16_t> code) { session.closed(connection, code, now); }

    // What is due meanwhile is done when it is due.
    void pass(Duration duration) {
        const TimePoint end = now + duration;
        while (wake <= end) {
            now = std::max(now, wake);
            session.tick(now);
        }
        now = end;
    }
    // The same, but with a peer that acknowledges heartbeats and answers pings.
    void pass_alive(Duration duration) {
        const TimePoint end = now + duration;
        while (wake <= end) {
            now = std::max(now, wake);
            const std::size_t before = sent.size();
            const int pings_before = pings;
            session.tick(now);
            if (pings > pings_before) session.heard(connection, now);
            if (sent.size() > before) ack();
        }
        now = end;
    }

    [[nodiscard]] std::string last_sent() const { return sent.empty() ? "(none)" : sent.back(); }
    [[nodiscard]] std::size_t heartbeats() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            sent, [](const std::string& text) { return text.starts_with(R"({"op":1,)"); }));
    }

    std::vector<std::string> urls;
    std::vector<std::string> sent;
    std::vector<std::uint16_t> closes;
    std::vector<std::string> events;
    std::vector<std::string> whys;
    std::optional<Error> failure;
    int asked = 0;
    int pings = 0;
    ShardSession::Connection connection = 0;
    TimePoint wake = TimePoint::max();
    TimePoint now{1000s};
    InProcessIdentifyBudget budget;
    ShardSession session{options(), budget, *this};

    [[nodiscard]] ShardSession::Effects& effects() { return *this; }

private:
    void ask_entrance() override { ++asked; }
    void connect(ShardSession::Connection which, const std::string& url) override {
        connection = which;
        urls.push_back(url);
    }
    void send(std::string_view payload) override { sent.emplace_back(payload); }
    void ping() override { ++pings; }
    void close(std::uint16_t code) override { closes.push_back(code); }
    void dispatch(const ShardSession::Dispatch& dispatched) override {
        events.emplace_back(dispatched.name);
    }
    void entered(State) override {}
    void lost(std::string_view why) override { whys.emplace_back(why); }
    void ended(const Error& error) override { failure = error; }
    void wake_at(TimePoint when) override { wake = when; }
};

}  // namespace tutti::services::bot::shard
