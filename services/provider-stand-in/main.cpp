#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "provider-stand-in/stand_in.hpp"

namespace tutti::services::stand_in {
namespace {

int run(int argc, char** argv) {
    process::Lifecycle lifecycle;
    process::setup_logging({.service = "provider-stand-in"});

    ProviderStandIn::Options options{.port = 3009};
    std::int64_t delay_ms = 0;
    bool empty = false;
    CLI::App app(
        "Plays OpenRouter's catalogue, models, and Discord's attachments, on 127.0.0.1; use it as\n"
        "OPENROUTER_BASE_URL and DISCORD_CDN_BASE_URL, and with /api/v1 as LLM_BASE_URL.\n"
        "GET /calls counts, PUT /behaviour changes what the options below say.",
        "provider-stand-in");
    app.add_option("--port", options.port, "0 for a free one")->capture_default_str();
    app.add_option("--models", options.behaviour.models, "How many models there are")
        ->capture_default_str();
    app.add_option("--delay-ms", delay_ms, "Before every list of models")->capture_default_str();
    app.add_option("--status", options.behaviour.status,
                   "Of every list of models; 500 for a failing provider")
        ->capture_default_str();
    app.add_flag("--empty", empty, "Answer with an empty list");
    std::string chat = "well";
    std::string vision = "well";
    std::string transcription = "well";
    app.add_option(
           "--chat", chat,
           "How to answer: well, stall, cut, blank, pieces, or a failure such as rate_limit")
        ->capture_default_str();
    app.add_option("--vision", vision, "The same for pictures")->capture_default_str();
    app.add_option("--transcription", transcription, "The same for recordings")
        ->capture_default_str();
    app.add_option("--journal", options.journal,
                   "A file: each call of a model is a line of JSON in it, before it is answered");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    }
    options.behaviour.delay = std::chrono::milliseconds(delay_ms);
    if (empty) options.behaviour.models = 0;
    for (const auto& [name, endpoint] : {std::pair{&chat, &options.behaviour.chat},
                                         {&vision, &options.behaviour.vision},
                                         {&transcription, &options.behaviour.transcription}}) {
        const auto manner = read_manner(*name);
        if (!manner) {
            log::error(manner.error().message());
            return 2;
        }
        endpoint->manner = *manner;
    }

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
