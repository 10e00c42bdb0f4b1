// The settings of all services, from environment variables.
//
// An empty variable counts as unset. Every problem is reported at once, each with the variable's
// name and what would be right; the value itself is repeated only where it cannot be a secret.
//
//     auto settings = Settings::parse(process_environment);
//     if (!settings) { log::error(settings.error().message()); return 1; }
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/net/attachment_hosts.hpp"
#include "common/process/logging.hpp"
#include "common/process/secret.hpp"
#include "tutti/error.hpp"

namespace tutti::services::process {

// The value of a variable, or nothing when it is unset. A test passes a map, the fleet adds a
// secret.
using Environment = std::function<std::optional<std::string>(const char* name)>;

[[nodiscard]] std::optional<std::string> process_environment(const char* name);

// The bounds of the connection pool to one upstream; see http::Client::Options.
struct HttpPool {
    std::uint32_t concurrent_max;
    std::uint32_t queued_max;
    std::chrono::milliseconds deadline;  // of a call, the wait in the queue included
};

struct Settings {
    // REDIS_URL: redis://, rediss:// or unix://; unset = the embedded store and bus. May hold a
    // password.
    std::optional<std::string> redis_url;
    // DATABASE_URL: "sqlite:<path>", or a path that begins with / or ./; unset =
    // "sqlite:./tutti.db". Or postgres://..., which may hold a password and then counts instead of
    // the path.
    std::string database_path = "./tutti.db";
    std::optional<Secret> postgres_url;

    std::optional<std::string> instance_name;  // INSTANCE_NAME: in logs, metrics and the audit

    std::string gateway_url = "http://localhost:3000";  // GATEWAY_URL, without a trailing slash
    std::optional<std::string> public_gateway_url;      // PUBLIC_GATEWAY_URL: for Discord
    std::string listen_address = "127.0.0.1";  // LISTEN_ADDRESS: numeric; 0.0.0.0 = everywhere
    std::uint16_t api_gateway_port = 3000;     // API_GATEWAY_PORT; 0 = a free one
    std::uint16_t bot_client_port = 3001;      // BOT_CLIENT_PORT
    std::uint16_t ai_worker_port = 3002;       // AI_WORKER_PORT

    Secret internal_service_secret;           // INTERNAL_SERVICE_SECRET; unset = refused
    std::optional<std::string> bot_owner_id;  // BOT_OWNER_ID: a Discord id

    // HTTP_<UPSTREAM>_CONCURRENCY, _QUEUE and _DEADLINE_MS, by the names of these members. An
    // interactive call is one that a user waits for.
    HttpPool gateway_interactive{
        .concurrent_max = 32, .queued_max = 256, .deadline = std::chrono::seconds{5}};
    HttpPool gateway_background{
        .concurrent_max = 16, .queued_max = 256, .deadline = std::chrono::seconds{10}};
    // Few: each call that waits for it holds one of the gateway's own workers.
    HttpPool openrouter{.concurrent_max = 2, .queued_max = 2, .deadline = std::chrono::seconds{30}};
    std::string openrouter_base_url = "https://openrouter.ai";  // OPENROUTER_BASE_URL

    // Each holds a file in memory.
    HttpPool discord_cdn{
        .concurrent_max = 8, .queued_max = 32, .deadline = std::chrono::seconds{3}};
    // DISCORD_CDN_BASE_URL: attachments are fetched here; unset = from Discord's own hosts.
    std::optional<std::string> discord_cdn_base_url;
    // ATTACHMENT_DIR: where they are kept meanwhile; unset = temp-attachments beside the SQLite
    // file, or in the working directory.
    std::optional<std::string> attachment_dir;

    std::string queue_name = "ai-requests";  // QUEUE_NAME: also a Redis key
    std::chrono::seconds dedup_window{5};    // DEDUP_WINDOW_SECONDS
    std::uint32_t worker_concurrency = 5;    // WORKER_CONCURRENCY
    // JOB_LEASE_SECONDS: how long a job waits whose worker or bot is gone; the same in all of them.
    std::chrono::seconds job_lease{30};
    std::optional<Secret> discord_token;  // DISCORD_TOKEN
    // DISCORD_API_URL: plain http only on this machine, because the token goes there.
    std::string discord_api_url = "https://discord.com/api/v10";
    // DISCORD_PUBLIC_KEY: of the application, 64 hexadecimal digits; unset = no interactions over
    // HTTP.
    std::optional<std::string> discord_public_key;
    // SHARD_ID and SHARD_COUNT: the one shard of this process, and how many there are. The count
    // alone: the processes share them out over Redis. Neither: so many as Discord recommends.
    std::optional<std::uint32_t> shard_id;
    std::optional<std::uint32_t> shard_count;
    // SHARD_LEASE_SECONDS: how long a shard waits whose process is gone; the same in all of them.
    std::chrono::seconds shard_lease{10};
    HttpPool discord{.concurrent_max = 40, .queued_max = 256, .deadline = std::chrono::seconds{15}};
    bool auto_deploy_commands = true;    // AUTO_DEPLOY_COMMANDS=false: commands stay as they are
    bool auto_transcribe_voice = false;  // AUTO_TRANSCRIBE_VOICE=true

    std::optional<std::string> llm_base_url;  // LLM_BASE_URL: an OpenAI-compatible endpoint
    std::optional<std::string> llm_model;     // LLM_MODEL: overrides the personality's model
    std::optional<Secret> llm_api_key;        // LLM_API_KEY
    // The same for pictures: VISION_BASE_URL, VISION_API_KEY; unset = as for the LLM.
    std::optional<std::string> vision_base_url;
    std::optional<Secret> vision_api_key;
    // VISION_FALLBACK_MODEL: when neither the personality's vision model nor its model takes
    // pictures.
    std::string vision_fallback_model = "qwen/qwen3-vl-235b-a22b-instruct";
    // The same for recordings: TRANSCRIPTION_BASE_URL, TRANSCRIPTION_API_KEY, TRANSCRIPTION_MODEL.
    std::optional<std::string> transcription_base_url;
    std::optional<Secret> transcription_api_key;
    std::string transcription_model = "whisper-1";
    // One attempt each. As many as jobs that run at a time would need more bounds than these.
    HttpPool llm{.concurrent_max = 16, .queued_max = 64, .deadline = std::chrono::seconds{180}};
    HttpPool vision{.concurrent_max = 8, .queued_max = 64, .deadline = std::chrono::seconds{90}};
    HttpPool transcription{
        .concurrent_max = 4, .queued_max = 64, .deadline = std::chrono::seconds{180}};

    // ATTACHMENT_HOSTS: where the gateway and the workers fetch attachments: hosts ("cdn.example",
    // https) or origins ("http://files.example:8080"), with commas between them. Origins here.
    std::vector<std::string> attachment_hosts = net::AttachmentHosts::Options{}.origins;
    // ATTACHMENT_NETWORKS: addresses that are not of the public Internet and that these hosts may
    // have nevertheless: "10.1.0.0/16", with commas between them.
    std::vector<net::Network> attachment_networks{};
    // Each holds a file in memory.
    HttpPool attachments{
        .concurrent_max = 8, .queued_max = 64, .deadline = std::chrono::seconds{30}};

    LogFormat log_format = LogFormat::text;    // LOG_FORMAT: text or json
    std::optional<std::string> otlp_endpoint;  // OTEL_EXPORTER_OTLP_ENDPOINT: unset = no traces

    [[nodiscard]] net::AttachmentHosts::Options attachment_places() const {
        return {.origins = attachment_hosts,
                .networks = attachment_networks,
                .discord_base_url = discord_cdn_base_url.value_or("")};
    }

    // Errors: invalid_option, the cause names every variable that is wrong.
    [[nodiscard]] static Result<Settings> parse(const Environment& environment);
};

}  // namespace tutti::services::process
