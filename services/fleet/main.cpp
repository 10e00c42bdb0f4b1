// The fleet as a program: options, start, scenario, and up until it is told to stop.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "fleet/embedded_fleet.hpp"
#include "fleet/fleet_client.hpp"
#include "fleet/options.hpp"
#include "fleet/process_fleet.hpp"
#include "fleet/scenario.hpp"

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int exit_check_failed = 1;
constexpr int exit_not_started = 2;

int not_started(const std::string& why) {
    fmt::print(stderr, "fleet: {}\n", why);
    return exit_not_started;
}

void print_fleet(const Fleet& fleet) {
    fmt::print("Tutti fleet: {}\n\n", fleet.description());
    fmt::print("  {:<14} {}\n", fleet.gateway().name, fleet.gateway().url);
    for (const Instance& bot : fleet.bots()) fmt::print("  {:<14} {}\n", bot.name, bot.url);
    for (const Instance& worker : fleet.workers()) {
        fmt::print("  {:<14} {}\n", worker.name, worker.url);
    }
    if (fleet.provider()) {
        fmt::print("  {:<14} {}, plays the models and Discord's attachments\n",
                   fleet.provider()->name, fleet.provider()->url);
    }
    fmt::print("  {:<14} {}, plays Discord\n", fleet.discord().name, fleet.discord().url);
    std::fflush(stdout);
}

int run(process::Lifecycle& lifecycle, const FleetOptions& options) {
    const auto plan = Plan::make(options, process::process_environment);
    if (!plan) return not_started(plan.error().message());
    auto started = options.redis ? start_process_fleet(*plan) : start_embedded_fleet(*plan);
    if (!started) return not_started(started.error().message());
    // Shared with the step that stops it, which runs even when something below throws.
    const std::shared_ptr<Fleet> owned = *std::move(started);
    lifecycle.on_stop("fleet", [owned] { owned->stop(); });
    Fleet& fleet = *owned;
    print_fleet(fleet);

    FleetClient client(plan->settings.internal_service_secret);
    const bool good = play_scenario(fleet, client);
    print_audit(fleet, client);
    if (options.once) {
        lifecycle.request_stop();
    } else {
        print_directions(fleet);
    }
    const int code = lifecycle.wait();
    return good ? code : exit_check_failed;
}

int run_command_line(int argc, char** argv) {
    // The processes of the fleet have 10 s of their own each, the bot-clients first.
    process::Lifecycle lifecycle({.stop_bound = 30s});
    ::setenv("LOG_LEVEL", "error", 0);
    process::setup_logging({.service = "fleet"});
    const auto parsed = parse_command_line(argc, argv);
    if (!parsed.options) return parsed.exit_code;
    try {
        return run(lifecycle, *parsed.options);
    } catch (const std::exception& error) {
        return not_started(error.what());
    }
}

}  // namespace
}  // namespace tutti::services::fleet

int main(int argc, char** argv) {
    return tutti::services::process::run_program(
        [&] { return tutti::services::fleet::run_command_line(argc, argv); });
}
