#include "bot-client/shard/ask_entrance.hpp"

#include <string>
#include <utility>

#include "bot-client/shard/close_codes.hpp"

namespace tutti::services::bot::shard {

Result<Entrance> ask_entrance(rest::DiscordRest& discord, TimePoint deadline) {
    auto route = rest::Route::make("GET", "/gateway/bot", {});
    if (!route) return fail(std::move(route).error());
    const auto answer = discord.call({.route = *route}, deadline);
    if (!answer) return fail(answer.error().error);
    if (answer->status == 401) {
        return fail(Errc::refused, route->operation(), std::string(meaning_of(4004).text));
    }
    if (!answer->ok()) {
        return fail(Errc::unavailable, route->operation(),
                    "Discord answered " + std::to_string(answer->status));
    }
    return read_entrance(answer->body);
}

}  // namespace tutti::services::bot::shard
