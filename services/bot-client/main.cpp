#include <atomic>
#include <string>

#include "bot-client/bot_client.hpp"
#include "common/caches/catalogue.hpp"
#include "common/net/url.hpp"
#include "common/process/edge.hpp"
#include "common/process/lifecycle.hpp"
#include "common/process/logging.hpp"
#include "common/process/settings.hpp"
#include "common/tracing/export.hpp"

namespace tutti::services::bot {
namespace {

// A supervisor restarts in vain what ends with this: Discord knows the token no more, say.
// EX_CONFIG of sysexits.h; docs/systemd names it, too.
constexpr int needs_an_operator = 78;

int run() {
    process::Lifecycle lifecycle;
    const auto settings = process::Settings::parse(process::process_environment);
    auto options = BotClient::Options::from(settings ? *settings : process::Settings{},
                                            process::process_environment);
    const std::string service(caches::bot_client_service);
    process::setup_logging({.service = service,
                            .instance = options ? options->name : service,
                            .format = settings ? settings->log_format : process::LogFormat::text});
    // Both, so that one start shows all that is wrong.
    if (!settings) log::error(settings.error().message());
    if (!options) log::error(options.error().message());
    if (!settings || !options) return 1;
    const auto traces = tracing::export_traces(*settings, {service, options->name});
    std::atomic<bool> forbidden{false};  // pairs with nothing: `request_stop` orders
    options->ended = [&](const Error& why) {
        log::error("the bot cannot go on", why.message());
        forbidden = true;
        lifecycle.request_stop();
    };
    auto bot = BotClient::start(*options);
    if (!bot) {
        log::error(bot.error().message());
        return 1;
    }
    lifecycle.on_stop("bot-client", [&] { (*bot)->stop(); });
    log::info("listening on " +
              net::HttpUrl{.host = settings->listen_address, .port = (*bot)->port()}.origin());
    const int code = lifecycle.wait();
    return forbidden ? needs_an_operator : code;
}

}  // namespace
}  // namespace tutti::services::bot

int main() { return tutti::services::process::run_program(tutti::services::bot::run); }
