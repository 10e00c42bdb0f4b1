#include "ai-worker/worker_node.hpp"

#include <utility>

#include "common/caches/catalogue.hpp"
#include "common/caches/node_routes.hpp"

namespace tutti::services::worker {
namespace {

constexpr std::size_t loads_per_job = 4;  // pictures of one message

providers::Upstream::Options endpoint(std::string name, std::string base_url,
                                      const std::optional<process::Secret>& key,
                                      const process::HttpPool& pool) {
    return {.name = std::move(name),
            .base_url = std::move(base_url),
            .key = key.value_or(process::Secret()),
            .pool = pool};
}

NodeOptions node_options(const WorkerNode::Options& options) {
    return {.name = options.name,
            .service = std::string(caches::ai_worker_service),
            .redis = options.redis_url.value_or(""),
            .embedded = options.redis_url ? nullptr : options.hub,
            .app = std::string(caches::app_name),
            .workers = loads_per_job * options.jobs_at_a_time,
            .carry = caches::carry_trace,
            .log = caches::log_of_node};
}

}  // namespace

WorkerNode::Options WorkerNode::Options::from(const process::Settings& settings, std::string name) {
    const std::string llm =
        settings.llm_base_url.value_or(settings.openrouter_base_url + "/api/v1");
    const std::string vision = settings.vision_base_url.value_or(llm);
    const std::string speech = settings.transcription_base_url.value_or(llm);
    // A key goes nowhere but to the endpoint that it was given for.
    const auto own_or_shared = [&](const std::optional<process::Secret>& own,
                                   const std::string& base_url) {
        return !own && base_url == llm ? settings.llm_api_key : own;
    };
    return {.name = std::move(name),
            .redis_url = settings.redis_url,
            .jobs_at_a_time = settings.worker_concurrency,
            .chat = endpoint("llm", llm, settings.llm_api_key, settings.llm),
            .vision = endpoint("vision", vision, own_or_shared(settings.vision_api_key, vision),
                               settings.vision),
            .speech = endpoint("transcription", speech,
                               own_or_shared(settings.transcription_api_key, speech),
                               settings.transcription),
            .speech_model = settings.transcription_model,
            .attachments = attachments::AttachmentFetch::Options::from(settings),
            .jobs = {.model = settings.llm_model,
                     .vision = {.fallback = settings.vision_fallback_model},
                     .users_keys_for_vision = vision == llm}};
}

Result<std::unique_ptr<WorkerNode>> WorkerNode::start(const Options& options) {
    auto node = Node::create(node_options(options));
    if (!node) return fail(std::move(node).error());
    std::unique_ptr<WorkerNode> worker(new WorkerNode(*std::move(node), options));
    if (auto started = worker->node_->start(); !started) return fail(std::move(started).error());
    return worker;
}

WorkerNode::WorkerNode(std::unique_ptr<Node> node, const Options& options)
    : chat_upstream_(options.chat),
      vision_upstream_(options.vision),
      speech_upstream_(options.speech),
      speech_(speech_upstream_, options.speech_model),
      files_(options.attachments),
      node_(std::move(node)),
      caches_(caches::declare_worker_caches(
          *node_, {.picture = vision::picture_loader(files_, vision_),
                   .recording = transcripts::recording_loader(files_, speech_)})),
      capability_(caches_.capabilities),
      pictures_(caches_.descriptions),
      recordings_(caches_.transcripts),
      handlers_({.chat = chat_,
                 .pictures = pictures_,
                 .recordings = recordings_,
                 .capability = capability_},
                options.jobs) {}

std::array<http::Metrics, 4> WorkerNode::upstreams() const {
    return {chat_upstream_.metrics(), vision_upstream_.metrics(), speech_upstream_.metrics(),
            files_.metrics()};
}

void WorkerNode::end_calls() {
    chat_upstream_.stop();
    vision_upstream_.stop();
    speech_upstream_.stop();
    files_.stop();
}

void WorkerNode::stop() {
    end_calls();
    node_->stop();
}

}  // namespace tutti::services::worker
