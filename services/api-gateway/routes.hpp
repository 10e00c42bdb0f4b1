// The gateway's own routes. Each file of routes adds them to a table that gateway.cpp guards and
// serves.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api-gateway/database.hpp"
#include "api-gateway/gateway.hpp"
#include "common/http/message.hpp"

namespace tutti::services {

struct RouteContext {
    Database& database;
    std::optional<std::string> bot_owner_id;

    // Who the request says it is for. Requires: the route asks for Access::user.
    [[nodiscard]] Principal principal(const HttpRequest& request) const;
};

constexpr std::size_t discord_id_length_max = 20;
constexpr std::size_t slug_length_max = 255;

void add_channel_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);
void add_personality_routes(std::vector<GatewayRoute>& routes, const RouteContext& context);

// Collects what is wrong with a request's fields, for one 400 with all of it.
class Validation {
public:
    void text(std::string_view name, const std::string& value, std::size_t length_max);

    [[nodiscard]] bool ok() const noexcept { return problems_.empty(); }
    [[nodiscard]] HttpResponse response() const;

private:
    std::string problems_;
};

// 500 without the cause, which goes to the log: it may name tables and paths.
[[nodiscard]] HttpResponse database_failed(const Error& error);

}  // namespace tutti::services
