// The gateway's node: the caches that it reads, the reservations that it makes, and the channels on
// which it tells the others what has changed.
//
// Thread-safety: all functions may be called from any thread. What the bus does not take at once is
// logged and retried in the background, so no change fails because of it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api-gateway/database/personalities.hpp"
#include "api-gateway/models/openrouter.hpp"
#include "common/caches/catalogue.hpp"
#include "common/caches/invalidation_services.hpp"
#include "common/caches/service_caches.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"
#include "tutti/outbox.hpp"

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

    [[nodiscard]] const caches::Models& models() const noexcept { return caches_.models; }
    [[nodiscard]] const caches::RequestReservations& requests() const noexcept {
        return caches_.requests;
    }
    [[nodiscard]] const caches::RequestReservations& request_keys() const noexcept {
        return caches_.request_keys;
    }

    // At an operator's request: nothing was committed. True when it is published.
    bool invalidate_personality(const caches::PersonalityEvent& event) const;
    // Where the outbox publishes what was committed.
    [[nodiscard]] std::vector<outbox::Channel> channels() const;

private:
    GatewayNode(std::unique_ptr<Node> node, const Options& options, const Sources& sources);

    std::unique_ptr<Node> node_;
    std::string public_url_;
    caches::GatewayCaches caches_;
};

}  // namespace tutti::services::gateway
