// What the gateway serves: a method, a pattern, who may call it, and what answers. Each file of routes returns
// a list of them, which guard.hpp makes a router of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/http/router.hpp"

namespace tutti::services::gateway::routes {

// Who may call a route. Each level includes the demands of the one before it.
enum class Access : std::uint8_t {
    everyone,  // no header needed
    service,   // X-Service-Auth equals the secret
    user,      // and X-User-Id is not empty
    owner,     // service, and X-Owner-Id (or the JSON body's ownerId) equals BOT_OWNER_ID
};

struct GatewayRoute {
    Access access = Access::everyone;
    std::string method = "GET";
    std::string pattern;  // see Router
    http::Handler handler;
    // Whose workers run it. Nothing: by the access, `open` for everyone and `internal` for the
    // others.
    std::optional<http::RouteKind> kind{};
};

}  // namespace tutti::services::gateway::routes
