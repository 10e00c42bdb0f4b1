// The routes of a node on the HTTP server that its process has anyway: what a load balancer,
// Prometheus and the command-line tool ask for.
//
//     // Of a GET; `query` returns a std::optional<std::string>.
//     if (auto answer = tutti::answer_route(*node, request.path(), query))
//         return respond(answer->status, answer->content_type, answer->body);
//
// examples/node_routes.cpp. They tell names, figures, and whether a key is in memory; no values.
// Not for the public.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/node.hpp"

namespace tutti {

struct RouteAnswer {
    int status = 200;
    std::string content_type = {};
    std::string body = {};
};

// A parameter of the query, decoded; nothing: it has no such one.
using RouteQuery = std::function<std::optional<std::string>(std::string_view name)>;

// What to answer to GET of one of these; nothing: `path`, which is without the query, is none of
// them, letter by letter.
//
//   /health     200 while the node is live and ready, else 503; both with what `Node::health` says,
//               as JSON
//   /metrics    `Node::metrics`: Prometheus text
//   /audit      `Node::inventory` as JSON, which `tutti audit` and `top` ask for
//   /holdings   ?channel=...&key=...: `Node::holdings` as JSON, which `tutti explain` and `probe`
//               ask for; 400 and a sentence without the two, or without a name
//
// Thread-safety: any thread. Blocking: never. Cost: that of the function named. Throws what `query`
// throws, which is called for /holdings only.
[[nodiscard]] std::optional<RouteAnswer> answer_route(const Node& node, std::string_view path,
                                                      const RouteQuery& query = nullptr);

}  // namespace tutti
