#include "bot-client/events/channel_places.hpp"

#include <utility>

#include "bot-client/rest/route.hpp"

namespace tutti::services::bot::events {

Result<ChannelPlace> ChannelPlaces::find(const std::string& channel_id, TimePoint deadline) {
    if (auto known = known_.place_of(channel_id)) return *std::move(known);
    auto route = rest::Route::make("GET", "/channels/{}", {channel_id});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    auto answer = discord_.call({.route = *std::move(route)}, deadline);
    if (!answer) return fail(std::move(answer).error().error);
    if (answer->ok()) return known_.learn(answer->body);
    const bool is_final = answer->status == 403 || answer->status == 404;
    return fail(is_final ? Errc::refused : Errc::unavailable, operation,
                "Discord answered " + std::to_string(answer->status));
}

}  // namespace tutti::services::bot::events
