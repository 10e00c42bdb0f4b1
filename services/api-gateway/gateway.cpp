// Puts database, routes and server together.
#include "api-gateway/gateway.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "api-gateway/attachments/cleanup.hpp"
#include "api-gateway/attachments/downloads.hpp"
#include "api-gateway/attachments/store.hpp"
#include "api-gateway/database/change_listener.hpp"
#include "api-gateway/database/database.hpp"
#include "api-gateway/database/database_watch.hpp"
#include "api-gateway/gateway_metrics.hpp"
#include "api-gateway/gateway_node.hpp"
#include "api-gateway/jobs/deduplicator.hpp"
#include "api-gateway/jobs/job_waits.hpp"
#include "api-gateway/jobs/result_keeper.hpp"
#include "api-gateway/models/model_cache.hpp"
#include "api-gateway/models/openrouter.hpp"
#include "api-gateway/routes/ai_routes.hpp"
#include "api-gateway/routes/attachment_routes.hpp"
#include "api-gateway/routes/avatar_routes.hpp"
#include "api-gateway/routes/cache_routes.hpp"
#include "api-gateway/routes/channel_routes.hpp"
#include "api-gateway/routes/guard.hpp"
#include "api-gateway/routes/llm_config_routes.hpp"
#include "api-gateway/routes/model_routes.hpp"
#include "api-gateway/routes/persona_routes.hpp"
#include "api-gateway/routes/personality_routes.hpp"
#include "api-gateway/routes/principals.hpp"
#include "api-gateway/routes/user_setting_routes.hpp"
#include "common/caches/instance_advice.hpp"
#include "common/caches/node_routes.hpp"
#include "common/caches/presence.hpp"
#include "common/http/router.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "common/jobs/job_queue_redis.hpp"
#include "common/process/ending.hpp"
#include "common/process/logging.hpp"
#include "common/process/timestamps.hpp"
#include "common/redis/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/json.hpp"
#include "tutti/outbox.hpp"

namespace tutti::services::gateway {
namespace {

using namespace std::chrono_literals;

// A change that concerns more keys of a channel than this says "all".
constexpr std::size_t keys_told_max = 50;

struct HealthServices {
    bool database = false;
    bool writes = false;                  // and takes writes
    bool bus = false;                     // every channel may serve from memory
    std::optional<bool> notifications{};  // PostgreSQL only: it wakes the publisher
};
BOOST_DESCRIBE_STRUCT(HealthServices, (), (database, writes, bus, notifications))

struct GatewayHealthBody {
    std::string status{};  // healthy, degraded (works, with the reasons why not fully), unhealthy
    bool live = true;      // it answers
    bool ready = false;    // and fully: the database, every cache and every subscription are up
    HealthServices services{};
    std::vector<std::string> reasons{};
    std::string timestamp{};
    std::int64_t uptime = 0;  // milliseconds
};
BOOST_DESCRIBE_STRUCT(GatewayHealthBody, (),
                      (status, live, ready, services, reasons, timestamp, uptime))

}  // namespace

// Each part refers to what is declared before it, and goes before it does: nothing else says what
// stops when.
struct Gateway::Impl {
    std::unique_ptr<database::Database> database;
    std::unique_ptr<database::DatabaseWatch> database_watch;
    std::unique_ptr<models::OpenRouter> openrouter;
    std::unique_ptr<GatewayNode> node;
    std::unique_ptr<models::ModelCache> models;         // outlives what the node does
    std::unique_ptr<redis::RedisClient> redis;          // none: the queue is in this process
    std::unique_ptr<redis::RedisClient> announcements;  // of what has ended; likewise
    std::unique_ptr<caches::Presence> presence;         // none: this is the only instance
    process::Ending stop_node;
    process::Ending stop_openrouter;  // and the load that the node would wait for
    std::unique_ptr<attachments::AttachmentStore> files;
    std::unique_ptr<attachments::AttachmentDownloads> attachments;
    std::unique_ptr<attachments::AttachmentCleanup> cleanup;
    std::shared_ptr<services::jobs::JobQueue> queue;
    services::jobs::JobSubscription files_of_ended;
    std::unique_ptr<jobs::ResultKeeper> keeper;
    services::jobs::JobSubscription results_of_ended;
    std::unique_ptr<jobs::JobWaits> waits;
    std::unique_ptr<jobs::Deduplicator> deduplicator;
    std::unique_ptr<jobs::Deduplicator> by_client_key;
    std::unique_ptr<outbox::Publisher> outbox;           // of what was committed
    std::unique_ptr<database::ChangeListener> listener;  // wakes it; PostgreSQL only
    std::unique_ptr<GatewayMetrics> metrics;
    std::unique_ptr<http::Server> server;
    process::Ending stop_downloads;  // the server waits for requests that wait for Discord
    TimePoint started = Boottime::now();

    Result<void> open(const Options& options);
    Result<void> open_attachments(const Options& options);
    Result<void> open_queue(const Options& options);
    Result<void> publish_changes(const Options& options);
    void see_others(const Options& options);
    [[nodiscard]] std::vector<routes::GatewayRoute> routes(const Options& options);
    Result<void> listen(const Options& options);
    [[nodiscard]] http::Response health() const;
};

Result<void> Gateway::Impl::open(const Options& options) {
    auto opened =
        database::Database::open({.sqlite_path = options.database_path,
                                  .postgres_url = options.postgres_url,
                                  .changed = [this](const std::vector<outbox::Row>& rows) {
                                      if (outbox) outbox->publish(rows);
                                  }});
    if (!opened) return fail(std::move(opened).error());
    database = *std::move(opened);
    database_watch = std::make_unique<database::DatabaseWatch>(
        database::DatabaseWatch::Queries{.read = [&it = *database] { return it.ping(); },
                                         .write = [&it = *database] { return it.try_write(); }});
    if (auto opened_files = open_attachments(options); !opened_files) return opened_files;
    openrouter = std::make_unique<models::OpenRouter>(options.openrouter);
    auto joined =
        GatewayNode::start({.name = options.name,
                            .redis_url = options.redis_url.value_or(""),
                            .hub = options.hub,
                            .dedup_window = options.dedup_window,
                            .public_url = options.public_url},
                           {.personalities = database->personalities, .openrouter = *openrouter});
    if (!joined) return fail(std::move(joined).error());
    node = *std::move(joined);
    stop_node = process::Ending([this] { node->stop(); });
    stop_openrouter = process::Ending([this] { openrouter->stop(); });
    if (auto opened_queue = open_queue(options); !opened_queue) return opened_queue;
    see_others(options);
    waits = std::make_unique<jobs::JobWaits>(*queue, options.waits);
    files_of_ended =
        queue->on_finished([this](const std::string& job_id) { cleanup->job_ended(job_id); });
    keeper = std::make_unique<jobs::ResultKeeper>(*queue, database->job_results,
                                                  jobs::ResultKeeper::Options{});
    results_of_ended =
        queue->on_finished([this](const std::string& job_id) { keeper->job_ended(job_id); });
    models = std::make_unique<models::ModelCache>(node->models(), models::ModelCache::Options{});
    deduplicator =
        std::make_unique<jobs::FleetDeduplicator>(node->requests(), options.dedup_window);
    by_client_key =
        std::make_unique<jobs::FleetDeduplicator>(node->request_keys(), caches::request_key_window);
    if (auto published = publish_changes(options); !published) return published;
    metrics = std::make_unique<GatewayMetrics>(GatewayMetrics::Parts{.node = *node,
                                                                     .openrouter = *openrouter,
                                                                     .attachments = *attachments,
                                                                     .queue = *queue,
                                                                     .outbox = *outbox,
                                                                     .presence = presence.get()});
    return {};
}

// A request is reserved, its attachments are downloaded, and it is enqueued, all of it before the
// reservation lapses: afterwards the same request would be a new one, and both would be paid. What
// is left of the window is for the queue; with the usual 5 s these are the 2 s of
// AiParts::queue_deadline.
Result<void> Gateway::Impl::open_attachments(const Options& options) {
    const std::string beside =
        (std::filesystem::path(options.database_path).parent_path() / "temp-attachments").string();
    auto opened =
        attachments::AttachmentStore::open({.directory = options.attachment_dir.value_or(beside)});
    if (!opened) return fail(std::move(opened).error());
    files = *std::move(opened);
    auto downloads = options.attachments;
    downloads.public_url = options.public_url;
    downloads.deadline = Duration(options.dedup_window) * 3 / 5;
    attachments = std::make_unique<attachments::AttachmentDownloads>(*files, downloads);
    cleanup = std::make_unique<attachments::AttachmentCleanup>(*files, options.attachment_cleanup);
    cleanup->start();
    return {};
}

Result<void> Gateway::Impl::open_queue(const Options& options) {
    if (!options.redis_url) {
        queue =
            options.queue ? options.queue : std::make_shared<services::jobs::InProcessJobQueue>();
        return {};
    }
    auto client = redis::RedisClient::create({.url = *options.redis_url});
    if (!client) return fail(std::move(client).error());
    redis = *std::move(client);
    // A command that waits takes longer than others may; see FinishedReader.
    auto waiting = redis::RedisClient::create(
        {.url = *options.redis_url, .connections_max = 1, .command_timeout = 5s});
    if (!waiting) return fail(std::move(waiting).error());
    announcements = *std::move(waiting);
    auto on_redis = std::make_unique<services::jobs::RedisJobQueue>(
        *redis, services::jobs::RedisJobQueue::Options{.queue = options.queue_name});
    on_redis->listen(*announcements);
    queue = std::move(on_redis);
    return {};
}

void Gateway::Impl::see_others(const Options& options) {
    if (!redis) return;
    std::function<void()> warn_of_sqlite = [] {
        log::warn(
            "this instance is on SQLite, which only processes of one machine share: set "
            "DATABASE_URL of all to one postgres:// URL");
    };
    if (options.postgres_url) warn_of_sqlite = nullptr;
    presence = caches::advise_on_others(*redis, caches::api_gateway_service, options.name,
                                        std::move(warn_of_sqlite));
}

Result<void> Gateway::Impl::publish_changes(const Options& options) {
    auto publisher =
        outbox::Publisher::start({.channels = node->channels(),
                                  .deadline = caches::InvalidationService::deadline_default,
                                  .keys_max = keys_told_max,
                                  .log = caches::log_of_node},
                                 database->outbox());
    if (!publisher) return fail(std::move(publisher).error());
    outbox = *std::move(publisher);
    if (!options.postgres_url) return {};
    auto listening = database::ChangeListener::start({.url = *options.postgres_url},
                                                     [&woken = *outbox] { woken.wake(); });
    if (!listening) return fail(std::move(listening).error());
    listener = *std::move(listening);
    return {};
}

std::vector<routes::GatewayRoute> Gateway::Impl::routes(const Options& options) {
    std::vector<routes::GatewayRoute> routes;
    const auto add = [&](std::string pattern, http::Handler handler) {
        routes.push_back({routes::Access::everyone, "GET", std::move(pattern), std::move(handler),
                          http::RouteKind::observability});
    };
    add("/health", [this](const http::Request&) { return health(); });
    add("/metrics", [this](const http::Request& request) { return metrics->response(request); });
    add("/audit", [this](const http::Request&) { return caches::audit_response(node->node()); });
    add("/holdings", [this](const http::Request& request) {
        return caches::holdings_response(node->node(), request);
    });
    const auto join = [&](std::vector<routes::GatewayRoute> more) {
        std::ranges::move(more, std::back_inserter(routes));
    };
    const routes::Principals principals(options.bot_owner_id);
    join(routes::channel_routes(database->channels, principals));
    join(routes::personality_routes({.personalities = database->personalities,
                                     .editor = database->personality_editor,
                                     .node = *node,
                                     .principals = principals}));
    join(routes::avatar_routes(*node));
    join(routes::persona_routes(database->personas, principals));
    join(routes::llm_config_routes(database->llm_configs, options.bot_owner_id));
    join(routes::user_setting_routes(database->user_settings, principals));
    join(routes::cache_routes(*node));
    join(routes::model_routes(models->source(), options.bot_owner_id));
    join(routes::ai_routes({.queue = *queue,
                            .deduplicator = *deduplicator,
                            .by_client_key = *by_client_key,
                            .results = database->job_results,
                            .attachments = *attachments,
                            .waits = *waits}));
    join(routes::attachment_routes(*files));
    join(options.routes);
    return routes;
}

Result<void> Gateway::Impl::listen(const Options& options) {
    auto router = routes::guarded_router(routes(options),
                                         routes::Guard(options.secret, options.bot_owner_id));

    auto listening = http::Server::start(
        {.address = options.address, .port = options.port, .limits = options.limits},
        std::move(router));
    if (!listening) return fail(std::move(listening).error());
    server = *std::move(listening);
    stop_downloads = process::Ending([this] { attachments->stop(); });
    return {};
}

http::Response Gateway::Impl::health() const {
    auto bus = node->node().health();
    const auto state = database_watch->state();
    GatewayHealthBody body{.services = {.database = state != database::DatabaseWatch::State::silent,
                                        .writes = state == database::DatabaseWatch::State::well,
                                        .bus = bus.live && bus.ready},
                           .reasons = std::move(bus.reasons),
                           .timestamp = process::iso_timestamp()};
    if (!body.services.database) {
        body.reasons.emplace_back("the database does not answer");
    } else if (!body.services.writes) {
        body.reasons.emplace_back("the database takes no writes");
    }
    if (listener) {
        const std::string failure = listener->failure();
        body.services.notifications = failure.empty();
        if (!failure.empty()) {
            body.reasons.emplace_back("database changes of other programs are heard late");
        }
    }
    body.status = !body.services.database ? "unhealthy"
                  : body.reasons.empty()  ? "healthy"
                                          : "degraded";
    body.ready = body.services.writes && body.services.bus;
    body.uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(Boottime::now() - started).count();
    return http::json_response(body.services.database ? 200 : 503, json::write(body));
}

Gateway::Options Gateway::Options::from(const process::Settings& settings) {
    return {.name = settings.instance_name.value_or(std::string(caches::api_gateway_service)),
            .address = settings.listen_address,
            .port = settings.api_gateway_port,
            .database_path = settings.database_path,
            .postgres_url = settings.postgres_url,
            .redis_url = settings.redis_url,
            .queue_name = settings.queue_name,
            .openrouter = models::OpenRouter::Options::from(settings),
            .attachment_dir = settings.attachment_dir,
            .attachments = attachments::AttachmentDownloads::Options::from(settings),
            .dedup_window = settings.dedup_window,
            .secret = settings.internal_service_secret,
            .bot_owner_id = settings.bot_owner_id,
            .public_url = settings.public_gateway_url.value_or(settings.gateway_url)};
}

Result<std::unique_ptr<Gateway>> Gateway::start(const Options& options) {
    if (options.secret.empty()) {
        return fail(Errc::invalid_option, "start gateway", "INTERNAL_SERVICE_SECRET is not set");
    }
    auto impl = std::make_unique<Impl>();
    if (auto opened = impl->open(options); !opened) return fail(std::move(opened).error());
    if (auto listening = impl->listen(options); !listening) {
        return fail(std::move(listening).error());
    }
    return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

Gateway::Gateway(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)), port_(impl_->server->port()) {}
Gateway::~Gateway() = default;
void Gateway::stop() { impl_.reset(); }

}  // namespace tutti::services::gateway
