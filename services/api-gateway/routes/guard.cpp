#include "api-gateway/routes/guard.hpp"

#include <string_view>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/validation.hpp"
#include "common/http/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

struct OwnerInBody {
    std::optional<std::string> owner_id;
};
BOOST_DESCRIBE_STRUCT(OwnerInBody, (), (owner_id))

http::Response denied(std::string_view text) {
    return http::error_response(http::ErrorCode::unauthorized, text);
}

std::optional<http::Response> refuse_user(const http::Request& request) {
    const auto user = request.headers.find("X-User-Id");
    if (!user || user->empty()) return denied("X-User-Id is required");
    Validation fields;
    fields.text("X-User-Id", std::string(*user), discord_id_length_max);
    if (!fields.ok()) return fields.response();
    return std::nullopt;
}

}  // namespace

Guard::Guard(process::Secret secret, std::optional<std::string> bot_owner_id)
    : secret_(std::move(secret)), bot_owner_id_(std::move(bot_owner_id)) {}

std::optional<http::Response> Guard::refuse(Access access, const http::Request& head) const {
    if (access == Access::everyone) return std::nullopt;
    const auto secret = head.headers.find("X-Service-Auth");
    if (!secret || !secret_.matches(*secret)) return denied("Service authentication failed");
    if (access == Access::user) return refuse_user(head);
    if (access != Access::owner || owner_is_in_body(head)) return std::nullopt;
    return refuse_whole(access, head);
}

std::optional<http::Response> Guard::refuse_whole(Access access,
                                                  const http::Request& request) const {
    if (access != Access::owner || is_owner(request)) return std::nullopt;
    return denied("Only the owner of the bot may do this");
}

bool Guard::owner_is_in_body(const http::Request& head) const {
    return bot_owner_id_ && !head.headers.find("X-Owner-Id");
}

bool Guard::is_owner(const http::Request& request) const {
    if (!bot_owner_id_) return false;
    if (const auto header = request.headers.find("X-Owner-Id")) return *header == *bot_owner_id_;
    const auto body = json::read<OwnerInBody>(request.body);
    return body && body->owner_id == bot_owner_id_;
}

http::Router guarded_router(std::vector<GatewayRoute> routes, const Guard& guard) {
    http::Router router;
    for (auto& route : routes) {
        const auto access = route.access;
        const auto kind = route.kind.value_or(
            access == Access::everyone ? http::RouteKind::open : http::RouteKind::internal);
        auto guarded = [guard, access,
                        handler = std::move(route.handler)](const http::Request& request) {
            if (auto refused = guard.refuse_whole(access, request)) return std::move(*refused);
            return handler(request);
        };
        http::Router::Terms terms{.kind = kind,
                                  .guard = [guard, access](const http::Request& head) {
                                      return guard.refuse(access, head);
                                  }};
        // No open route has a body.
        if (access == Access::everyone) terms.body_bytes_max = 0;
        router.add(std::move(route.method), route.pattern, std::move(guarded), terms);
    }
    return router;
}

}  // namespace tutti::services::gateway::routes
