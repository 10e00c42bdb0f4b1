#include "bot-client/command_replies.hpp"

#include <algorithm>
#include <utility>

#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {

namespace {

// A gateway's error code, "NOT_FOUND", or what stands in its place.
std::string shown_code(const std::string& text) {
    const bool code = std::ranges::all_of(
        text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
    return code ? text : shown_as_is(text);
}

}  // namespace

BotReply private_reply(std::string content) {
    return {.content = std::move(content), .ephemeral = true};
}

std::optional<std::string> moderation_refusal(const Slash& slash) {
    if (slash.guild_id.empty()) return "This command can only be used in a server.";
    if (!slash.may_manage_messages) {
        return "You need the \"Manage Messages\" permission to use this command.";
    }
    return std::nullopt;
}

std::string failure_text(std::string_view action, const GatewayFailure& failure) {
    std::string text = "Failed to ";
    text.append(action).append(": ");
    if (failure.kind == GatewayFailure::Kind::http) return text + shown_code(failure.text);
    return text + "an unexpected error occurred, please try again.";
}

void log_failure(const Slash& slash, const GatewayFailure& failure) {
    log::warn("a command was not carried out",
              "/" + slash.command + " in channel " + slash.channel_id + ": " +
                  std::string(to_string(failure.kind)) + ": " + failure.text);
}

}  // namespace tutti::services::bot
