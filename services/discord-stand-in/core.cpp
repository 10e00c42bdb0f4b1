#include "discord-stand-in/core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tutti::services::discord {

Core::Core(world::World::Options world_options, gateway::Gateway::Options gateway_options,
           gateway::Gateway::Effects& effects, std::function<bool()> has_endpoint,
           process::UnixTime now)
    : world(std::move(world_options), now),
      interactions(world),
      gateway(std::move(gateway_options), world, effects),
      api(world, interactions, [this](process::UnixTime time) { return gateway_facts(time); }),
      scene(world, interactions, std::move(has_endpoint)),
      levers(gateway, api) {}

void Core::publish(process::UnixTime now) {
    for (const world::Event& event : world.take_events()) gateway.publish(event, now);
}

rest::GatewayFacts Core::gateway_facts(process::UnixTime now) const {
    const auto& options = gateway.options();
    return {.url = options.url,
            .shards = options.shards,
            .starts_total = options.starts.total,
            .starts_remaining = gateway.starts().remaining(now),
            .starts_reset_after = gateway.starts().reset_after(now),
            .max_concurrency = options.starts.max_concurrency};
}

control::ControlRoutes Core::control_routes() {
    control::ControlRoutes all = scene.routes();
    std::ranges::move(levers.routes(), std::back_inserter(all));
    return all;
}

}  // namespace tutti::services::discord
