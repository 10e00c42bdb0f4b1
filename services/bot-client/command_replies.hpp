// What the answers of all /channel commands have in common.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"

namespace tutti::services::bot {

inline constexpr const char* unexpected_error = "An unexpected error occurred, please try again.";

[[nodiscard]] BotReply private_reply(std::string content);

// Why this user may not use a command for moderators here, or nothing.
[[nodiscard]] std::optional<std::string> moderation_refusal(const Slash& slash);

// "Failed to activate: NOT_FOUND", or that the error was not expected.
[[nodiscard]] std::string failure_text(std::string_view action, const GatewayFailure& failure);

void log_failure(const Slash& slash, const GatewayFailure& failure);

}  // namespace tutti::services::bot
