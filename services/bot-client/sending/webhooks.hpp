// The webhook of a channel through which personalities speak: the bot's own, found or made.
//
// Thread-safety: pure functions; the loader from any thread.
#pragma once

#include <string>

#include "bot-client/own_ids.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "common/domain/webhook.hpp"
#include "tutti/loader.hpp"

namespace tutti::services::bot::sending {

// Blocking: until `deadline` at most. Errors: as of the loader.
[[nodiscard]] Result<Loaded<domain::Webhook>> find_or_make_webhook(rest::DiscordRest& discord,
                                                                   const OwnIds& own,
                                                                   const std::string& channel_id,
                                                                   TimePoint deadline);

// By the id of a channel that is no thread. Of several the oldest, so that all processes take the
// same. Errors: refused: the bot may not manage webhooks there, the channel has 15 of others, or
// there is no such channel; unavailable and its likes pass. Both arguments outlive it.
[[nodiscard]] Loader<std::string, domain::Webhook> webhook_loader(rest::DiscordRest& discord,
                                                                  const Identity& identity);

}  // namespace tutti::services::bot::sending
