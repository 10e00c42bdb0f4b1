// The one gate in front of every route: who may call it is checked by the head of the request, and
// by the body where only that says who asks.
//
// Thread-safety: immutable after its construction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-gateway/routes/route.hpp"
#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "common/process/secret.hpp"

namespace tutti::services::gateway::routes {

class Guard {
public:
    Guard(process::Secret secret, std::optional<std::string> bot_owner_id);

    // Why the request may not pass, by its head; or nothing.
    [[nodiscard]] std::optional<http::Response> refuse(Access access,
                                                       const http::Request& head) const;
    // The same by what only the body says.
    [[nodiscard]] std::optional<http::Response> refuse_whole(Access access,
                                                             const http::Request& request) const;

private:
    [[nodiscard]] bool owner_is_in_body(const http::Request& head) const;
    [[nodiscard]] bool is_owner(const http::Request& request) const;

    process::Secret secret_;
    std::optional<std::string> bot_owner_id_;
};

[[nodiscard]] http::Router guarded_router(std::vector<GatewayRoute> routes, const Guard& guard);

}  // namespace tutti::services::gateway::routes
