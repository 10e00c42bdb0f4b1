// Puts the parts together. Everything refers to what is declared before it in Impl, and `stop` goes
// the other way: no new request, then what uses the node, then the node.
#include "bot-client/bot_client.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "bot-client/addressed.hpp"
#include "bot-client/asked_replies.hpp"
#include "bot-client/assignment/shard_keeper.hpp"
#include "bot-client/awaited_replies.hpp"
#include "bot-client/channel_commands.hpp"
#include "bot-client/channel_list.hpp"
#include "bot-client/character_chat.hpp"
#include "bot-client/discord_link.hpp"
#include "bot-client/discord_metrics.hpp"
#include "bot-client/gateway_api.hpp"
#include "bot-client/gateway_loaders.hpp"
#include "bot-client/interactions/answers.hpp"
#include "bot-client/interactions/commands.hpp"
#include "bot-client/interactions/desk.hpp"
#include "bot-client/interactions/endpoint.hpp"
#include "bot-client/interactions/interaction.hpp"
#include "bot-client/interactions/signatures.hpp"
#include "bot-client/message_chain.hpp"
#include "bot-client/message_desk.hpp"
#include "bot-client/patient_reads.hpp"
#include "bot-client/personality_access.hpp"
#include "bot-client/reply_delivery.hpp"
#include "bot-client/reply_queue.hpp"
#include "bot-client/sending/discord_sender.hpp"
#include "bot-client/sending/webhooks.hpp"
#include "bot-client/speakers.hpp"
#include "bot-client/voice_message.hpp"
#include "common/caches/instance_advice.hpp"
#include "common/caches/node_routes.hpp"
#include "common/caches/presence.hpp"
#include "common/caches/service_caches.hpp"
#include "common/domain/limits.hpp"
#include "common/http/client.hpp"
#include "common/http/handler_pool.hpp"
#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "common/process/logging.hpp"
#include "common/redis/client.hpp"
#include "tutti/node.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr Duration replies_stop_timeout = 2s;  // of a stop
// A load waits for the gateway: enough that no cache of the catalogue holds up another.
constexpr std::size_t loaders = 32;
// Longer than their loads may take, so that a load which fails late still ends in the last known
// list.
constexpr GetOptions while_typing{.deadline = caches::choices_deadline + 500ms};
// What a command may wait for an activation that only its reply is about.
constexpr GetOptions for_a_reply{.deadline = 300ms};
constexpr Duration register_within = 30s;
constexpr Duration typing_within = 1s;
constexpr Duration claim_within = 500ms;

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
    constexpr std::uint32_t as_recommended = 16;  // to a bot with 40,000 servers
    const std::uint32_t shards =
        options.shard_id ? 1 : options.shard_count.value_or(as_recommended);
    const std::size_t pooled =
        std::size_t{options.gateway_interactive.concurrent_max} +
        options.gateway_background.concurrent_max + options.transcription.concurrent_max +
        options.discord.concurrent_max + 2 * std::size_t{shards} + ReplyQueue::connections_max;
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
            .carry = caches::carry_trace,
            .log = caches::log_of_node};
}

}  // namespace

struct BotClient::Impl {
    Impl(std::unique_ptr<Node> connected, const Options& options)
        : name(options.name),
          deploys_commands(options.deploys_commands),
          transcribes_voice(options.transcribes_voice),
          interactive_http(pool_of("gateway-interactive", options.gateway_interactive)),
          background_http(pool_of("gateway-background", options.gateway_background)),
          transcription_http(pool_of("gateway-transcription", options.transcription)),
          gateway(options.gateway_url, options.secret,
                  {.interactive = send_with(interactive_http),
                   .background = send_with(background_http),
                   .transcription = send_with(transcription_http)}),
          discord({.token = options.discord_token,
                   .api_url = options.discord_api_url,
                   .pool = options.discord,
                   .ended = options.ended,
                   .shard_id = options.shard_id,
                   .shard_count = options.shard_count,
                   .shard_lease = options.shard_lease,
                   .redis_url = options.redis_url,
                   .name = options.name}),
          node(std::move(connected)),
          cache(caches::declare_bot_caches(
              *node, options.demonstration,
              {.activation = activation_loader(gateway),
               .personality = personality_loader(gateway),
               .personality_id = personality_id_loader(gateway),
               .personality_list = personality_list_loader(gateway),
               .persona_list = persona_list_loader(gateway),
               .global_configs = global_config_loader(gateway),
               .webhook = sending::webhook_loader(discord.rest, discord.identity)})),
          sender(sender_parts()),
          replies({.redis_url = options.redis_url,
                   .in_process = options.deliveries,
                   .lease = options.job_lease,
                   .bot = options.name}),
          personalities(cache.personality_ids, cache.personalities, reads, options.bot_owner_id),
          autocomplete(lists(), options.bot_owner_id),
          commands(
              gateway,
              [this](const std::string& channel_id, Duration deadline) {
                  return cache.activations.invalidate(channel_id, deadline);
              },
              [this](const std::string& channel_id) {
                  return cache.activations.get(channel_id, for_a_reply);
              }),
          list(gateway, {.bot_owner_id = options.bot_owner_id}),
          chat({.personality = find_personality(), .handler = asked}),
          chain(processors()),
          messages({.identity = discord.identity,
                    .places = discord.places,
                    .chain = chain,
                    .sender = sender,
                    .claim = claim(),
                    .show_typing =
                        [this](const std::string& channel_id) {
                            sender.show_typing(channel_id, Boottime::now() + typing_within);
                        }},
                   {.transcribes_voice = options.transcribes_voice}),
          desk({.answers = answers,
                .commands = commands,
                .list = list,
                .chat = chat,
                .autocomplete = autocomplete,
                .directory = discord.channels,
                .claim = claim()}) {
        caches::add_node_routes(
            router, *node,
            {.health = [this] { return health(); }, .metrics = [this] { return metrics(); }});
    }

    sending::DiscordSender::Parts sender_parts() {
        return {.discord = discord.rest,
                .places = discord.places,
                .identity = discord.identity,
                .webhook = [this](const std::string& channel_id,
                                  TimePoint deadline) -> Result<domain::Webhook> {
                    const auto found = cache.webhooks.get(
                        channel_id, {.deadline = time_left(deadline, Boottime::now())});
                    if (!found) return fail(found.error());
                    return **found;
                },
                .forget_webhook =
                    [this](const std::string& channel_id) { cache.webhooks.forget(channel_id); },
                .said = [this](const std::string& message_id,
                               const Speaker& speaker) { speakers.note(message_id, speaker); }};
    }

    ClaimAnswer claim() {
        return [this](const std::string& key) {
            const auto attempt = cache.claims.reserve(key, name, claim_within);
            if (attempt) return attempt->granted();
            log::warn("an answer cannot be claimed", attempt.error().message());
            return false;
        };
    }

    FindPersonality find_personality() {
        return [this](const std::string& slug, const std::string& user) {
            return personalities.find(slug, user);
        };
    }

    Result<std::string> transcribe(const Attachment& recording) {
        auto text =
            gateway.transcribe({.attachments = {sent_attachment(recording)}}, TimePoint::max());
        if (text) return *std::move(text);
        return fail(errc_of(text.error()), "transcribe", text.error().text);
    }

    events::EventIntake::Handlers event_handlers() {
        return {.message = [this](const std::string& frame) { messages.take(frame); },
                .interaction =
                    [this](const std::string& frame) {
                        const auto read = interactions::read_interaction_event(frame);
                        if (read) return desk.handle(*read);
                        log::warn("an interaction cannot be read", read.error().message());
                    },
                .ready = [this] { register_commands(); }};
    }

    void register_commands() {
        if (!deploys_commands || registered.exchange(true)) return;
        const auto told = interactions::register_commands(
            discord.rest, discord.identity.get().application_id, Boottime::now() + register_within);
        if (told)
            return log::info(*told ? "Discord has the commands now" : "Discord has the commands");
        registered = false;  // with the next session
        log::warn("Discord does not take the commands", told.error().message());
    }

    Autocomplete::Lists lists() {
        return {.personalities =
                    [this](const std::string& user) {
                        return cache.personality_lists.get(user, while_typing);
                    },
                .personas =
                    [this](const std::string& user) {
                        return cache.persona_lists.get(user, while_typing);
                    },
                .global_configs =
                    [this] {
                        return cache.global_configs.get(caches::global_configs_key, while_typing);
                    }};
    }

    std::vector<std::unique_ptr<MessageProcessor>> processors() {
        std::vector<std::unique_ptr<MessageProcessor>> found;
        found.push_back(std::make_unique<BotAuthorFilter>());
        found.push_back(std::make_unique<EmptyMessageFilter>());
        if (transcribes_voice) {
            found.push_back(std::make_unique<VoiceMessage>(VoiceMessage::Parts{
                .transcribe = [this](const Attachment& one) { return transcribe(one); },
                .claim = claim()}));
        }
        found.push_back(std::make_unique<ReplyToPersonality>(ReplyToPersonality::Parts{
            .speaker = [this](const std::string& message) { return speakers.slug_of(message); },
            .personality = find_personality(),
            .handler = asked}));
        found.push_back(std::make_unique<ActivatedChannel>(ActivatedChannel::Parts{
            .activation =
                [this](const std::string& channel_id) {
                    return reads.read([&] { return cache.activations.get(channel_id); });
                },
            .personality = find_personality(),
            .notices = cache.notices,
            .handler = asked}));
        found.push_back(std::make_unique<MentionedPersonality>(MentionedPersonality::Parts{
            .personalities =
                [this](const std::string& user) {
                    return reads.read(
                        [&] { return cache.personality_lists.get(user, while_typing); });
                },
            .personality = find_personality(),
            .handler = asked}));
        found.push_back(std::make_unique<MentionedBot>());
        return found;
    }

    [[nodiscard]] http::Response health() const {
        std::vector<std::string> reasons = discord.reasons();
        if (!replies.healthy()) reasons.emplace_back("the queue of replies does not answer");
        return caches::health_response(*node, std::move(reasons));
    }

    http::Response metrics() {
        const std::array upstreams{interactive_http.metrics(), background_http.metrics(),
                                   transcription_http.metrics(), discord.client.metrics()};
        http::Response response = caches::metrics_response(*node, upstreams);
        response.body += discord_metrics_text({.events = discord.event_figures(),
                                               .interactions = desk.figures(),
                                               .sent = sender.figures(),
                                               .shards = discord.shard_figures(),
                                               .rest = discord.rest.figures(),
                                               .guilds = discord.channels.guilds(),
                                               .channels = discord.channels.channels()});
        if (const auto leases = discord.shard_leases()) {
            response.body += assignment::shard_metrics_text(*leases);
        }
        response.body += messages.metrics_text();
        response.body += awaited.metrics_text();
        response.body += replies.metrics_text();
        if (endpoint) response.body += interactions::endpoint_metrics_text(endpoint->figures());
        if (presence) response.body += caches::presence_metrics_text(presence->count());
        return response;
    }

    Result<void> see_others(const Options& options) {
        if (!options.redis_url) return {};
        auto client = redis::RedisClient::create({.url = *options.redis_url, .connections_max = 4});
        if (!client) return fail(std::move(client).error());
        redis = *std::move(client);
        speakers.keep_in(*redis);
        presence = caches::advise_on_others(*redis, caches::bot_client_service, options.name);
        return {};
    }

    void stop() {
        asked.stop();
        reads.stop();
        speakers.stop();
        transcription_http.stop();
        discord.stop_events();
        messages.stop();
        if (server) server->stop();
        posted.stop();
        replies.stop(Boottime::now() + replies_stop_timeout);
        awaited.stop();
        discord.stop();
        node->stop();
        if (presence) presence->stop();
    }

    Result<void> open_endpoint(const Options& options) {
        if (!options.discord_public_key) return {};
        auto signatures =
            interactions::Signatures::create({.public_key = *options.discord_public_key});
        if (!signatures) return fail(std::move(signatures).error());
        endpoint = std::make_unique<interactions::InteractionEndpoint>(
            interactions::InteractionEndpoint::Parts{
                .signatures = *std::move(signatures),
                .take = [this](interactions::Interaction interaction,
                               interactions::RespondFirst respond) {
                    interaction.respond = std::move(respond);
                    return posted.submit(
                        [this, one = std::move(interaction)] { desk.handle(one); });
                }});
        endpoint->add_to(router);
        return {};
    }

    void probe_gateway() {
        if (const auto well = gateway.probe(Boottime::now() + 2s); !well) {
            log::warn("the gateway is not well, going on without it: " + well.error().text);
        }
    }

    const std::string name;
    const bool deploys_commands;
    const bool transcribes_voice;
    std::atomic<bool> registered{false};  // pairs with nothing: the calls are harmless to repeat
    http::Client interactive_http;
    http::Client background_http;
    http::Client transcription_http;
    HttpGateway gateway;
    DiscordLink discord;
    std::unique_ptr<Node> node;
    caches::BotCaches cache;
    Speakers speakers{cache.speakers};
    sending::DiscordSender sender;
    AwaitedReplies awaited{gateway, sender, {}};
    AskedReplies asked{gateway, awaited, {}};
    PatientReads reads;  // of what the gateway knows
    ReplyDelivery delivery{sender, gateway, awaited, {}};
    ReplyQueue replies;
    PersonalityAccess personalities;
    Autocomplete autocomplete;
    ChannelCommands commands;
    ChannelList list;
    CharacterChat chat;
    MessageChain chain;
    MessageDesk messages;
    interactions::InteractionAnswers answers{discord.rest};
    interactions::InteractionDesk desk;
    http::HandlerPool posted{{.threads = 8, .queued_max = 200}};  // interactions over HTTP
    std::unique_ptr<interactions::InteractionEndpoint> endpoint;  // none: no public key
    http::Router router;                                          // the server takes it over
    std::unique_ptr<redis::RedisClient> redis;                    // for `presence` and `speakers`
    std::unique_ptr<caches::Presence> presence;                   // none: this is the only instance
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
                   .job_lease = settings.job_lease,
                   .discord_token = settings.discord_token.value_or(process::Secret{}),
                   .discord_api_url = settings.discord_api_url,
                   .discord_public_key = settings.discord_public_key,
                   .discord = settings.discord,
                   .shard_id = settings.shard_id,
                   .shard_count = settings.shard_count,
                   .shard_lease = settings.shard_lease,
                   .deploys_commands = settings.auto_deploy_commands,
                   .transcribes_voice = settings.auto_transcribe_voice,
                   .transcription = settings.transcription,
                   .bot_owner_id = settings.bot_owner_id,
                   .gateway_interactive = settings.gateway_interactive,
                   .gateway_background = settings.gateway_background,
                   .demonstration = *demonstration};
}

Result<std::unique_ptr<BotClient>> BotClient::start(const Options& options) {
    if (options.secret.empty()) {
        return fail(Errc::invalid_option, "start bot-client", "INTERNAL_SERVICE_SECRET is not set");
    }
    if (options.discord_token.empty()) {
        return fail(Errc::invalid_option, "start bot-client",
                    "DISCORD_TOKEN is not set; docs/operations.md says how to get one");
    }
    auto node = Node::create(node_options(options));
    if (!node) return fail(std::move(node).error());
    const http::Server::Options listen{.address = options.address,
                                       .port = options.port,
                                       .limits = {.descriptors_reserved = descriptors_of(options)}};

    auto impl = std::make_unique<Impl>(*std::move(node), options);
    if (auto started = impl->node->start(); !started) return fail(std::move(started).error());
    if (auto seen = impl->see_others(options); !seen) return fail(std::move(seen).error());
    if (auto opened = impl->replies.open(); !opened) return fail(std::move(opened).error());
    if (auto opened = impl->open_endpoint(options); !opened) {
        return fail(std::move(opened).error());
    }
    impl->probe_gateway();
    impl->discord.handle_with(impl->event_handlers());
    auto server = http::Server::start(listen, std::move(impl->router));
    if (!server) return fail(std::move(server).error());
    impl->server = *std::move(server);
    if (auto begun = impl->discord.start(); !begun) return fail(std::move(begun).error());
    impl->awaited.start();
    impl->replies.start(impl->delivery);
    return std::unique_ptr<BotClient>(new BotClient(std::move(impl)));
}

BotClient::BotClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BotClient::~BotClient() { stop(); }
std::uint16_t BotClient::port() const noexcept { return impl_->server->port(); }

void BotClient::stop() { impl_->stop(); }

}  // namespace tutti::services::bot
