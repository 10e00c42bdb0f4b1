// The gateway's node: the caches that it reads, the reservations that it makes, and the channels on which
// it tells the others what has changed.
//
// Thread-safety: all functions may be called from any thread. `tell` publishes after a commit; what the
// bus does not take at once is logged and retried in the background, so no change fails because of it.
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

namespace tutti::services {

class GatewayNode {
public:
    struct Options {
        std::string name = "api-gateway";
        std::string redis_url{};  // empty: the hub, or none but this process
        std::shared_ptr<EmbeddedHub> hub = nullptr;
        std::chrono::seconds dedup_window = request_window_default;
        std::string public_url{};  // where the world finds this gateway, for the URLs of avatars
    };
    // Where what it caches comes from; they outlive the node.
    struct Sources {
        StoredPersonalities& personalities;
        OpenRouter& openrouter;
    };

    // Connects, declares, and waits until every channel may serve. Errors: as Node::create and start.
    [[nodiscard]] static Result<std::unique_ptr<GatewayNode>> start(const Options& options,
                                                                    const Sources& sources);

    [[nodiscard]] const Node& node() const noexcept { return *node_; }
    void stop() { node_->stop(); }

    // By id, for whoever asks: see `may_use`. Nothing: there is none.
    [[nodiscard]] Result<std::optional<GetPersonalityResponse>> personality(
        const std::string& id) const;

    // One that was read past the cache, with what the cache adds.
    [[nodiscard]] GetPersonalityResponse shown(GetPersonalityResponse personality) const;

    // Whoever asks. Nothing: no personality has this slug. Null: it has no picture.
    [[nodiscard]] Result<std::optional<AvatarPtr>> avatar(const std::string& slug) const;

    [[nodiscard]] const Models& models() const noexcept { return models_; }
    [[nodiscard]] const RequestReservations& requests() const noexcept { return requests_; }
    [[nodiscard]] const RequestReservations& request_keys() const noexcept { return request_keys_; }

    // True when it is published.
    bool tell_personality(const PersonalityEvent& event) const;
    bool tell_personality(const PersonalityChange& change) const;
    bool tell_model_user(const std::string& discord_id) const;
    bool tell_all_models() const;  // and all personalities, which have a configuration merged in
    bool tell_persona(const std::string& discord_id) const;
    bool tell_api_key(const std::string& discord_id) const;

private:
    GatewayNode(std::unique_ptr<Node> node, const Options& options, const Sources& sources);

    std::unique_ptr<Node> node_;
    std::string public_url_;
    Personalities personalities_;
    Avatars avatars_;
    Models models_;
    RequestReservations requests_;
    RequestReservations request_keys_;
    InvalidationService channel_activations_;
    InvalidationService api_keys_;
    InvalidationService llm_configs_;
    InvalidationService personas_;
};

}  // namespace tutti::services
