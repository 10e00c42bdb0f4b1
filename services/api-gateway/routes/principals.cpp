#include "api-gateway/routes/principals.hpp"

#include <utility>

namespace tutti::services::gateway::routes {

Principals::Principals(std::optional<std::string> bot_owner_id)
    : bot_owner_id_(std::move(bot_owner_id)) {}

domain::Principal Principals::of(const http::Request& request) const {
    const std::string id(request.headers.find("X-User-Id").value_or(""));
    return {id, bot_owner_id_ && id == *bot_owner_id_};
}

}  // namespace tutti::services::gateway::routes
