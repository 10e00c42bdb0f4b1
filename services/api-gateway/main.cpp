// The gateway as a process of its own.
#include <string>

#include "api-gateway/gateway.hpp"
#include "common/caches/catalogue.hpp"
#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"
#include "common/tracing/export.hpp"

namespace tutti::services::gateway {
namespace {

int run() {
    process::Lifecycle lifecycle;
    const auto settings = process::Settings::parse(process::process_environment);
    const std::string service(caches::api_gateway_service);
    const std::string name = settings ? settings->instance_name.value_or(service) : service;
    process::setup_logging({.service = service,
                            .instance = name,
                            .format = settings ? settings->log_format : process::LogFormat::text});
    if (!settings) {
        log::error(settings.error().message());
        return 1;
    }
    const auto traces = tracing::export_traces(*settings, {service, name});
    auto gateway = Gateway::start(Gateway::Options::from(*settings));
    if (!gateway) {
        log::error(gateway.error().message());
        return 1;
    }
    lifecycle.on_stop("gateway", [&] { (*gateway)->stop(); });
    log::info("listening on " +
              net::HttpUrl{.host = settings->listen_address, .port = (*gateway)->port()}.origin());
    return lifecycle.wait();
}

}  // namespace
}  // namespace tutti::services::gateway

int main() { return tutti::services::process::run_program(tutti::services::gateway::run); }
