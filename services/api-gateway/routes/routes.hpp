// The gateway's own routes. Each file of routes adds them to a table that gateway.cpp guards and
// serves.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api-gateway/database/database.hpp"
#include "api-gateway/gateway.hpp"
#include "api-gateway/gateway_node.hpp"
#include "common/http/message.hpp"

namespace tutti::services {

struct RouteContext {
    Database& database;
    const GatewayNode& node;
    std::optional<std::string> bot_owner_id;

    // Who the request says it is for. Requires: the route asks for Access::user.
    [[nodiscard]] Principal principal(const HttpRequest& request) const;
};

constexpr std::size_t discord_id_length_max = 20;
constexpr std::size_t slug_length_max = 255;
constexpr std::size_t name_length_max = 255;
// Of one text; what several may have together is in common/domain/limits.hpp.
constexpr std::size_t long_text_length_max = 256U << 10U;

void add_channel_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_personality_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_avatar_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_persona_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_llm_config_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_user_setting_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_cache_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);

// Lower-case letters, digits, dashes and underscores.
[[nodiscard]] bool is_slug(std::string_view text);

// Collects what is wrong with a request's fields, for one 400 with all of it.
class Validation {
public:
    void text(std::string_view name, const std::string& value, std::size_t length_max);
    // Required: there, not empty.
    void required(std::string_view name, const std::optional<std::string>& value,
                  std::size_t length_max);
    // Not empty when it is there.
    void if_there(std::string_view name, const std::optional<std::string>& value,
                  std::size_t length_max);
    // May be empty, which takes it away.
    void clearable(std::string_view name, const std::optional<std::string>& value,
                   std::size_t length_max);
    template <class Number>
    void range(std::string_view name, const std::optional<Number>& value, Number min, Number max) {
        if (value && (*value < min || *value > max)) {
            add(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
        }
    }
    void add(std::string_view name, std::string_view problem);

    [[nodiscard]] bool ok() const noexcept { return problems_.empty(); }
    [[nodiscard]] HttpResponse response() const;

private:
    std::string problems_;
};

// 500, or 503 when too much waits for it, without the cause, which goes to the log: it may name
// tables and paths.
[[nodiscard]] HttpResponse database_failed(const Error& error);
// 400: the body is not what was agreed.
[[nodiscard]] HttpResponse invalid_body(const Error& error);
// 404, 403, 409, or 400 for what would be too large.
[[nodiscard]] HttpResponse refused(Refusal refusal, std::string_view what);

}  // namespace tutti::services
