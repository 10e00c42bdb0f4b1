// What users do at this Discord, and what is said there: the control routes about the world.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discord-stand-in/control/told.hpp"
#include "discord-stand-in/world/interactions.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::control {

// An interaction on its way to the application's endpoint.
struct Delivery {
    world::Snowflake interaction = 0;
    std::string body;
};

class Scene {
public:
    Scene(world::World& world, world::Interactions& interactions,
          std::function<bool()> has_endpoint)
        : world_(world), interactions_(interactions), has_endpoint_(std::move(has_endpoint)) {}

    [[nodiscard]] ControlRoutes routes();

    // Servers with two channels each, and two users. The first of each is meant where none is
    // named.
    void populate(std::size_t guilds, process::UnixTime now);

    // What the routes have left to be sent, and how that has ended.
    [[nodiscard]] std::vector<Delivery> take_deliveries() { return std::exchange(deliveries_, {}); }
    void delivered(const Delivery& delivery, const Result<http::Response>& response,
                   process::UnixTime now);

private:
    Told add_guild(const http::Request& request, process::UnixTime now);
    Told add_channel(const http::Request& request, process::UnixTime now);
    Told change_channel(const http::Request& request);
    Told add_user(const http::Request& request, process::UnixTime now);
    Told set_member(const http::Request& request);
    Told say(const http::Request& request, process::UnixTime now);
    [[nodiscard]] Told said(const http::Request& request) const;
    Told interact(const http::Request& request, process::UnixTime now);
    [[nodiscard]] Told interaction(const http::Request& request) const;
    [[nodiscard]] Told newest_interactions() const;

    [[nodiscard]] std::optional<world::Snowflake> usual_guild() const;
    [[nodiscard]] std::optional<world::Snowflake> usual_channel() const;
    [[nodiscard]] std::optional<world::Snowflake> usual_user() const;

    world::World& world_;
    world::Interactions& interactions_;
    const std::function<bool()> has_endpoint_;
    std::vector<Delivery> deliveries_;
};

}  // namespace tutti::services::discord::control
