// One api-gateway, three bot-clients and two ai-workers, in this process or in processes of their
// own. The scenario sees only their URLs, so it is the same for both.
//
// Thread-safety: none; use from the main thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/caches/catalogue.hpp"
#include "common/process/settings.hpp"
#include "discord-stand-in/stand_in.hpp"
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

    // Plays Discord: its address is that of what users do there. The bots are all on it, and each
    // of them receives every message, as two do while one takes over from the other.
    [[nodiscard]] const Instance& discord() const noexcept { return discord_; }

    // Two more bot-clients that run the catalogue as the audit found it; each is on a Discord of
    // its own, so that one of them can be spoken to alone.
    struct Demonstrator {
        Instance bot;
        Instance discord;
    };
    [[nodiscard]] virtual Result<std::vector<Demonstrator>> start_demonstration(
        const caches::Demonstration& demonstration) = 0;
    virtual void stop_demonstration() = 0;

    // Whether a worker can be killed: it is a process.
    [[nodiscard]] virtual bool has_processes() const noexcept { return false; }
    // Kills one, without a word to it. Errors: unsupported.
    virtual Result<void> kill_worker(std::size_t which) {
        return fail(Errc::unsupported, "kill " + workers_[which].name, "it is no process");
    }
    // One that was killed, until it is well. Errors: unsupported; as a start.
    virtual Result<void> start_worker(std::size_t which) {
        return fail(Errc::unsupported, "start " + workers_[which].name, "it is no process");
    }

    // The bot-clients, then the workers, then the gateway; awaited. Idempotent.
    virtual void stop() = 0;

protected:
    // In this process in any case: it is no part of what is shown. Sets its URL in `settings`.
    Result<void> start_provider(process::Settings& settings);
    // Likewise. Sets its URL and the bot's token in `settings`.
    Result<void> start_discord(process::Settings& settings);
    // One for a demonstrating bot; `settings` are that bot's.
    Result<Instance> start_own_discord(process::Settings& settings);
    // Until its /health is well. Errors: timeout.
    static Result<void> await_health(const Instance& instance);
    void stop_own_discords() { own_discords_.clear(); }

    std::unique_ptr<stand_in::ProviderStandIn> stand_in_;
    std::unique_ptr<discord::DiscordStandIn> discord_stand_in_;
    std::vector<std::unique_ptr<discord::DiscordStandIn>> own_discords_;
    Instance discord_;
    std::optional<Instance> provider_;
    Instance gateway_;
    std::vector<Instance> bots_;
    std::vector<Instance> workers_;
};

[[nodiscard]] inline Instance local_instance(std::string name, std::uint16_t port) {
    return {.name = std::move(name), .url = "http://127.0.0.1:" + std::to_string(port)};
}
}  // namespace tutti::services::fleet
