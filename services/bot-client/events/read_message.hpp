// MESSAGE_CREATE as the message chain takes it.
//
// Thread-safety: from any thread, as `who_i_am` is.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "bot-client/discord.hpp"
#include "bot-client/own_ids.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::events {

// Several times what Discord's own limits let a message have.
inline constexpr std::size_t message_frame_bytes_max = 128U << 10U;

// Who the bot is. It may cost a question to Discord, so only a user's message that mentions or
// answers has it asked, which what bots say does not.
using WhoIAm = std::function<OwnIds()>;

// Nothing: no user has written it (a pin, a boost, a new member). Whether the channel is a thread
// is not in it. Errors: protocol, too_large.
[[nodiscard]] Result<std::optional<Message>> read_message(std::string_view frame,
                                                          const WhoIAm& who_i_am);

}  // namespace tutti::services::bot::events
