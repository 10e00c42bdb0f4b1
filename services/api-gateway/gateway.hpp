// The gateway: the only process that opens the database, and its HTTP API.
//
//     auto gateway = Gateway::start(Gateway::Options::from(settings));
//     if (!gateway) { ... "DATABASE_URL: /data/tutti.db is a folder" ... }
//     (*gateway)->port();
//
// `start` creates or migrates the schema, starts the node, then listens. What holds a gateway in
// a process may add routes by `Options::routes`.
//
// Thread-safety: all functions may be called from any thread; route handlers run on the server's
// workers. Shutdown: stop the gateway before what the added routes refer to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api-gateway/attachments/cleanup.hpp"
#include "api-gateway/attachments/downloads.hpp"
#include "api-gateway/jobs/job_waits.hpp"
#include "api-gateway/models/openrouter.hpp"
#include "api-gateway/routes/route.hpp"
#include "common/caches/catalogue.hpp"
#include "common/http/server.hpp"
#include "common/jobs/job_queue_in_process.hpp"
#include "common/process/secret.hpp"
#include "common/process/settings.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway {

class Gateway {
public:
    struct Options {
        std::string name = "api-gateway";  // of this instance
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;                    // 0 = a free one
        std::string database_path = "./tutti.db";  // an SQLite file; used without a postgres_url
        std::optional<process::Secret> postgres_url{};
        std::optional<std::string> redis_url{};  // none: the hub, or no other process
        std::shared_ptr<EmbeddedHub> hub = nullptr;
        std::string queue_name =
            process::Settings{}.queue_name;  // in this Redis; without one: in this process
        // Which one, without a Redis, so that workers of this process share it. Null: one of its
        // own.
        std::shared_ptr<services::jobs::InProcessJobQueue> queue = nullptr;
        jobs::JobWaits::Options waits{};
        models::OpenRouter::Options openrouter{};
        // None: `temp-attachments` beside the SQLite file.
        std::optional<std::string> attachment_dir{};
        attachments::AttachmentCleanup::Options attachment_cleanup{};
        attachments::AttachmentDownloads::Options
            attachments{};  // its URL and deadline follow what is below
        std::chrono::seconds dedup_window = caches::request_window_default;
        process::Secret secret{};                   // empty = refused
        std::optional<std::string> bot_owner_id{};  // may activate and read everything
        std::string public_url =
            process::Settings{}.gateway_url;  // in URLs of avatars and attachments
        http::Server::Limits limits{};
        std::vector<routes::GatewayRoute> routes{};  // looked at after the gateway's own

        [[nodiscard]] static Options from(const process::Settings& settings);
    };

    // Errors: those of Database::open, AttachmentStore::open, Node::start and RedisClient::create;
    // invalid_option (no secret), unavailable (port in use).
    [[nodiscard]] static Result<std::unique_ptr<Gateway>> start(const Options& options);

    // Stops if that was not done.
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    // Answers what is in flight, then stops the node and closes the database. Blocking: see
    // http::Server::stop. Idempotent.
    void stop();

private:
    struct Impl;
    explicit Gateway(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
    const std::uint16_t port_;
};

}  // namespace tutti::services::gateway
