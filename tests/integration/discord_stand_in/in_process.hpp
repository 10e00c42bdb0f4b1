// The stand-in in this process, with waits that a test can afford.
//
// Thread-safety: none.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <boost/json.hpp>

#include "discord-stand-in/stand_in.hpp"

namespace tutti::services::discord {

class InProcess {
public:
    using Json = boost::json::value;

    explicit InProcess(DiscordStandIn::Options options = usual()) {
        auto started = DiscordStandIn::start(options);
        if (!started) throw std::runtime_error(started.error().message());
        discord_ = *std::move(started);
    }
    static DiscordStandIn::Options usual() {
        return {.identify_every = std::chrono::milliseconds(10),
                .heartbeat_interval = std::chrono::milliseconds(1'000)};
    }

    DiscordStandIn* operator->() const { return discord_.get(); }
    // As discord.js wants it: "/v10" comes from itself.
    [[nodiscard]] std::string bare_api_url() const {
        const std::string url = discord_->api_url();
        return url.substr(0, url.rfind('/'));
    }

    Json ask(std::string_view method, const std::string& path, std::string_view body = {}) {
        const auto response = discord_->control(method, path, body);
        EXPECT_LT(response.status, 300) << path << ' ' << response.body;
        return response.body.empty() ? Json(nullptr) : boost::json::parse(response.body);
    }
    Json post(const std::string& path, std::string_view body) { return ask("POST", path, body); }
    // What the bot said in the usual channel, when it is so much.
    boost::json::array said(std::size_t at_least) {
        return ask("GET", "/messages?waitMs=20000&atLeast=" + std::to_string(at_least)).as_array();
    }
    // When it has its last answer.
    Json interaction(const Json& begun) {
        return ask("GET", "/interactions/" + std::string(begun.at("id").as_string()) +
                              "?until=filled&waitMs=20000");
    }
    Json figures() { return ask("GET", "/figures"); }
    std::int64_t gateway(std::string_view figure) {
        return figures().at("gateway").at(figure).to_number<std::int64_t>();
    }
    bool eventually(std::string_view figure, std::int64_t at_least,
                    std::chrono::seconds limit = std::chrono::seconds(20)) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (gateway(figure) < at_least) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

private:
    std::unique_ptr<DiscordStandIn> discord_;
};

}  // namespace tutti::services::discord
