// The catalogue: every cache of the services is declared here, those of pictures and recordings in
// media_caches.hpp, and nowhere else; service_caches.hpp says which service has which. What the
// audit prints, what the metrics count and what the services do comes from these declarations.
//
//     ChannelActivations activations = declare_channel_activations(node, {}, load_over_http);
//     auto found = activations.get(channel_id);  // Result<Lookup<GetChannelActivationResponse>>
//     auto sent = activations.invalidate(channel_id);  // after a change: gone here, published
//
// Thread-safety: declare from one thread and before `Node::start`; the handles from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/domain/avatar.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/model_catalogue.hpp"
#include "common/domain/persona.hpp"
#include "common/domain/webhook.hpp"
#include "common/process/settings.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {

// What separates this deployment from other applications on one Redis. Every node of it says this.
inline constexpr std::string_view app_name = "tzurot";

inline constexpr std::string_view bot_client_service = "bot-client";
inline constexpr std::string_view api_gateway_service = "api-gateway";
inline constexpr std::string_view ai_worker_service = "ai-worker";

// Switches that break the catalogue on purpose, to show what the audit warns of. Never set them in
// a deployment.
//   TUTTI_DEMO_CHANNEL_ACTIVATION=local  channel activation without the bus, as the audit found it:
//                                        other instances go on with what they have until the TTL
//   TUTTI_DEMO_TTL_MS=2000               and with this TTL, to see it sooner than in 30 s
struct Demonstration {
    enum class ChannelActivation : std::uint8_t { coherent, local };

    ChannelActivation channel_activation = ChannelActivation::coherent;
    std::optional<std::chrono::milliseconds> local_ttl;

    // Errors: invalid_option, the cause names every variable that is wrong.
    [[nodiscard]] static Result<Demonstration> parse(const process::Environment& environment);
};

// Whether a personality answers every message of a channel, by channel id. "Not activated" is an
// answer like any other.
class ChannelActivations {
public:
    using Value = domain::GetChannelActivationResponse;

    explicit ChannelActivations(Coherent<std::string, Value> cache) : cache_(std::move(cache)) {}
    explicit ChannelActivations(Local<std::string, Value> cache) : cache_(std::move(cache)) {}

    // As Coherent::get.
    [[nodiscard]] Result<Lookup<Value>> get(const std::string& channel_id,
                                            GetOptions options = {}) const;
    // As Coherent::invalidate without waiting. In the demonstration: gone on this instance
    // alone, and `unconfirmed` says so.
    [[nodiscard]] Invalidation invalidate(const std::string& channel_id, Duration deadline) const;

private:
    std::variant<Coherent<std::string, Value>, Local<std::string, Value>> cache_;
};

[[nodiscard]] ChannelActivations declare_channel_activations(
    Node& node, const Demonstration& demonstration,
    Loader<std::string, ChannelActivations::Value> load);

// Who was told what in which channel. The separator cannot be part of a Discord id.
struct NotificationKey {
    std::string channel_id;
    std::string user_id;

    [[nodiscard]] std::string key_text() const { return channel_id + ':' + user_id; }
};

[[nodiscard]] Cooldown<NotificationKey> declare_notification_cooldown(Node& node);

// Who answers what Discord may send twice, and to two bots: an interaction, or a message to which a
// bot says something itself. By the kind and the id, "interaction:<id>"; the note is the bot's
// name.
using AnswerClaims = Reservation<std::string>;

[[nodiscard]] AnswerClaims declare_answer_claims(Node& node);

// The webhook of a channel through which its personalities speak, by the id of the channel.
using Webhooks = Local<std::string, domain::Webhook>;

[[nodiscard]] Webhooks declare_webhooks(Node& node, Loader<std::string, domain::Webhook> load);

// The slug of the personality that has said a message through a webhook, by the message's id; in
// Redis as webhook:<id>, where bots write it plainly (bot-client/speakers.hpp). Absent: not known,
// or not any more.
using WebhookSpeakers = Shared<std::string, std::string>;
inline constexpr const char* webhook_speakers_prefix = "webhook:";
inline constexpr std::chrono::hours webhook_speakers_ttl{168};

[[nodiscard]] WebhookSpeakers declare_webhook_speakers(Node& node);

// Personalities with their configuration merged in, by id. Access is checked after the hit, so that
// all users share an entry.
using Personalities = Coherent<std::string, domain::GetPersonalityResponse>;

[[nodiscard]] Personalities declare_personalities(
    Node& node, Loader<std::string, domain::GetPersonalityResponse> load);

// The id of a personality, by its slug. Any change of any personality empties it.
using PersonalityIds = Coherent<std::string, std::string>;

[[nodiscard]] PersonalityIds declare_personality_ids(Node& node,
                                                     Loader<std::string, std::string> load);

// The pictures of personalities, by slug, for every user. Null: the personality has none. Any
// change of any personality empties it: a slug may have become another personality's.
using Avatars = Coherent<std::string, domain::AvatarPtr>;

[[nodiscard]] Avatars declare_avatars(Node& node, Loader<std::string, domain::AvatarPtr> load);

// What a user may choose, by Discord id. Two caches, so that filling one does not age the other.
// While the gateway does not answer, the last known list is served; a loader that is refused
// (Errc::refused, as for access that was taken away) never is.
using PersonalityLists = Coherent<std::string, std::vector<domain::PersonalitySummary>>;
using PersonaLists = Coherent<std::string, std::vector<domain::PersonaSummary>>;

// Below the 3 s within which Discord takes the choices.
inline constexpr Duration choices_deadline = std::chrono::milliseconds{2000};

// What `declare_personality_lists` declares, for tests that cannot wait as long.
[[nodiscard]] CacheOptions<std::string, std::vector<domain::PersonalitySummary>>
personality_list_options(Loader<std::string, std::vector<domain::PersonalitySummary>> load);
[[nodiscard]] PersonalityLists declare_personality_lists(
    Node& node, Loader<std::string, std::vector<domain::PersonalitySummary>> load);
[[nodiscard]] PersonaLists declare_persona_lists(
    Node& node, Loader<std::string, std::vector<domain::PersonaSummary>> load);

// The model configurations that every user may use: one entry, `global_configs_key`.
using GlobalConfigs = Local<std::string, std::vector<domain::LlmConfig>>;
inline constexpr const char* global_configs_key = "global-configs";

[[nodiscard]] GlobalConfigs declare_global_configs(
    Node& node, Loader<std::string, std::vector<domain::LlmConfig>> load);

// OpenRouter's catalogue of models, under one key. Programs that know nothing of Tutti read and
// write the same document in Redis (openrouter:models), as a JSON array.
using Models = Shared<std::string, domain::ModelCatalogue>;

inline constexpr const char* models_key = "models";

// What `declare_models` declares, for tests that cannot wait as long.
[[nodiscard]] CacheOptions<std::string, domain::ModelCatalogue> model_options(
    Loader<std::string, domain::ModelCatalogue> load);
[[nodiscard]] Models declare_models(Node& node, Loader<std::string, domain::ModelCatalogue> load);

// What a reservation says about the request that holds it, on the wire
// {"requestId","jobId","timestamp", "expiresAt"}, times in milliseconds.
struct RequestNote {
    std::string request_id;
    std::string job_id;
    std::int64_t timestamp = 0;
    std::int64_t expires_at = 0;

    friend bool operator==(const RequestNote&, const RequestNote&) = default;
};
BOOST_DESCRIBE_STRUCT(RequestNote, (), (request_id, job_id, timestamp, expires_at))

// Requests that were taken lately, by what makes two of them the same; in Redis as dedup:<key>.
using RequestReservations = Reservation<std::string, RequestNote>;

inline constexpr std::chrono::seconds request_window_default{5};

[[nodiscard]] RequestReservations declare_request_dedup(
    Node& node, std::chrono::seconds window = request_window_default);

// The same by the key that a client gave its request, in Redis as request-key:<key>. It lasts as
// long as clients try again: a key belongs to one request; two requests
// with the same content are two.
inline constexpr std::chrono::seconds request_key_window{60};

[[nodiscard]] RequestReservations declare_request_keys(Node& node);

// Whether a model takes pictures, by its id without ":free", from the list that the gateways keep
// in Redis. Absent: the list does not name it. Unknown: there is no list that can be read; that is
// kept nowhere, so an outage ends when it ends, and what was known before it lasts for a day.
using ModelCapabilities = Near<std::string, bool>;

[[nodiscard]] ModelCapabilities declare_model_capabilities(Node& node);

}  // namespace tutti::services::caches
