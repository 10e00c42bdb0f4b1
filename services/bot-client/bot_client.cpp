// Puts the parts together. Everything refers to what is declared before it in Impl, and `stop` goes
// the other way: no new request, then what uses the node, then the node.
#include "bot-client/bot_client.hpp"

#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "bot-client/channel_commands.hpp"
#include "bot-client/channel_list.hpp"
#include "bot-client/driver.hpp"
#include "bot-client/gateway_api.hpp"
#include "bot-client/gateway_loaders.hpp"
#include "bot-client/message_chain.hpp"
#include "bot-client/model_replies.hpp"
#include "bot-client/personality_access.hpp"
#include "common/caches/instance_advice.hpp"
#include "common/caches/node_routes.hpp"
#include "common/caches/presence.hpp"
#include "common/domain/limits.hpp"
#include "common/http/client.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/process/logging.hpp"
#include "common/redis/client.hpp"
#include "tutti/node.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t driver_body_bytes_max = 1U << 20U;
// More than handlers of the gateway's: some of them wait for a model.
constexpr std::size_t driver_workers = 16;
// A load waits for the gateway: enough that no cache of the catalogue holds up another.
constexpr std::size_t loaders = 32;
// Longer than their loads may take, so that a load which fails late still ends in the last known
// list.
constexpr GetOptions typing_patience{.deadline = caches::choices_deadline + 500ms};
// What a command may wait for an activation that only its reply is about.
constexpr GetOptions reply_patience{.deadline = 300ms};

http::Client::Options pool_of(std::string upstream, const process::HttpPool& pool) {
    return {.name = std::move(upstream),
            .concurrent_max = pool.concurrent_max,
            .queued_max = pool.queued_max,
            .call_timeout = pool.deadline,
            .idle_max = pool.concurrent_max,
            .response_bytes_max = domain::answer_bytes_max};
}

// What the process needs besides the connections of its port: a pooled connection has four
// descriptors, one for its socket and three of the event loop that drives it.
std::size_t descriptors_of(const BotClient::Options& options) {
    constexpr std::size_t for_the_rest = 64;
    const std::size_t pooled = std::size_t{options.gateway_interactive.concurrent_max} +
                               options.gateway_background.concurrent_max + driver_workers;
    return for_the_rest + 4 * pooled;
}

SendHttp send_with(http::Client& client) {
    return [&client](std::string_view url, const http::Request& request, TimePoint deadline) {
        return client.send(url, request, deadline);
    };
}

NodeOptions node_options(const BotClient::Options& options) {
    return {.name = options.name,
            .service = std::string(caches::bot_client_service),
            .redis = options.redis_url.value_or(""),
            .embedded = options.redis_url ? nullptr : options.hub,
            .app = std::string(caches::app_name),
            .workers = loaders,
            .log = caches::log_of_node};
}

}  // namespace

struct BotClient::Impl {
    Impl(std::unique_ptr<Node> connected, const Options& options)
        : interactive_http(pool_of("gateway-interactive", options.gateway_interactive)),
          background_http(pool_of("gateway-background", options.gateway_background)),
          gateway(options.gateway_url, options.secret,
                  {.interactive = send_with(interactive_http),
                   .background = send_with(background_http)}),
          model({.base_url = options.llm_base_url,
                 .model = options.llm_model,
                 .api_key = options.llm_api_key},
                send_with(model_http)),
          node(std::move(connected)),
          activations(caches::declare_channel_activations(*node, options.demonstration,
                                                          activation_loader(gateway))),
          personalities(caches::declare_personality_ids(*node, personality_id_loader(gateway)),
                        caches::declare_personalities(*node, personality_loader(gateway)),
                        options.bot_owner_id),
          autocomplete(lists(), options.bot_owner_id),
          commands(
              gateway,
              [this](const std::string& channel_id, Duration deadline) {
                  return activations.invalidate(channel_id, deadline);
              },
              [this](const std::string& channel_id) {
                  return activations.get(channel_id, reply_patience);
              }),
          list(gateway, {.bot_owner_id = options.bot_owner_id}),
          chain(processors()) {
        const http::Router::Terms everybody{
            .kind = http::RouteKind::observability, .guard = {}, .body_bytes_max = 0};
        router
            .add(
                "GET", "/health",
                [this](const http::Request&) { return caches::health_response(*node); }, everybody)
            .add(
                "GET", "/metrics", [this](const http::Request&) { return metrics(); }, everybody)
            .add(
                "GET", "/audit",
                [this](const http::Request&) { return caches::audit_response(*node); }, everybody);
        add_driver_routes(
            router, options.secret,
            {.commands = commands, .list = list, .chain = chain, .autocomplete = autocomplete});
    }

    Autocomplete::Lists lists() {
        auto of_personalities =
            caches::declare_personality_lists(*node, personality_list_loader(gateway));
        auto of_personas = caches::declare_persona_lists(*node, persona_list_loader(gateway));
        auto of_configs = caches::declare_global_configs(*node, global_config_loader(gateway));
        return {.personalities =
                    [of_personalities](const std::string& user) {
                        return of_personalities.get(user, typing_patience);
                    },
                .personas =
                    [of_personas](const std::string& user) {
                        return of_personas.get(user, typing_patience);
                    },
                .global_configs =
                    [of_configs] {
                        return of_configs.get(caches::global_configs_key, typing_patience);
                    }};
    }

    std::vector<std::unique_ptr<MessageProcessor>> processors() {
        std::vector<std::unique_ptr<MessageProcessor>> found;
        found.push_back(std::make_unique<BotAuthorFilter>());
        found.push_back(std::make_unique<EmptyMessageFilter>());
        found.push_back(std::make_unique<ActivatedChannel>(ActivatedChannel::Parts{
            .activation =
                [this](const std::string& channel_id) { return activations.get(channel_id); },
            .personality = [this](
                               const std::string& slug,
                               const std::string& user) { return personalities.find(slug, user); },
            .notices = caches::declare_notification_cooldown(*node),
            .handler = model}));
        return found;
    }

    http::Response metrics() {
        const std::array upstreams{interactive_http.metrics(), background_http.metrics(),
                                   model_http.metrics()};
        http::Response response = caches::metrics_response(*node, upstreams);
        if (presence) response.body += caches::presence_metrics_text(presence->count());
        return response;
    }

    Result<void> see_others(const Options& options) {
        if (!options.redis_url) return {};
        auto client = redis::RedisClient::create({.url = *options.redis_url, .connections_max = 1});
        if (!client) return fail(std::move(client).error());
        redis = *std::move(client);
        presence = caches::advise_on_others(*redis, caches::bot_client_service, options.name);
        return {};
    }

    void probe_gateway() {
        if (const auto well = gateway.probe(Boottime::now() + 2s); !well) {
            log::warn("the gateway is not well, going on without it: " + well.error().text);
        }
    }

    http::Client interactive_http;
    http::Client background_http;
    http::Client model_http{
        {.name = "model", .concurrent_max = driver_workers, .response_bytes_max = 1U << 20U}};
    HttpGateway gateway;
    ModelReplies model;
    std::unique_ptr<Node> node;
    caches::ChannelActivations activations;
    PersonalityAccess personalities;
    Autocomplete autocomplete;
    ChannelCommands commands;
    ChannelList list;
    MessageChain chain;
    http::Router router;                         // the server takes it over
    std::unique_ptr<redis::RedisClient> redis;   // for `presence` only
    std::unique_ptr<caches::Presence> presence;  // none: this is the only instance
    std::unique_ptr<http::Server> server;
};

Result<BotClient::Options> BotClient::Options::from(const process::Settings& settings,
                                                    const process::Environment& environment) {
    const auto demonstration = caches::Demonstration::parse(environment);
    if (!demonstration) return fail(demonstration.error());
    auto name = settings.instance_name.value_or(std::string(caches::bot_client_service) + '-' +
                                                std::to_string(::getpid()));
    return Options{.name = std::move(name),
                   .address = settings.listen_address,
                   .port = settings.bot_client_port,
                   .gateway_url = settings.gateway_url,
                   .secret = settings.internal_service_secret,
                   .redis_url = settings.redis_url,
                   .hub = nullptr,
                   .llm_base_url = settings.llm_base_url,
                   .llm_model = settings.llm_model,
                   .llm_api_key = settings.llm_api_key,
                   .bot_owner_id = settings.bot_owner_id,
                   .gateway_interactive = settings.gateway_interactive,
                   .gateway_background = settings.gateway_background,
                   .demonstration = *demonstration};
}

Result<std::unique_ptr<BotClient>> BotClient::start(const Options& options) {
    if (options.secret.empty()) {
        return fail(Errc::invalid_option, "start bot-client", "INTERNAL_SERVICE_SECRET is not set");
    }
    auto node = Node::create(node_options(options));
    if (!node) return fail(std::move(node).error());
    const http::Server::Options listen{.address = options.address,
                                       .port = options.port,
                                       .limits = {.body_bytes_max = driver_body_bytes_max,
                                                  .descriptors_reserved = descriptors_of(options),
                                                  .internal = {.workers = driver_workers}}};

    auto impl = std::make_unique<Impl>(*std::move(node), options);
    if (auto started = impl->node->start(); !started) return fail(std::move(started).error());
    if (auto seen = impl->see_others(options); !seen) return fail(std::move(seen).error());
    impl->probe_gateway();
    auto server = http::Server::start(listen, std::move(impl->router));
    if (!server) return fail(std::move(server).error());
    impl->server = *std::move(server);
    return std::unique_ptr<BotClient>(new BotClient(std::move(impl)));
}

BotClient::BotClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BotClient::~BotClient() { stop(); }
std::uint16_t BotClient::port() const noexcept { return impl_->server->port(); }

void BotClient::stop() {
    impl_->model_http.stop();
    impl_->server->stop();
    impl_->node->stop();
    if (impl_->presence) impl_->presence->stop();
}

}  // namespace tutti::services::bot
