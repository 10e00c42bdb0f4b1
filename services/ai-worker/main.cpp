// The worker as a process of its own.
#include <string>

#include "ai-worker/ai_worker.hpp"
#include "common/caches/catalogue.hpp"
#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"
#include "common/tracing/export.hpp"

namespace tutti::services::worker {
namespace {

int run() {
    process::Lifecycle lifecycle;
    const auto settings = process::Settings::parse(process::process_environment);
    const auto options = AiWorker::Options::from(settings ? *settings : process::Settings{});
    process::setup_logging({.service = std::string(caches::ai_worker_service),
                            .instance = options.node.name,
                            .format = settings ? settings->log_format : process::LogFormat::text});
    if (!settings) {
        log::error(settings.error().message());
        return 1;
    }
    const auto traces = tracing::export_traces(
        *settings, {std::string(caches::ai_worker_service), options.node.name});
    auto worker = AiWorker::start(options);
    if (!worker) {
        log::error(worker.error().message());
        return 1;
    }
    lifecycle.on_stop("ai-worker", [&] { (*worker)->stop(); });
    log::info("listening on " +
              net::HttpUrl{.host = settings->listen_address, .port = (*worker)->port()}.origin());
    return lifecycle.wait();
}

}  // namespace
}  // namespace tutti::services::worker

int main() { return tutti::services::process::run_program(tutti::services::worker::run); }
