#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/secret.hpp"
#include "discord-stand-in/stand_in.hpp"

namespace tutti::services::discord {
namespace {

int run(int argc, char** argv) {
    process::Lifecycle lifecycle;
    process::setup_logging({.service = "discord-stand-in"});

    DiscordStandIn::Options options{.port = 3010, .gateway_port = 3011};
    std::string token;
    std::int64_t heartbeat_ms = options.heartbeat_interval.count();
    std::int64_t identify_ms = options.identify_every.count();
    bool no_limits = false;
    bool no_content = false;
    CLI::App app(
        "Plays Discord's REST API, gateway and signed interactions, on 127.0.0.1; use it as\n"
        "DISCORD_API_URL=http://127.0.0.1:3010/api/v10 with the DISCORD_TOKEN that it says at its\n"
        "start. What users do there is JSON below /control; "
        "services/discord-stand-in/stand_in.hpp\n"
        "lists it, and GET /control/world shows what there is.",
        "discord-stand-in");
    app.add_option("--port", options.port, "Of REST and control; 0 for a free one")
        ->capture_default_str();
    app.add_option("--gateway-port", options.gateway_port, "0 for a free one")
        ->capture_default_str();
    app.add_option("--gateway-url", options.gateway_url,
                   "That bots are told, when something stands before the gateway");
    app.add_option("--token", token, "Of the bot; unset: DISCORD_TOKEN, else a random one")
        ->envname("DISCORD_TOKEN");
    app.add_option("--guilds", options.guilds, "How many servers there are at first")
        ->capture_default_str();
    app.add_option("--shards", options.shards, "How many the bot is told to have")
        ->capture_default_str();
    app.add_option("--max-concurrency", options.max_concurrency,
                   "How many shards may identify at the same time")
        ->capture_default_str();
    app.add_option("--session-starts", options.session_starts, "How many sessions a day has")
        ->capture_default_str();
    app.add_option("--identify-every-ms", identify_ms, "Between identifies of the same rest")
        ->capture_default_str();
    app.add_option("--heartbeat-ms", heartbeat_ms, "What the bot is told to keep")
        ->capture_default_str();
    app.add_flag("--no-limits", no_limits, "REST has no rate limits");
    app.add_flag("--no-message-content", no_content,
                 "The developer portal has not switched on that intent");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    }
    options.token = process::Secret(token);
    options.heartbeat_interval = std::chrono::milliseconds(heartbeat_ms);
    options.identify_every = std::chrono::milliseconds(identify_ms);
    options.limits = !no_limits;
    options.message_content = !no_content;

    auto stand_in = DiscordStandIn::start(options);
    if (!stand_in) {
        log::error(stand_in.error().message());
        return 1;
    }
    lifecycle.on_stop("stand-in", [&] { stand_in->reset(); });
    // It opens nothing but this stand-in.
    if (token.empty()) std::cout << "DISCORD_TOKEN=" << (*stand_in)->token().reveal() << std::endl;
    log::info("listening on " + (*stand_in)->api_url());
    return lifecycle.wait();
}

}  // namespace
}  // namespace tutti::services::discord

int main(int argc, char** argv) {
    return tutti::services::process::run_program(
        [&] { return tutti::services::discord::run(argc, argv); });
}
