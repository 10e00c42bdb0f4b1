// The bot-client: one instance of the bot at Discord, its commands and its message chain, the
// delivery of replies, its node with the caches of the catalogue, and an HTTP port for who watches
// it. Several may live in one process.
//
//     auto options = BotClient::Options::from(settings, process_environment);
//     auto bot = BotClient::start(*options);
//     if (!bot) { ... "port 3001 is in use ..." }
//
// GET /health, /metrics and /audit are there, and need no secret. It is ready when all its shards
// receive events.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/caches/catalogue.hpp"
#include "common/jobs/job_queue_in_process.hpp"
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
        // Without a Redis: the replies of a gateway in this process. Null: none comes here.
        std::shared_ptr<jobs::InProcessJobQueue> deliveries = nullptr;
        std::chrono::milliseconds job_lease = process::Settings{}.job_lease;  // on Redis
        process::Secret discord_token;                                        // empty = refused
        std::string discord_api_url = process::Settings{}.discord_api_url;
        // Of the application; unset: no interactions over HTTP.
        std::optional<std::string> discord_public_key{};
        process::HttpPool discord = process::Settings{}.discord;
        // The shard that this instance runs; needs `shard_count`. Unset: it shares them with others
        // over Redis, and without one it runs all of them.
        std::optional<std::uint32_t> shard_id{};
        std::optional<std::uint32_t> shard_count{};  // unset: as Discord recommends
        std::chrono::seconds shard_lease = process::Settings{}.shard_lease;
        bool deploys_commands = true;    // tells Discord the commands when it has others
        bool transcribes_voice = false;  // shows what voice messages say
        process::HttpPool transcription = process::Settings{}.transcription;
        // The bot can only go on when an operator has done what the error says. From a thread of
        // its own making; called once for each shard.
        std::function<void(const Error& error)> ended{};
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
    // listens, and begins with Discord, for which it does not wait. Blocking: up to about 15 s when
    // the bus does not answer. Errors: invalid_option; those of Node::create and Node::start, and
    // those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<BotClient>> start(const Options& options);

    // Stops if that was not done.
    ~BotClient();
    BotClient(const BotClient&) = delete;
    BotClient& operator=(const BotClient&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    // Leaves Discord, answers what is in flight, gives back replies that are not said, then leaves
    // the bus. Blocking: a second or two, and at most about 10 when neither the gateway nor Redis
    // answers. Idempotent.
    void stop();

private:
    struct Impl;
    explicit BotClient(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::bot
