// A network on which the test is the server: links without sockets, on a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/network.hpp"
#include "redis/session.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::redis {

using namespace std::chrono_literals;

// One link, and the side of the server.
class ScriptedLink final : public Link {
public:
    ScriptedLink(Options options, Executor& executor, const Clock& clock, Owner& owner)
        : Link(std::move(options), clock, owner), executor_(executor) {}

    void accept() { reached(); }
    void prove() { secured(); }
    void say(std::string_view bytes) { received(bytes); }
    // Takes so much of the write that is under way.
    void take(std::size_t bytes) {
        heard += offered.substr(0, bytes);
        sent(bytes);
    }
    void break_off() { failed({.cause = "the server closed the connection", .hung_up = true}); }

    [[nodiscard]] std::size_t write_now(std::string_view bytes) noexcept override {
        const std::size_t taken = std::min(bytes.size(), is_over() ? 0 : takes_at_once);
        heard += bytes.substr(0, taken);
        return taken;
    }

    [[nodiscard]] std::string take_heard() { return std::exchange(heard, {}); }
    [[nodiscard]] bool is_over() const { return is_closed(); }
    [[nodiscard]] std::string where() const { return options().url.endpoint(); }

    bool asked_to_reach = false;
    bool asked_to_secure = false;
    bool takes_by_itself = true;    // whatever is written
    std::size_t takes_at_once = 0;  // of what is written so
    std::string heard;
    std::string_view offered;  // the write that is under way

private:
    void reach() override { asked_to_reach = true; }
    void secure() override { asked_to_secure = true; }
    void send_some(std::string_view bytes) override {
        offered = bytes;
        if (!takes_by_itself) return;
        executor_.post([weak = weak_from_this(), this] {
            if (const auto self = weak.lock(); self && !is_over()) take(offered.size());
        });
    }
    void hang_up() override {}

    Executor& executor_;
};

inline std::string text_reply(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

inline const std::string good_server =
    text_reply("redis_version:7.2.4\r\nredis_mode:standalone\r\nrole:master\r\n");

class NetworkTest : public ::testing::Test {
protected:
    [[nodiscard]] Network network() {
        return {.executor = &executor_,
                .clock = &clock_,
                .make_link = [this](Link::Options options, Link::Owner& owner) {
                    links_.push_back(std::make_shared<ScriptedLink>(std::move(options), executor_,
                                                                    clock_, owner));
                    links_.back()->takes_at_once = takes_at_once_;
                    return links_.back();
                }};
    }
    // Every wait between attempts is as long as it may be: the random number is one less than a
    // multiple of all limits.
    [[nodiscard]] static SessionOptions options() {
        return {.url = *Url::parse("redis://server:6379"),
                .client_name = {},
                .connect_timeout = 2s,
                .limits = {},
                .random = [] { return std::uint64_t{24'000'000'000 - 1}; }};
    }
    [[nodiscard]] ScriptedLink& link() { return *links_.back(); }
    // The server takes the newest connection, and says who it is a round trip later.
    void let_in(Duration round_trip = {}) {
        link().accept();
        executor_.advance(round_trip);
        link().say(good_server);
        executor_.run_ready();
        (void)link().take_heard();
    }
    void say(std::string_view bytes) {
        link().say(bytes);
        executor_.run_ready();
    }
    [[nodiscard]] std::string heard() {
        executor_.run_ready();
        return link().take_heard();
    }

    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    std::vector<std::shared_ptr<ScriptedLink>> links_;
    std::size_t takes_at_once_ = 0;  // each link
};

}  // namespace tutti::redis
