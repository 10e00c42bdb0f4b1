#include "common/tracing/export.hpp"

#include <memory>
#include <string>
#include <utility>

#include "common/http/client.hpp"
#include "common/process/logging.hpp"
#include "common/process/span.hpp"
#include "common/tracing/exporter.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::tracing {
namespace {

using namespace std::chrono_literals;

constexpr Duration send_deadline = 2s;

Exporter::Send post_to(std::string url) {
    const auto collector = std::make_shared<http::Client>(http::Client::Options{
        .name = "traces", .concurrent_max = 1, .response_bytes_max = 64U << 10U});
    return [collector, url = std::move(url)](const std::string& body) -> Result<void> {
        const http::Request request{
            .method = "POST", .headers = {{"Content-Type", "application/json"}}, .body = body};
        const auto answer = collector->send(url, request, Boottime::now() + send_deadline);
        if (!answer) return fail(answer.error());
        if (answer->ok()) return {};
        return fail(Errc::refused, "send traces",
                    "the collector answered " + std::to_string(answer->status));
    };
}

}  // namespace

process::Ending export_traces(const process::Settings& settings, Resource resource) {
    if (!settings.otlp_endpoint) {
        if (settings.log_format == process::LogFormat::text) return {};
        process::begin_traces(nullptr);
        return process::Ending([] { process::end_traces(); });
    }
    auto exporter = std::make_shared<Exporter>(Exporter::Options{
        .resource = std::move(resource), .send = post_to(*settings.otlp_endpoint + "/v1/traces")});
    process::begin_traces(exporter);
    return process::Ending([exporter] {
        process::end_traces();
        exporter->stop();
    });
}

}  // namespace tutti::services::tracing
