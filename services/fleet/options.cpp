#include "fleet/options.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

namespace tutti::services::fleet {
namespace {

constexpr int exit_usage = 2;

constexpr const char* description =
    "Starts one api-gateway and three bot-clients, plays the scenario of the audit, prints the "
    "audit with\n"
    "measured numbers, and stays up until Ctrl-C. Everything listens on 127.0.0.1.";

constexpr const char* footer =
    "Environment:\n"
    "  DATABASE_URL                       sqlite:<path>; unset: a temporary file; see --postgres\n"
    "  OPENROUTER_BASE_URL                unset: a stand-in in this process\n"
    "  API_GATEWAY_PORT, BOT_CLIENT_PORT  unset: 3000 and 3001, or free ones; the bot-clients take "
    "every\n"
    "                                     tenth port from theirs on\n"
    "  INTERNAL_SERVICE_SECRET            unset: a random one\n"
    "  LLM_BASE_URL, LLM_MODEL, LLM_API_KEY  an OpenAI-compatible endpoint that writes the "
    "replies\n"
    "  LOG_LEVEL                          unset: error\n"
    "Exit code: 0, 1 when a check of the scenario failed, 2 when the fleet could not be started.";

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
    FleetOptions options;
    CLI::App app(description, "fleet");
    app.footer(footer);
    app.add_flag("--once", options.once,
                 "End after the scenario; the exit code says whether it succeeded");
    app.add_option(
           "--redis", options.redis,
           "Separate processes on a real Redis (redis://127.0.0.1:6379) instead of one process\n"
           "on the embedded store")
        ->option_text("URL");
    app.add_option("--postgres", options.postgres,
                   "PostgreSQL (postgres://user:password@127.0.0.1/database) instead of SQLite")
        ->option_text("URL");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error, std::cout, std::cerr);
        return {.options = std::nullopt, .exit_code = code == 0 ? 0 : exit_usage};
    }
    return {.options = std::move(options)};
}

}  // namespace tutti::services::fleet
