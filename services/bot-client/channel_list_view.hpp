// How a list of activated channels looks: one page of ten, with buttons.
//
// Names come from the users who made the server, the channel or the personality: they are shown as
// they are, and cut, so that a page always fits into what Discord takes.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <cstddef>
#include <vector>

#include "bot-client/channel_list_buttons.hpp"
#include "bot-client/discord.hpp"
#include "common/domain/domain.hpp"

namespace tutti::services::bot {

inline constexpr std::size_t channels_on_page = 10;
inline constexpr std::size_t embed_description_max = 4096;  // of Discord

// All servers: server by server, then sorted. A page that is no more is the last one.
[[nodiscard]] BotReply list_reply(std::vector<domain::Activation> activations, ListView view,
                                  const Directory& directory);

}  // namespace tutti::services::bot
