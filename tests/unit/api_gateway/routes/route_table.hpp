// Calls handlers of the gateway as its router would, past the network and the guard.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api-gateway/gateway.hpp"
#include "common/http/router.hpp"
#include "unit/api_gateway/json_text.hpp"

namespace tutti::services::testing {

class RouteTable {
public:
    explicit RouteTable(std::vector<gateway::routes::GatewayRoute> routes)
        : routes_(std::move(routes)) {
        for (const auto& route : routes_) router_.add(route.method, route.pattern, route.handler);
    }

    [[nodiscard]] http::Response call(http::Request request) const {
        return router_.handle(std::move(request));
    }
    [[nodiscard]] http::Response get(std::string path, std::string query = {}) const {
        return call({.path = std::move(path), .query = std::move(query)});
    }
    [[nodiscard]] http::Response post(std::string path, std::string body) const {
        return call({.method = "POST", .path = std::move(path), .body = std::move(body)});
    }
    [[nodiscard]] const std::vector<gateway::routes::GatewayRoute>& routes() const {
        return routes_;
    }

private:
    std::vector<gateway::routes::GatewayRoute> routes_;
    http::Router router_;
};

inline boost::json::value body_of(const http::Response& response) { return as_json(response.body); }

// A member of the body as text; "(none)" when it is absent or something else.
inline std::string text_of(const http::Response& response, std::string_view member) {
    const auto body = body_of(response);
    const auto* object = body.if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains(member);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "(none)";
}

}  // namespace tutti::services::testing
