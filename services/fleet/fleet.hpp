// One api-gateway, three bot-clients and two ai-workers, in this process or in processes of their
// own. The scenario sees only their URLs, so it is the same for both.
//
// Thread-safety: none; use from the main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/caches/catalogue.hpp"
#include "common/process/settings.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "tutti/error.hpp"

namespace tutti::services::fleet {

struct Instance {
    std::string name;
    std::string url;  // "http://127.0.0.1:3001"
};

class Fleet {
public:
    virtual ~Fleet() = default;

    [[nodiscard]] virtual std::string description() const = 0;
    [[nodiscard]] const Instance& gateway() const noexcept { return gateway_; }
    [[nodiscard]] const std::vector<Instance>& bots() const noexcept { return bots_; }

    [[nodiscard]] const std::vector<Instance>& workers() const noexcept { return workers_; }

    // Plays OpenRouter, its models and Discord's attachments; none when a real one was named.
    [[nodiscard]] const std::optional<Instance>& provider() const noexcept { return provider_; }

    // Two more bot-clients that run the catalogue as the audit found it.
    [[nodiscard]] virtual Result<std::vector<Instance>> start_demonstration(
        const caches::Demonstration& demonstration) = 0;
    virtual void stop_demonstration() = 0;

    // The bot-clients, then the workers, then the gateway; awaited. Idempotent.
    virtual void stop() = 0;

protected:
    // In this process in any case: it is no part of what is shown. Sets its URL in `settings`.
    Result<void> start_provider(process::Settings& settings);

    std::unique_ptr<stand_in::ProviderStandIn> stand_in_;
    std::optional<Instance> provider_;
    Instance gateway_;
    std::vector<Instance> bots_;
    std::vector<Instance> workers_;
};

[[nodiscard]] inline Instance local_instance(std::string name, std::uint16_t port) {
    return {.name = std::move(name), .url = "http://127.0.0.1:" + std::to_string(port)};
}
}  // namespace tutti::services::fleet
