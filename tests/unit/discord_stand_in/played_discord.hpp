// The whole of the stand-in that decides, on a clock of the test's: REST calls of a bot, and what
// users do.
//
// Thread-safety: none.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "common/http/router.hpp"
#include "discord-stand-in/core.hpp"

namespace tutti::services::discord {

// Counts what it is sent.
class Unheard : public gateway::Gateway::Effects {
public:
    void send(gateway::Gateway::Connection, const std::string& payload) override {
        sent.push_back(payload);
    }
    void compress_payloads(gateway::Gateway::Connection) override {}
    void close(gateway::Gateway::Connection, std::uint16_t) override {}
    void drop(gateway::Gateway::Connection) override {}

    std::vector<std::string> sent;
};

class PlayedDiscord : public ::testing::Test {
protected:
    using Json = boost::json::value;

    PlayedDiscord() {
        core.api.limits().set({.on = false});
        core.scene.populate(1, now);
        for (const rest::Route& route : core.api.routes()) {
            router.add(route.method, rest::api_prefix + route.pattern,
                       [this, &route](const http::Request& request) {
                           return core.api.answer(route, request, now);
                       });
        }
        for (const auto& route : core.control_routes()) {
            router.add(route.method, std::string(control::control_prefix) + route.pattern,
                       [this, route](const http::Request& request) {
                           return route.handler(request, now).response;
                       });
        }
        guild = std::to_string(core.world.guilds().begin()->first);
        channel = std::to_string(core.world.channels().begin()->first);
        application = std::to_string(core.world.application().id);
    }

    http::Response call(std::string method, const std::string& path, std::string body = {},
                        const std::string& token = "the-token") {
        const std::size_t mark = std::min(path.find('?'), path.size());
        return router.handle(
            {.method = std::move(method),
             .path = rest::api_prefix + path.substr(0, mark),
             .query = path.substr(std::min(mark + 1, path.size())),
             .headers = {{"User-Agent", "DiscordBot (test, 1)"}, {"Authorization", "Bot " + token}},
             .body = std::move(body)});
    }
    // That it is answered with this status, and the body.
    Json expect(int status, std::string method, const std::string& path, std::string body = {}) {
        const auto response = call(std::move(method), path, std::move(body));
        EXPECT_EQ(response.status, status) << path << ' ' << response.body;
        return response.body.empty() ? Json(nullptr) : boost::json::parse(response.body);
    }
    Json control(std::string method, const std::string& path, std::string body = {}) {
        const std::size_t mark = std::min(path.find('?'), path.size());
        const auto response = router.handle({.method = std::move(method),
                                             .path = control::control_prefix + path.substr(0, mark),
                                             .query = path.substr(std::min(mark + 1, path.size())),
                                             .body = std::move(body)});
        EXPECT_LT(response.status, 300) << path << ' ' << response.body;
        return response.body.empty() ? Json(nullptr) : boost::json::parse(response.body);
    }
    static std::string text(const Json& object, std::string_view name) {
        return std::string(object.at(name).as_string());
    }
    static std::int64_t code(const Json& object) { return object.at("code").as_int64(); }
    std::string path(const std::string& rest) const { return "/channels/" + channel + rest; }
    // What the gateway would be told, by name.
    std::vector<std::string> told() {
        std::vector<std::string> names;
        for (const auto& event : core.world.take_events()) names.push_back(event.name);
        return names;
    }

    process::UnixTime now{std::chrono::milliseconds(1'800'000'000'000)};
    Unheard effects;
    bool has_endpoint = false;
    Core core{world::World::Options{.token = process::Secret("the-token")},
              {.url = "ws://127.0.0.1:1"},
              effects,
              [this] { return has_endpoint; },
              now};
    http::Router router;
    std::string guild;
    std::string channel;
    std::string application;
};

}  // namespace tutti::services::discord
