#include "tutti/node/routes.hpp"

#include <utility>

#include <boost/describe/class.hpp>

#include "tutti/inventory.hpp"
#include "tutti/json.hpp"
#include "tutti/node/health.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti {

BOOST_DESCRIBE_STRUCT(Health, (), (live, ready, reasons, promise))

namespace {

RouteAnswer in_json(std::string body, int status = 200) {
    return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

RouteAnswer health(const Node& node) {
    const Health health = node.health();
    return in_json(json::write(health), health.live && health.ready ? 200 : 503);
}

RouteAnswer holdings(const Node& node, const RouteQuery& query) {
    const auto asked = [&](std::string_view name) { return query ? query(name) : std::nullopt; };
    const auto channel = asked("channel");
    const auto key = asked("key");
    if (!channel || channel->empty() || !key) {
        return {.status = 400,
                .content_type = "text/plain; charset=utf-8",
                .body = "name the channel and the key: ?channel=...&key=..."};
    }
    return in_json(to_json(node.holdings(*channel, *key)));
}

}  // namespace

std::optional<RouteAnswer> answer_route(const Node& node, std::string_view path,
                                        const RouteQuery& query) {
    if (path == "/health") return health(node);
    if (path == "/metrics") {
        return RouteAnswer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                           .body = node.metrics()};
    }
    if (path == "/audit") return in_json(to_json(node.inventory()));
    if (path == "/holdings") return holdings(node, query);
    return std::nullopt;
}

}  // namespace tutti
