#include "bot-client/own_ids.hpp"

#include <optional>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "bot-client/rest/discord_rest.hpp"
#include "bot-client/rest/route.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot {
namespace {

struct OwnUser {
    std::string id;
};
struct OwnApplication {
    std::string id;
    OwnUser bot;
};
BOOST_DESCRIBE_STRUCT(OwnUser, (), (id))
BOOST_DESCRIBE_STRUCT(OwnApplication, (), (id, bot))

}  // namespace

Result<OwnIds> ask_own_ids(rest::DiscordRest& discord, TimePoint deadline) {
    auto route = rest::Route::make("GET", "/applications/@me", {});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    const auto answer = discord.call({.route = *std::move(route)}, deadline);
    if (!answer) return fail(answer.error().error);
    if (!answer->ok()) {
        return fail(answer->status == 401 ? Errc::refused : Errc::unavailable, operation,
                    "Discord answered " + std::to_string(answer->status));
    }
    auto application = json::read<OwnApplication>(answer->body, JsonLimits{});
    if (!application) return fail(Errc::protocol, operation, application.error().cause);
    OwnIds ids{.user_id = std::move(application->bot.id),
               .application_id = std::move(application->id)};
    if (!ids.known()) return fail(Errc::protocol, operation, "Discord names no application");
    return ids;
}

Identity::Identity(Ask ask, Options options)
    : asked_(
          options.ask_again_after,
          [ask = std::move(ask), within = options.ask_within]() -> std::optional<Result<OwnIds>> {
              if (!ask) return std::nullopt;
              return ask(Boottime::now() + within);
          }) {}

Result<OwnIds> Identity::find() const {
    if (OwnIds ids = get(); ids.known()) return ids;
    auto asked = asked_.get();
    if (!asked) return fail(Errc::unavailable, "ask who the bot is", "no session has begun");
    if (*asked) set(**asked);
    return *std::move(asked);
}

}  // namespace tutti::services::bot
