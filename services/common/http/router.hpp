// Finds the handler of a request by its method and path.
//
// A pattern is a path whose segments are literal or `:name`, which stands for exactly one non-empty
// segment. The first route that was added and matches wins, so `/channel/list` comes before
// `/channel/:id`. A trailing slash is part of the path. Nothing matches: 404 with the usual error
// body.
//
// Thread-safety: add everything first; then `handle` may be called from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"

namespace tutti::services {

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class Router {
public:
    // Example: `router.add("GET", "/user/channel/:channelId", read_channel);`
    Router& add(std::string method, std::string_view pattern, HttpHandler handler);

    // Runs the handler with `request.parameters` filled. What the handler throws passes through.
    // HEAD is answered by the GET route; the server leaves the body out.
    [[nodiscard]] HttpResponse handle(HttpRequest request) const;

private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        HttpHandler handler;
    };

    std::vector<Route> routes_;
};

}  // namespace tutti::services
