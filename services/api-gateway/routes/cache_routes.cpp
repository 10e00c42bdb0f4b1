#include "api-gateway/routes/cache_routes.hpp"

#include <optional>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/routes/failures.hpp"
#include "api-gateway/routes/validation.hpp"
#include "common/http/errors.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {
namespace {

constexpr std::size_t uuid_length = 36;

struct InvalidateRequest {
    std::optional<bool> all;  // wins
    std::optional<std::string> personality_id;
};
BOOST_DESCRIBE_STRUCT(InvalidateRequest, (), (all, personality_id))

struct InvalidateResponse {
    bool success = false;
    std::string invalidated;  // "all" or the id
    std::string message;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(InvalidateResponse, (), (success, invalidated, message, timestamp))

http::Response invalidate(const GatewayNode& node, const http::Request& request) {
    auto body = json::read<InvalidateRequest>(request.body);
    if (!body) return invalid_body(body.error());
    caches::PersonalityEvent event;
    if (!body->all.value_or(false)) {
        Validation fields;
        body->personality_id ? fields.text("personalityId", *body->personality_id, uuid_length)
                             : fields.add("personalityId", "is missing, or say \"all\": true");
        if (!fields.ok()) return fields.response();
        event.personality_id = std::move(body->personality_id);
    }
    if (!node.invalidate_personality(event)) {
        return http::error_response(http::ErrorCode::internal_error,
                                    "Redis has not taken it yet; it is retried in the background");
    }
    const std::string what = event.personality_id.value_or("all");
    return http::json_response(
        200, json::write(InvalidateResponse{
                 .success = true,
                 .invalidated = what,
                 .message = event.personality_id ? "Forgotten everywhere: personality " + what
                                                 : "Forgotten everywhere: all personalities",
                 .timestamp = process::iso_timestamp()}));
}

}  // namespace

std::vector<GatewayRoute> cache_routes(const GatewayNode& node) {
    return {{Access::owner, "POST", "/admin/invalidate-cache",
             [&node](const http::Request& r) { return invalidate(node, r); }}};
}

}  // namespace tutti::services::gateway::routes
