// Which caches of the catalogue each service has: the one list from which a service makes its node,
// and the audit makes the same node without a running process.
//
//     BotCaches caches = declare_bot_caches(node, {}, {.activation = ask_the_gateway, ...});
//     auto found = caches.activations.get(channel_id);
//
// Thread-safety: as catalogue.hpp.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/caches/catalogue.hpp"
#include "common/caches/invalidation_services.hpp"
#include "common/caches/media_caches.hpp"
#include "common/domain/avatar.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/media.hpp"
#include "common/domain/model_catalogue.hpp"
#include "common/domain/persona.hpp"
#include "common/domain/webhook.hpp"
#include "tutti/inventory.hpp"
#include "tutti/loader.hpp"
#include "tutti/node.hpp"

namespace tutti::services::caches {

struct BotLoaders {
    Loader<std::string, ChannelActivations::Value> activation;
    Loader<std::string, domain::GetPersonalityResponse> personality;
    Loader<std::string, std::string> personality_id;
    Loader<std::string, std::vector<domain::PersonalitySummary>> personality_list;
    Loader<std::string, std::vector<domain::PersonaSummary>> persona_list;
    Loader<std::string, std::vector<domain::LlmConfig>> global_configs;
    Loader<std::string, domain::Webhook> webhook;
};
struct BotCaches {
    ChannelActivations activations;
    Cooldown<NotificationKey> notices;
    Personalities personalities;
    PersonalityIds personality_ids;
    PersonalityLists personality_lists;
    PersonaLists persona_lists;
    GlobalConfigs global_configs;
    AnswerClaims claims;
    Webhooks webhooks;
    WebhookSpeakers speakers;
};
[[nodiscard]] BotCaches declare_bot_caches(Node& node, const Demonstration& demonstration,
                                           BotLoaders load);

struct GatewayLoaders {
    Loader<std::string, domain::GetPersonalityResponse> personality;
    Loader<std::string, domain::AvatarPtr> avatar;
    Loader<std::string, domain::ModelCatalogue> models;
};
struct GatewayCaches {
    Personalities personalities;
    Avatars avatars;
    Models models;
    RequestReservations requests;
    RequestReservations request_keys;
    // Channels on which a gateway tells of changes and keeps nothing itself.
    InvalidationService channel_activations;
    InvalidationService api_keys;
    InvalidationService llm_configs;
    InvalidationService personas;
};
[[nodiscard]] GatewayCaches declare_gateway_caches(
    Node& node, GatewayLoaders load, std::chrono::seconds request_window = request_window_default);

struct WorkerLoaders {
    Loader<domain::PictureAttempt, domain::VisionDescription> picture;
    Loader<domain::RecordingQuestion, std::string> recording;
};
struct WorkerCaches {
    ModelCapabilities capabilities;
    VisionDescriptions descriptions;
    VoiceTranscripts transcripts;
};
[[nodiscard]] WorkerCaches declare_worker_caches(Node& node, WorkerLoaders load);

// All of it as the audit sees it, without a running process: `node` is empty and nothing is
// counted. Honours the switches of `Demonstration` in the environment; wrong ones are logged and
// ignored.
[[nodiscard]] Inventory catalogue_inventory();

}  // namespace tutti::services::caches
