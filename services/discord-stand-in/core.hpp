// All of the stand-in that decides, without threads, sockets and a clock of its own.
//
// Thread-safety: none.
#pragma once

#include <functional>
#include <string>

#include "common/process/timestamps.hpp"
#include "discord-stand-in/control/levers.hpp"
#include "discord-stand-in/control/scene.hpp"
#include "discord-stand-in/gateway/gateway.hpp"
#include "discord-stand-in/rest/api.hpp"
#include "discord-stand-in/world/interactions.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord {

struct Core {
    // `effects` outlives it.
    Core(world::World::Options world_options, gateway::Gateway::Options gateway_options,
         gateway::Gateway::Effects& effects, std::function<bool()> has_endpoint,
         process::UnixTime now);
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    // Tells the gateway what has happened in the world. After every call that may change it.
    void publish(process::UnixTime now);
    [[nodiscard]] rest::GatewayFacts gateway_facts(process::UnixTime now) const;
    [[nodiscard]] control::ControlRoutes control_routes();

    world::World world;
    world::Interactions interactions;
    gateway::Gateway gateway;
    rest::Api api;
    control::Scene scene;
    control::Levers levers;
};

}  // namespace tutti::services::discord
