#include "bot-client/character_chat.hpp"

#include <utility>

#include "bot-client/apologies.hpp"
#include "bot-client/autocomplete.hpp"
#include "bot-client/command_replies.hpp"
#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

void show_or_log(const CharacterChat::Show& show, std::string text) {
    if (const auto shown = show(BotReply{.content = std::move(text)}); !shown) {
        log::warn("a command's reply is not shown", shown.error().message());
    }
}

std::string spoken_text(const Slash& slash, const domain::Personality& personality) {
    return shortened("**" + shown_as_is(slash.user_name) + "** to **" +
                         shown_as_is(personality.shown_name()) + "**: " + slash.message,
                     content_units_max);
}

}  // namespace

void CharacterChat::run(const Slash& slash, const Show& show) const {
    if (slash.personality == autocomplete_error) {
        return show_or_log(
            show, "The list of personalities could not be loaded. Type a name, or try again.");
    }
    if (slash.message.find_first_not_of(" \t\r\n") == std::string::npos) {
        return show_or_log(show, "There is nothing to say: the message is empty.");
    }
    const auto personality = parts_.personality(slash.personality, slash.user_id);
    if (!personality) {
        log::warn("a command was not carried out",
                  "/character chat: " + personality.error().message());
        return show_or_log(show, unexpected_error);
    }
    if (!*personality) {
        return show_or_log(show, "Personality \"" + shown_as_is(slash.personality) +
                                     "\" not found, or not for you.");
    }
    ask(slash, (*personality)->personality, show);
}

void CharacterChat::ask(const Slash& slash, const domain::Personality& personality,
                        const Show& show) const {
    auto shown = show(BotReply{.content = spoken_text(slash, personality)});
    if (!shown) return log::warn("a command's reply is not shown", shown.error().message());
    const Message message{.author_id = slash.user_id,
                          .channel_id = slash.channel_id,
                          .content = slash.message,
                          .attachments = {},
                          .voice_transcript = {},
                          .forwarded = {},
                          .parent_channel_id = slash.parent_channel_id,
                          .id = *std::move(shown),
                          .guild_id = slash.guild_id,
                          .author_name = slash.user_name};
    const auto asked = parts_.handler.handle(
        {.message = message, .personality = personality, .text = slash.message});
    if (asked) return;
    log::warn("a command was not carried out", "/character chat: " + asked.error().message());
    show_or_log(
        show, asked.error().code == Errc::suspect ? apologies::may_be_answered : unexpected_error);
}

}  // namespace tutti::services::bot
