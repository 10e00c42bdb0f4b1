#include <cstdint>
#include <iostream>

#include <CLI/CLI.hpp>

#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "provider-stand-in/stand_in.hpp"

namespace tutti::services::stand_in {
namespace {

int run(int argc, char** argv) {
    process::Lifecycle lifecycle;
    process::setup_logging("provider-stand-in");

    ProviderStandIn::Options options{.port = 3009};
    std::int64_t delay_ms = 0;
    bool empty = false;
    CLI::App app(
        "Plays OpenRouter's catalogue of models, and Discord's attachments, on 127.0.0.1; use it "
        "as\n"
        "OPENROUTER_BASE_URL and DISCORD_CDN_BASE_URL.\n"
        "GET /calls counts, PUT /behaviour changes what the options below say.",
        "provider-stand-in");
    app.add_option("--port", options.port, "0 for a free one")->capture_default_str();
    app.add_option("--models", options.behaviour.models, "How many models there are")
        ->capture_default_str();
    app.add_option("--delay-ms", delay_ms, "Before every answer")->capture_default_str();
    app.add_option("--status", options.behaviour.status,
                   "Of every answer; 500 for a failing provider")
        ->capture_default_str();
    app.add_flag("--empty", empty, "Answer with an empty list");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    }
    options.behaviour.delay = std::chrono::milliseconds(delay_ms);
    if (empty) options.behaviour.models = 0;

    auto stand_in = ProviderStandIn::start(options);
    if (!stand_in) {
        log::error(stand_in.error().message());
        return 1;
    }
    lifecycle.on_stop("stand-in", [&] { stand_in->reset(); });
    log::info("listening on " + (*stand_in)->url());
    return lifecycle.wait();
}

}  // namespace
}  // namespace tutti::services::stand_in

int main(int argc, char** argv) {
    return tutti::services::process::run_program(
        [&] { return tutti::services::stand_in::run(argc, argv); });
}
