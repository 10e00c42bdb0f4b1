// GET /avatars/<slug>.png and /avatars/<slug>-<version>.png, without a secret: Discord's servers
// fetch them.
//
// A slug may end as a version does. What a file name means, in this order:
// 1. the picture of `<slug>` that has this version now. No user can take a path of this kind over
// by
//    choosing a slug, and it never means another picture: it may be kept for ever.
// 2. the picture of the personality whose slug it is, which may have none.
// 3. an older version of the picture of `<slug>`: an old URL is still in use, and gets the current
// one.
//
// Thread-safety: the handler may be called from any thread. The node outlives the routes.
#pragma once

#include <vector>

#include "api-gateway/gateway_node.hpp"
#include "api-gateway/routes/route.hpp"

namespace tutti::services::gateway::routes {

[[nodiscard]] std::vector<GatewayRoute> avatar_routes(const GatewayNode& node);

}  // namespace tutti::services::gateway::routes
