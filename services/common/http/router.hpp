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

namespace tutti::services::http {

using Handler = std::function<Response(const Request&)>;
// Why a request may not pass, from its head: the body is not there yet. Must not block.
using HeadCheck = std::function<std::optional<Response>(const Request& head)>;

// Whom a route serves. Each kind has workers and a queue of its own in the server.
enum class RouteKind : std::uint8_t {
    internal,       // services of this deployment
    open,           // needs no secret
    observability,  // monitoring; handlers answer at once
};
inline constexpr std::size_t route_kinds = 3;

// What lets a request in: its handler, and how it is read and run.
struct Admission {
    Handler handler;
    RouteKind kind = RouteKind::internal;
    std::optional<std::size_t> body_bytes_max{};  // nothing: the server's limit
};
// The admission, or why there is none.
using Admitted = std::variant<std::shared_ptr<const Admission>, Response>;

class Router {
public:
    struct Terms {
        RouteKind kind = RouteKind::internal;
        HeadCheck guard{};                            // empty: every client may
        std::optional<std::size_t> body_bytes_max{};  // nothing: the server's limit
    };

    // Example: `router.add("GET", "/user/channel/:channelId", read_channel);`
    Router& add(std::string method, std::string_view pattern, Handler handler, const Terms& terms);
    Router& add(std::string method, std::string_view pattern, Handler handler) {
        return add(std::move(method), pattern, std::move(handler), Terms{});
    }

    // What the request gets, with `head.parameters` filled; or why it gets nothing.
    // HEAD is answered by the GET route; the server leaves the body out.
    [[nodiscard]] Admitted admit(Request& head) const;

    // Admits and runs the handler. What the handler throws passes through.
    [[nodiscard]] Response handle(Request request) const;

private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        HeadCheck guard;
        std::shared_ptr<const Admission> admission;
    };

    std::vector<Route> routes_;
};

}  // namespace tutti::services::http
