// The bot-client: slash commands and the message chain of one instance, its node with the caches of
// the catalogue, and the HTTP port of its driver. Several may live in one process.
//
//     auto options = BotClient::Options::from(settings, process_environment);
//     auto bot = BotClient::start(*options);
//     if (!bot) { ... "port 3001 is in use ..." }
//
// GET /health, /metrics and /audit need no secret; see driver.hpp for the rest.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/caches/catalogue.hpp"
#include "common/process/secret.hpp"
#include "common/process/settings.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

class BotClient {
public:
    struct Options {
        std::string name = "bot-client-1";  // of this instance
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;  // 0 = a free one
        std::string gateway_url = "http://localhost:3000";
        process::Secret secret;                // empty = refused
        std::optional<std::string> redis_url;  // unset = `hub`
        std::shared_ptr<EmbeddedHub> hub;      // null = one of its own
        std::optional<std::string> llm_base_url;
        std::optional<std::string> llm_model;
        std::optional<process::Secret> llm_api_key;
        std::optional<std::string> bot_owner_id{};  // may talk to every personality
        process::HttpPool gateway_interactive = process::Settings{}.gateway_interactive;
        process::HttpPool gateway_background = process::Settings{}.gateway_background;
        caches::Demonstration demonstration;

        // Also reads the switches of Demonstration. Without INSTANCE_NAME the name is
        // bot-client-<process id>. Errors: invalid_option naming all that is wrong with these.
        [[nodiscard]] static Result<Options> from(const process::Settings& settings,
                                                  const process::Environment& environment);
    };

    // Connects, subscribes, asks whether the gateway is there (an absent one is only a warning),
    // and listens. Blocking: up to about 15 s when the bus does not answer. Errors: those of
    // Node::create and Node::start, and those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<BotClient>> start(const Options& options);

    // Stops if that was not done.
    ~BotClient();
    BotClient(const BotClient&) = delete;
    BotClient& operator=(const BotClient&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    // Ends calls of the model, answers what else is in flight, then leaves the bus. Blocking: a
    // second, and at most about 8 when the gateway does not answer. Idempotent.
    void stop();

private:
    struct Impl;
    explicit BotClient(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::bot
