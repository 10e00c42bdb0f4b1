// The gateway as a process of its own.
#include <optional>
#include <string>

#include "api-gateway/gateway.hpp"
#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"

namespace {

int run() {
    using namespace tutti::services;
    Lifecycle lifecycle;
    const auto settings = Settings::parse(process_environment);
    const auto name = settings ? settings->instance_name : std::nullopt;
    setup_logging(name.value_or(std::string(api_gateway_service)));
    if (!settings) {
        log::error(settings.error().message());
        return 1;
    }
    auto gateway = Gateway::start(Gateway::Options::from(*settings));
    if (!gateway) {
        log::error(gateway.error().message());
        return 1;
    }
    lifecycle.on_stop("gateway", [&] { (*gateway)->stop(); });
    log::info("listening on http://" + settings->listen_address + ':' +
              std::to_string((*gateway)->port()));
    return lifecycle.wait();
}

}  // namespace

int main() { return tutti::services::run_program(run); }
