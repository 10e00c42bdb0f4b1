// What the gateway serves: a method, a pattern, who may call it, and what answers. Each file of
// routes returns a list of them, which guard.hpp makes a router of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// Routes whose handlers are members of one object, of which each route keeps a copy.
//
//     BoundRoutes table(PersonaRoutes(personas, node, principals));
//     table.add(Access::user, "GET", "/user/persona", &PersonaRoutes::list);
//     return std::move(table).routes();
template <class Handlers>
class BoundRoutes {
public:
    using Handler = http::Response (Handlers::*)(const http::Request&) const;

    explicit BoundRoutes(Handlers handlers) : handlers_(std::move(handlers)) {}

    void add(Access access, const std::string& method, const std::string& pattern,
             Handler handler) {
        add({.access = access,
             .method = method,
             .pattern = pattern,
             .handler = [handlers = handlers_, handler](const http::Request& r) {
                 return (handlers.*handler)(r);
             }});
    }
    void add(GatewayRoute route) { routes_.push_back(std::move(route)); }

    [[nodiscard]] std::vector<GatewayRoute> routes() && { return std::move(routes_); }

private:
    Handlers handlers_;
    std::vector<GatewayRoute> routes_;
};

}  // namespace tutti::services::gateway::routes
