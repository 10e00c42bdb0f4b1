// Where a channel is: as the events have said, or else as Discord says when it is asked. A reply
// may be for a server of another process's shard, so its channel need not be known here.
//
// Thread-safety: all functions may be called from any thread. Shutdown: both parts outlive it.
#pragma once

#include <string>

#include "bot-client/events/known_channels.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::events {

class ChannelPlaces {
public:
    ChannelPlaces(KnownChannels& known, rest::DiscordRest& discord)
        : known_(known), discord_(discord) {}

    // Blocking: until `deadline`, when Discord must be asked. Errors: refused (there is no such
    // channel, or the bot may not see it); unavailable and its likes, when it cannot be known now.
    [[nodiscard]] Result<ChannelPlace> find(const std::string& channel_id, TimePoint deadline);

private:
    KnownChannels& known_;
    rest::DiscordRest& discord_;
};

}  // namespace tutti::services::bot::events
