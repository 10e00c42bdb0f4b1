// The gateway's node: the caches that it reads, the reservations that it makes, and the channels on
// which it tells the others what has changed.
//
// Thread-safety: all functions may be called from any thread. `tell` publishes after a commit; what
// the bus does not take at once is logged and retried in the background, so no change fails because
// of it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api-gateway/database/personalities.hpp"
#include "api-gateway/database/personality_editor.hpp"
#include "api-gateway/models/openrouter.hpp"
#include "common/caches/catalogue.hpp"
#include "common/caches/invalidation_services.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"

namespace tutti::services::gateway {

class GatewayNode {
public:
    struct Options {
        std::string name = "api-gateway";
        std::string redis_url{};  // empty: the hub, or none but this process
        std::shared_ptr<EmbeddedHub> hub = nullptr;
        std::chrono::seconds dedup_window = caches::request_window_default;
        std::string public_url{};  // where the world finds this gateway, for the URLs of avatars
    };
    // Where what it caches comes from; they outlive the node.
    struct Sources {
        database::StoredPersonalities& personalities;
        models::OpenRouter& openrouter;
    };

    // Connects, declares, and waits until every channel may serve. Errors: as Node::create and
    // start.
    [[nodiscard]] static Result<std::unique_ptr<GatewayNode>> start(const Options& options,
                                                                    const Sources& sources);

    [[nodiscard]] const Node& node() const noexcept { return *node_; }
    void stop() { node_->stop(); }

    // By id, for every user: see `may_use`. Nothing: there is none.
    [[nodiscard]] Result<std::optional<domain::GetPersonalityResponse>> personality(
        const std::string& id) const;

    // One that was read past the cache, with what the cache adds.
    [[nodiscard]] domain::GetPersonalityResponse shown(
        domain::GetPersonalityResponse personality) const;

    // For every user. Nothing: no personality has this slug. Null: it has no picture.
    [[nodiscard]] Result<std::optional<domain::AvatarPtr>> avatar(const std::string& slug) const;

    [[nodiscard]] const caches::Models& models() const noexcept { return models_; }
    [[nodiscard]] const caches::RequestReservations& requests() const noexcept { return requests_; }
    [[nodiscard]] const caches::RequestReservations& request_keys() const noexcept {
        return request_keys_;
    }

    // True when it is published.
    bool invalidate_personality(const caches::PersonalityEvent& event) const;
    bool invalidate_personality(const database::PersonalityChange& change) const;
    bool invalidate_llm_configs_of(const std::string& discord_id) const;
    bool invalidate_all_llm_configs()
        const;  // and all personalities, which have a configuration merged in
    bool invalidate_persona_of(const std::string& discord_id) const;
    bool invalidate_api_keys_of(const std::string& discord_id) const;

private:
    GatewayNode(std::unique_ptr<Node> node, const Options& options, const Sources& sources);

    std::unique_ptr<Node> node_;
    std::string public_url_;
    caches::Personalities personalities_;
    caches::Avatars avatars_;
    caches::Models models_;
    caches::RequestReservations requests_;
    caches::RequestReservations request_keys_;
    caches::InvalidationService channel_activations_;
    caches::InvalidationService api_keys_;
    caches::InvalidationService llm_configs_;
    caches::InvalidationService personas_;
};

}  // namespace tutti::services::gateway
