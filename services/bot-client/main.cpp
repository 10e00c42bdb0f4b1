#include <string>

#include "bot-client/bot_client.hpp"
#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"

namespace tutti::services::bot {
namespace {

int run() {
    process::Lifecycle lifecycle;
    const auto settings = process::Settings::parse(process::process_environment);
    const auto options = BotClient::Options::from(settings ? *settings : process::Settings{},
                                                  process::process_environment);
    process::setup_logging(options ? options->name : std::string(caches::bot_client_service));
    // Both, so that one start shows all that is wrong.
    if (!settings) log::error(settings.error().message());
    if (!options) log::error(options.error().message());
    if (!settings || !options) return 1;
    auto bot = BotClient::start(*options);
    if (!bot) {
        log::error(bot.error().message());
        return 1;
    }
    lifecycle.on_stop("bot-client", [&] { (*bot)->stop(); });
    log::info("listening on " +
              net::HttpUrl{.host = settings->listen_address, .port = (*bot)->port()}.origin());
    return lifecycle.wait();
}

}  // namespace
}  // namespace tutti::services::bot

int main() { return tutti::services::process::run_program(tutti::services::bot::run); }
