// Finds the handler of a request by its method and path, and says by the head alone what it may
// cost.
//
// A pattern is a path whose segments are literal or `:name`, which stands for exactly one non-empty
// segment. The first route that was added and matches wins, so `/channel/list` comes before
// `/channel/:id`. A trailing slash is part of the path. Nothing matches: 404 with the usual error
// body.
//
// Thread-safety: add everything first; then all const functions may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http/message.hpp"

namespace tutti::services {

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
// Why a request may not pass, from its head: the body is not there yet. Must not block.
using HttpGuard = std::function<std::optional<HttpResponse>(const HttpRequest& head)>;

// Whom a route serves. Each kind has workers and a queue of its own in the server.
enum class RouteKind : std::uint8_t {
    internal,       // services of this deployment
    open,           // everybody
    observability,  // monitoring; handlers answer at once
};
inline constexpr std::size_t route_kinds = 3;

// What lets a request in: its handler, and how it is read and run.
struct HttpAdmission {
    HttpHandler handler;
    RouteKind kind = RouteKind::internal;
    std::optional<std::size_t> body_bytes_max{};  // nothing: the server's limit
};
// The admission, or why there is none.
using HttpAdmitted = std::variant<std::shared_ptr<const HttpAdmission>, HttpResponse>;

class Router {
public:
    struct Terms {
        RouteKind kind = RouteKind::internal;
        HttpGuard guard{};                            // empty: everybody may
        std::optional<std::size_t> body_bytes_max{};  // nothing: the server's limit
    };

    // Example: `router.add("GET", "/user/channel/:channelId", read_channel);`
    Router& add(std::string method, std::string_view pattern, HttpHandler handler,
                const Terms& terms);
    Router& add(std::string method, std::string_view pattern, HttpHandler handler) {
        return add(std::move(method), pattern, std::move(handler), Terms{});
    }

    // What the request gets, with `head.parameters` filled; or why it gets nothing.
    // HEAD is answered by the GET route; the server leaves the body out.
    [[nodiscard]] HttpAdmitted admit(HttpRequest& head) const;

    // Admits and runs the handler. What the handler throws passes through.
    [[nodiscard]] HttpResponse handle(HttpRequest request) const;

private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        HttpGuard guard;
        std::shared_ptr<const HttpAdmission> admission;
    };

    std::vector<Route> routes_;
};

}  // namespace tutti::services
