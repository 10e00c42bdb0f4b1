// The ai-worker: takes jobs from the queue, describes pictures, transcribes recordings and writes
// replies; its node with the caches of the catalogue, and a port for monitoring. Several may live
// in one process.
//
//     auto worker = AiWorker::start(AiWorker::Options::from(settings));
//     if (!worker) { ... "port 3002 is in use ..." }
//
// GET /health, /metrics and /audit need no secret; there is nothing else.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "ai-worker/worker_node.hpp"
#include "common/jobs/job_source.hpp"
#include "common/process/settings.hpp"
#include "tutti/error.hpp"

namespace tutti::services::worker {

class AiWorker {
public:
    struct Options {
        WorkerNode::Options node;  // with the name, and where the caches and the queue are
        std::string address = "127.0.0.1";
        std::uint16_t port = 0;  // 0 = a free one
        std::string queue_name = process::Settings{}.queue_name;
        std::chrono::milliseconds job_lease = process::Settings{}.job_lease;  // on Redis
        // Without a Redis: the queue of a gateway in this process. Null: nothing to do.
        std::shared_ptr<jobs::JobSource> source = nullptr;

        // Without INSTANCE_NAME the name is ai-worker-<process id>.
        [[nodiscard]] static Options from(const process::Settings& settings);
    };

    // Connects, listens, and takes its first job. Blocking: up to about 15 s when Redis does not
    // answer. Errors: those of Node::create and Node::start, RedisClient::create and
    // http::Server::start; invalid_option (neither a Redis nor a queue).
    [[nodiscard]] static Result<std::unique_ptr<AiWorker>> start(const Options& options);

    // Stops if that was not done.
    ~AiWorker();
    AiWorker(const AiWorker&) = delete;
    AiWorker& operator=(const AiWorker&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    // Takes no further job. What ends within six seconds is an answer that is paid for; the rest is
    // given back, and its calls end. Blocking: about eight seconds at most. Idempotent.
    void stop();

private:
    struct Impl;
    explicit AiWorker(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::worker
