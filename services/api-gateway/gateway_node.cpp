#include "api-gateway/gateway_node.hpp"

#include <string>
#include <utility>

#include "common/caches/node_routes.hpp"
#include "common/process/logging.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/loader.hpp"

namespace tutti::services::gateway {
namespace {

// Strangers ask for avatars; each one holds a worker of the server meanwhile.
constexpr Duration avatar_deadline = std::chrono::seconds{2};

void add_avatar_url(domain::Personality& personality, const std::string& public_url) {
    if (!personality.avatar_updated_at) return;
    const auto updated_at = process::read_iso_timestamp(*personality.avatar_updated_at);
    personality.avatar_url =
        public_url +
        domain::avatar_path(personality.slug, updated_at.value_or(process::UnixTime{}));
}

Loader<std::string, domain::GetPersonalityResponse> load_personality_from(
    database::StoredPersonalities& stored, std::string public_url) {
    using Answer = Loaded<domain::GetPersonalityResponse>;
    return [&stored, public_url = std::move(public_url)](const std::string& id,
                                                         LoadContext&) -> Result<Answer> {
        auto found = stored.load(id);
        if (!found) return fail(found.error());
        if (*found) {
            add_avatar_url((*found)->personality, public_url);
            return Answer(**std::move(found));
        }
        // Not kept: one that is made invalidates nothing.
        Answer nothing(absent);
        nothing.do_not_cache();
        return nothing;
    };
}

Loader<std::string, domain::AvatarPtr> load_avatar_from(database::StoredPersonalities& stored) {
    return [&stored](const std::string& slug, LoadContext&) -> Result<Loaded<domain::AvatarPtr>> {
        auto found = stored.find_avatar(slug);
        if (!found) return fail(found.error());
        if (!*found) return Loaded<domain::AvatarPtr>(absent);
        return Loaded<domain::AvatarPtr>(**std::move(found));
    };
}

Loader<std::string, domain::ModelCatalogue> load_models_from(models::OpenRouter& openrouter) {
    return [&openrouter](const std::string&, LoadContext& context) {
        return openrouter.fetch(context.deadline());
    };
}

}  // namespace

Result<std::unique_ptr<GatewayNode>> GatewayNode::start(const Options& options,
                                                        const Sources& sources) {
    auto node = Node::create({.name = options.name,
                              .service = std::string(caches::api_gateway_service),
                              .redis = options.redis_url,
                              .embedded = options.redis_url.empty() ? options.hub : nullptr,
                              .app = std::string(caches::app_name),
                              .workers = 4,
                              .carry = caches::carry_trace,
                              .log = caches::log_of_node});
    if (!node) return fail(std::move(node).error());
    std::unique_ptr<GatewayNode> gateway(new GatewayNode(*std::move(node), options, sources));
    if (auto started = gateway->node_->start(); !started) return fail(std::move(started).error());
    return gateway;
}

GatewayNode::GatewayNode(std::unique_ptr<Node> node, const Options& options, const Sources& sources)
    : node_(std::move(node)),
      public_url_(options.public_url),
      caches_(caches::declare_gateway_caches(
          *node_,
          {.personality = load_personality_from(sources.personalities, options.public_url),
           .avatar = load_avatar_from(sources.personalities),
           .models = load_models_from(sources.openrouter)},
          options.dedup_window)) {}

Result<std::optional<domain::GetPersonalityResponse>> GatewayNode::personality(
    const std::string& id) const {
    const auto found = caches_.personalities.get(id);
    if (!found) return fail(found.error());
    if (!found->found()) return std::optional<domain::GetPersonalityResponse>();
    return **found;
}

domain::GetPersonalityResponse GatewayNode::shown(
    domain::GetPersonalityResponse personality) const {
    add_avatar_url(personality.personality, public_url_);
    return personality;
}

Result<std::optional<domain::AvatarPtr>> GatewayNode::avatar(const std::string& slug) const {
    const auto found = caches_.avatars.get(slug, {.deadline = avatar_deadline});
    if (!found) return fail(found.error());
    if (!found->found()) return std::optional<domain::AvatarPtr>();
    return **found;
}

bool GatewayNode::invalidate_personality(const caches::PersonalityEvent& event) const {
    const InvalidateOptions options{.deadline = caches::InvalidationService::deadline_default};
    const auto outcome = event.personality_id
                             ? caches_.personalities.invalidate(*event.personality_id, options)
                             : caches_.personalities.invalidate_all(options);
    if (outcome.published()) return true;
    log::warn("the other instances were not told yet", outcome.reason);
    return false;
}

std::vector<outbox::Channel> GatewayNode::channels() const {
    const auto told = [](const caches::InvalidationEvents& events, const auto& handle) {
        return outbox::channel(events.channel, handle);
    };
    return {told(caches::personality_events, caches_.personalities),
            told(caches::channel_activation_events, caches_.channel_activations.invalidator()),
            told(caches::api_key_events, caches_.api_keys.invalidator()),
            told(caches::llm_config_events, caches_.llm_configs.invalidator()),
            told(caches::persona_events, caches_.personas.invalidator())};
}

}  // namespace tutti::services::gateway
