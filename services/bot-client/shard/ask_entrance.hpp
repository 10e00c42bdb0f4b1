// GET /gateway/bot, as ShardSession wants it answered.
#pragma once

#include "bot-client/rest/discord_rest.hpp"
#include "bot-client/shard/entrance.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::shard {

// Errors: refused (Discord does not know the token), or why there is no answer now. Blocking: until
// `deadline` at most. Thread-safety: from any thread.
[[nodiscard]] Result<Entrance> ask_entrance(rest::DiscordRest& discord, TimePoint deadline);

}  // namespace tutti::services::bot::shard
