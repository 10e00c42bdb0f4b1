// The worker's node: its caches, the models and files behind them, and what is made of a job with
// them.
//
//     auto worker = WorkerNode::start(WorkerNode::Options::from(settings));
//     auto outcome = (*worker)->handle(job, {.deadline = ...});
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "ai-worker/attachments/attachment_fetch.hpp"
#include "ai-worker/capability/model_capability.hpp"
#include "ai-worker/handlers/job_handlers.hpp"
#include "ai-worker/providers/openai.hpp"
#include "ai-worker/providers/upstream.hpp"
#include "ai-worker/transcripts/recordings.hpp"
#include "ai-worker/vision/picture_descriptions.hpp"
#include "common/caches/service_caches.hpp"
#include "common/http/metrics.hpp"
#include "common/process/settings.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"

namespace tutti::services::worker {

class WorkerNode {
public:
    struct Options {
        std::string name = "ai-worker-1";
        std::optional<std::string> redis_url{};  // none: the hub
        std::shared_ptr<EmbeddedHub> hub = nullptr;
        std::size_t jobs_at_a_time = process::Settings{}.worker_concurrency;
        providers::Upstream::Options chat;
        providers::Upstream::Options vision;
        providers::Upstream::Options speech;
        std::string speech_model = process::Settings{}.transcription_model;
        attachments::AttachmentFetch::Options attachments{};
        handlers::JobHandlers::Options jobs{};

        // Endpoints that are not set are OpenRouter's, or those for replies.
        [[nodiscard]] static Options from(const process::Settings& settings, std::string name);
    };

    // Connects, declares, and waits until it may serve. Errors: as Node::create and Node::start.
    [[nodiscard]] static Result<std::unique_ptr<WorkerNode>> start(const Options& options);

    // As JobHandlers::handle.
    [[nodiscard]] jobs::JobOutcome handle(const jobs::Job& job,
                                          const handlers::WorkContext& context) const {
        return handlers_.handle(job, context);
    }

    [[nodiscard]] const Node& node() const noexcept { return *node_; }
    [[nodiscard]] std::array<http::Metrics, 4> upstreams() const;
    // Ends calls in progress, for which jobs wait.
    void end_calls();
    // And stops the node. Requires: no job is being handled. Idempotent.
    void stop();

private:
    WorkerNode(std::unique_ptr<Node> node, const Options& options);

    // What the node's loads use is declared before it.
    providers::Upstream chat_upstream_;
    providers::Upstream vision_upstream_;
    providers::Upstream speech_upstream_;
    providers::OpenAiChat chat_{chat_upstream_};
    providers::OpenAiVision vision_{vision_upstream_};
    providers::OpenAiSpeech speech_;
    attachments::AttachmentFetch files_;
    std::unique_ptr<Node> node_;
    caches::WorkerCaches caches_;
    capability::ModelCapability capability_;
    vision::PictureDescriptions pictures_;
    transcripts::Recordings recordings_;
    handlers::JobHandlers handlers_;
};

}  // namespace tutti::services::worker
