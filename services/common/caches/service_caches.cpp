// The inventory is asked from nodes that are never started, so it cannot differ from what running
// services answer.
#include "common/caches/service_caches.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/process/logging.hpp"
#include "common/process/settings.hpp"
#include "tutti/loader.hpp"

namespace tutti::services::caches {

// A braced list is evaluated in the order of its members, which is the order of the audit.
BotCaches declare_bot_caches(Node& node, const Demonstration& demonstration, BotLoaders load) {
    return {
        .activations = declare_channel_activations(node, demonstration, std::move(load.activation)),
        .notices = declare_notification_cooldown(node),
        .personalities = declare_personalities(node, std::move(load.personality)),
        .personality_ids = declare_personality_ids(node, std::move(load.personality_id)),
        .personality_lists = declare_personality_lists(node, std::move(load.personality_list)),
        .persona_lists = declare_persona_lists(node, std::move(load.persona_list)),
        .global_configs = declare_global_configs(node, std::move(load.global_configs)),
        .claims = declare_answer_claims(node),
        .webhooks = declare_webhooks(node, std::move(load.webhook)),
        .speakers = declare_webhook_speakers(node),
    };
}

GatewayCaches declare_gateway_caches(Node& node, GatewayLoaders load,
                                     std::chrono::seconds request_window) {
    return {
        .personalities = declare_personalities(node, std::move(load.personality)),
        .avatars = declare_avatars(node, std::move(load.avatar)),
        .models = declare_models(node, std::move(load.models)),
        .requests = declare_request_dedup(node, request_window),
        .request_keys = declare_request_keys(node),
        .channel_activations = declare_invalidation(node, channel_activation_events),
        .api_keys = declare_invalidation(node, api_key_events),
        .llm_configs = declare_invalidation(node, llm_config_events),
        .personas = declare_invalidation(node, persona_events),
    };
}

WorkerCaches declare_worker_caches(Node& node, WorkerLoaders load) {
    return {
        .capabilities = declare_model_capabilities(node),
        .descriptions = declare_vision_descriptions(node, std::move(load.picture)),
        .transcripts = declare_voice_transcripts(node, std::move(load.recording)),
    };
}

namespace {

template <class K, class V>
void never_call(Loader<K, V>& load) {
    load = [](const K&, LoadContext&) { return V{}; };
}

// Loaders for a node that never starts. All members are named, so that none is forgotten.
BotLoaders no_bot_loaders() {
    BotLoaders loaders;
    auto& [activation, personality, personality_id, personality_list, persona_list, global_configs,
           webhook] = loaders;
    never_call(activation);
    never_call(personality);
    never_call(personality_id);
    never_call(personality_list);
    never_call(persona_list);
    never_call(global_configs);
    never_call(webhook);
    return loaders;
}
GatewayLoaders no_gateway_loaders() {
    GatewayLoaders loaders;
    auto& [personality, avatar, models] = loaders;
    never_call(personality);
    never_call(avatar);
    never_call(models);
    return loaders;
}
WorkerLoaders no_worker_loaders() {
    WorkerLoaders loaders;
    auto& [picture, recording] = loaders;
    never_call(picture);
    never_call(recording);
    return loaders;
}

// What a node of `service` declares, without a running process.
Inventory inventory_of(std::string_view service, const std::function<void(Node&)>& declare) {
    const auto node = Node::create({.name = "catalogue", .service = std::string(service)});
    if (!node) {
        log::error(node.error().message());
        return {};
    }
    declare(**node);
    auto rows = (*node)->inventory();
    // It does not run, so it is nowhere: not on the hub of a node that stood in.
    for (InventoryRow& row : rows) {
        row.node.clear();
        row.backend = {};
    }
    return rows;
}

Demonstration demonstration_of_environment() {
    auto demonstration = Demonstration::parse(process::process_environment);
    if (!demonstration) log::warn(demonstration.error().message());
    return demonstration.value_or(Demonstration{});
}

}  // namespace

Inventory catalogue_inventory() {
    Inventory rows = inventory_of(bot_client_service, [](Node& node) {
        (void)declare_bot_caches(node, demonstration_of_environment(), no_bot_loaders());
    });
    std::ranges::move(
        inventory_of(api_gateway_service,
                     [](Node& node) { (void)declare_gateway_caches(node, no_gateway_loaders()); }),
        std::back_inserter(rows));
    std::ranges::move(
        inventory_of(ai_worker_service,
                     [](Node& node) { (void)declare_worker_caches(node, no_worker_loaders()); }),
        std::back_inserter(rows));
    return rows;
}

}  // namespace tutti::services::caches
