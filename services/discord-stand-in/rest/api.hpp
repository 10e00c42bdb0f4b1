// Discord's REST API, version 10, on a world: one call at a time, from its head to its answer.
//
// Thread-safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/http/message.hpp"
#include "common/process/timestamps.hpp"
#include "discord-stand-in/rest/faults.hpp"
#include "discord-stand-in/rest/limits.hpp"
#include "discord-stand-in/rest/route.hpp"
#include "discord-stand-in/world/interactions.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::rest {

inline constexpr const char* api_prefix = "/api/v10";

class Api {
public:
    // By route and status, as "POST /channels/:channel/messages 200".
    using Counts = std::map<std::string, std::uint64_t>;

    Api(world::World& world, world::Interactions& interactions,
        std::function<GatewayFacts(process::UnixTime now)> gateway);

    [[nodiscard]] const Routes& routes() const noexcept { return routes_; }
    // Requires: `request` has matched `route`.
    [[nodiscard]] http::Response answer(const Route& route, const http::Request& request,
                                        process::UnixTime now);
    // As if the call had met `fault`. Not for those of time: slow and hang.
    [[nodiscard]] static http::Response answer(const Fault& fault);
    void count(const Route& route, const http::Response& response);

    [[nodiscard]] Limits& limits() noexcept { return limits_; }
    [[nodiscard]] Faults& faults() noexcept { return faults_; }
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }
    // 401, 403 and 429, save those whose limit is shared: what leads to Discord's ban.
    [[nodiscard]] std::uint64_t invalid() const noexcept { return invalid_; }

private:
    [[nodiscard]] std::optional<world::Refusal> refusal(const Route& route,
                                                        const http::Request& request) const;
    [[nodiscard]] Limits::Verdict limit(const Route& route, const Call& call);

    world::World& world_;
    world::Interactions& interactions_;
    const std::function<GatewayFacts(process::UnixTime now)> gateway_;
    const Routes routes_;
    Limits limits_;
    Faults faults_;
    Counts counts_;
    std::uint64_t invalid_ = 0;
};

}  // namespace tutti::services::discord::rest
