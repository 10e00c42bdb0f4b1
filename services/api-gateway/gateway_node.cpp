#include "api-gateway/gateway_node.hpp"

#include <string>
#include <utility>

#include "common/caches/node_routes.hpp"
#include "common/process/logging.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/loader.hpp"

namespace tutti::services::gateway {
namespace {

// A change that concerns more channels than this says "all".
constexpr std::size_t channels_max = 50;

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

bool published(const Invalidation& outcome, std::string_view what) {
    if (outcome.published()) return true;
    log::warn("the other instances were not told yet",
              "about changed " + std::string(what) + ": " + outcome.reason);
    return false;
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
                              .log = caches::log_of_node});
    if (!node) return fail(std::move(node).error());
    std::unique_ptr<GatewayNode> gateway(new GatewayNode(*std::move(node), options, sources));
    if (auto started = gateway->node_->start(); !started) return fail(std::move(started).error());
    return gateway;
}

GatewayNode::GatewayNode(std::unique_ptr<Node> node, const Options& options, const Sources& sources)
    : node_(std::move(node)),
      public_url_(options.public_url),
      personalities_(caches::declare_personalities(
          *node_, load_personality_from(sources.personalities, options.public_url))),
      avatars_(caches::declare_avatars(*node_, load_avatar_from(sources.personalities))),
      models_(caches::declare_models(*node_, load_models_from(sources.openrouter))),
      requests_(caches::declare_request_dedup(*node_, options.dedup_window)),
      request_keys_(caches::declare_request_keys(*node_)),
      channel_activations_(caches::declare_invalidation(*node_, caches::channel_activation_events)),
      api_keys_(caches::declare_invalidation(*node_, caches::api_key_events)),
      llm_configs_(caches::declare_invalidation(*node_, caches::llm_config_events)),
      personas_(caches::declare_invalidation(*node_, caches::persona_events)) {}

Result<std::optional<domain::GetPersonalityResponse>> GatewayNode::personality(
    const std::string& id) const {
    const auto found = personalities_.get(id);
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
    const auto found = avatars_.get(slug, {.deadline = avatar_deadline});
    if (!found) return fail(found.error());
    if (!found->found()) return std::optional<domain::AvatarPtr>();
    return **found;
}

bool GatewayNode::invalidate_personality(const caches::PersonalityEvent& event) const {
    const InvalidateOptions options{.deadline = caches::InvalidationService::deadline_default};
    const auto outcome = event.personality_id
                             ? personalities_.invalidate(*event.personality_id, options)
                             : personalities_.invalidate_all(options);
    return published(outcome, caches::personality_events.what);
}

bool GatewayNode::invalidate_personality(const database::PersonalityChange& change) const {
    bool published_all =
        invalidate_personality(caches::PersonalityEvent{.personality_id = change.id});
    if (change.channel_ids.size() > channels_max) {
        return published(channel_activations_.invalidate_all(),
                         caches::channel_activation_events.what) &&
               published_all;
    }
    for (const std::string& id : change.channel_ids) {
        published_all &=
            published(channel_activations_.invalidate(id), caches::channel_activation_events.what);
    }
    return published_all;
}

bool GatewayNode::invalidate_llm_configs_of(const std::string& discord_id) const {
    return published(llm_configs_.invalidate(discord_id), caches::llm_config_events.what);
}

bool GatewayNode::invalidate_all_llm_configs() const {
    const bool published_all =
        published(llm_configs_.invalidate_all(), caches::llm_config_events.what);
    return invalidate_personality(caches::PersonalityEvent{}) && published_all;
}

bool GatewayNode::invalidate_persona_of(const std::string& discord_id) const {
    return published(personas_.invalidate(discord_id), caches::persona_events.what);
}

bool GatewayNode::invalidate_api_keys_of(const std::string& discord_id) const {
    return published(api_keys_.invalidate(discord_id), caches::api_key_events.what);
}

}  // namespace tutti::services::gateway
