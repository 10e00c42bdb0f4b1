// Puts database, routes and server together, and guards each route by its access level.
#include "api-gateway/gateway.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/database.hpp"
#include "api-gateway/routes.hpp"
#include "common/errors.hpp"
#include "common/http/router.hpp"
#include "common/logging.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"

namespace tutti::services {
namespace {

struct HealthServices {
    bool database = false;
};
BOOST_DESCRIBE_STRUCT(HealthServices, (), (database))

struct Health {
    std::string status;
    HealthServices services;
    std::string timestamp;
    std::int64_t uptime = 0;  // milliseconds
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, services, timestamp, uptime))

struct OwnerInBody {
    std::optional<std::string> owner_id;
};
BOOST_DESCRIBE_STRUCT(OwnerInBody, (), (owner_id))

class Guard {
public:
    Guard(Secret secret, std::optional<std::string> bot_owner_id)
        : secret_(std::move(secret)), bot_owner_id_(std::move(bot_owner_id)) {}

    // Why the request may not pass, or nothing.
    [[nodiscard]] std::optional<HttpResponse> refuse(Access access,
                                                     const HttpRequest& request) const {
        if (access == Access::everyone) return std::nullopt;
        const auto secret = request.headers.find("X-Service-Auth");
        if (!secret || !secret_.matches(*secret)) return denied("Service authentication failed");
        if (access == Access::user) return refuse_user(request);
        if (access == Access::owner && !is_owner(request)) {
            return denied("Only the owner of the bot may do this");
        }
        return std::nullopt;
    }

private:
    static HttpResponse denied(std::string_view text) {
        return error_response(ErrorCode::unauthorized, text);
    }
    static std::optional<HttpResponse> refuse_user(const HttpRequest& request) {
        const auto user = request.headers.find("X-User-Id");
        if (!user || user->empty()) return denied("X-User-Id is required");
        Validation fields;
        fields.text("X-User-Id", std::string(*user), discord_id_length_max);
        if (!fields.ok()) return fields.response();
        return std::nullopt;
    }
    [[nodiscard]] bool is_owner(const HttpRequest& request) const {
        if (!bot_owner_id_) return false;
        if (const auto header = request.headers.find("X-Owner-Id"))
            return *header == *bot_owner_id_;
        const auto body = json::read<OwnerInBody>(request.body);
        return body && body->owner_id == bot_owner_id_;
    }

    Secret secret_;
    std::optional<std::string> bot_owner_id_;
};

HttpResponse health(Database& database, TimePoint started) {
    const bool alive = database.ping().has_value();
    const auto uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(Boottime::now() - started);
    return json_response(alive ? 200 : 503,
                         json::write(Health{.status = alive ? "healthy" : "unhealthy",
                                            .services = {.database = alive},
                                            .timestamp = iso_timestamp(),
                                            .uptime = uptime.count()}));
}

Router make_router(std::vector<GatewayRoute> routes, const Guard& guard) {
    Router router;
    for (auto& route : routes) {
        auto guarded = [guard, access = route.access,
                        handler = std::move(route.handler)](const HttpRequest& request) {
            if (auto refused = guard.refuse(access, request)) return std::move(*refused);
            return handler(request);
        };
        router.add(std::move(route.method), route.pattern, std::move(guarded));
    }
    return router;
}

}  // namespace

Principal RouteContext::principal(const HttpRequest& request) const {
    const std::string id(request.headers.find("X-User-Id").value_or(""));
    return {id, bot_owner_id && id == *bot_owner_id};
}

void Validation::text(std::string_view name, const std::string& value, std::size_t length_max) {
    if (!value.empty() && value.size() <= length_max) return;
    if (!problems_.empty()) problems_ += "; ";
    problems_.append(name).append(value.empty() ? ": must not be empty"
                                                : ": must not be longer than ");
    if (!value.empty()) problems_ += std::to_string(length_max) + " characters";
}

HttpResponse Validation::response() const {
    return error_response(ErrorCode::validation_error, problems_);
}

HttpResponse database_failed(const Error& error) {
    log::error(error.message());
    return error_response(ErrorCode::internal_error, "The database did not answer");
}

struct Gateway::Impl {
    std::unique_ptr<Database> database;
    std::unique_ptr<HttpServer> server;  // stopped before the database closes
};

Gateway::Options Gateway::Options::from(const Settings& settings) {
    return {.address = settings.listen_address,
            .port = settings.api_gateway_port,
            .database_path = settings.database_path,
            .secret = settings.internal_service_secret,
            .bot_owner_id = settings.bot_owner_id};
}

Result<std::unique_ptr<Gateway>> Gateway::start(Options options) {
    if (options.secret.empty()) {
        return fail(Errc::invalid_option, "start gateway", "INTERNAL_SERVICE_SECRET is not set");
    }
    auto database = Database::open(options.database_path);
    if (!database) return fail(database.error());
    auto impl = std::make_unique<Impl>();
    impl->database = std::move(*database);

    const RouteContext context{*impl->database, options.bot_owner_id};
    std::vector<GatewayRoute> routes;
    routes.push_back({Access::everyone, "GET", "/health",
                      [&store = *impl->database, started = Boottime::now()](const HttpRequest&) {
                          return health(store, started);
                      }});
    add_channel_routes(routes, context);
    add_personality_routes(routes, context);
    std::ranges::move(options.routes, std::back_inserter(routes));
    auto router = make_router(std::move(routes), Guard(options.secret, options.bot_owner_id));

    auto server = HttpServer::start(
        {.address = options.address, .port = options.port, .limits = options.limits},
        [router = std::move(router)](const HttpRequest& request) {
            return router.handle(request);
        });
    if (!server) return fail(server.error());
    impl->server = std::move(*server);
    return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() { stop(); }
std::uint16_t Gateway::port() const noexcept { return impl_->server->port(); }

void Gateway::stop() {
    impl_->server->stop();
    impl_->database.reset();
}

}  // namespace tutti::services
