// What the bot answers to an interaction, as calls of Discord. The first answer must be there
// within three seconds and is taken once, from whichever process it comes; what follows goes by the
// interaction's own token for fifteen minutes.
//
// Thread-safety: all functions may be called from any thread. Blocking: until the deadline at most.
// Shutdown: `discord` outlives it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bot-client/autocomplete.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/interactions/interaction.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::interactions {

// What is shown until the real answer comes.
enum class Deferral : std::uint8_t {
    private_reply,  // "thinking", for the user alone
    public_reply,   // the same for all in the channel
    update,         // nothing: the message whose button was pressed stays for now
};

// What became of a first answer.
enum class FirstAnswer : std::uint8_t {
    taken,
    elsewhere,  // another process has answered
    too_late,   // Discord knows the interaction no more
    failed,     // not known, or refused
};

class InteractionAnswers {
public:
    explicit InteractionAnswers(rest::DiscordRest& discord) : discord_(discord) {}

    [[nodiscard]] FirstAnswer defer(const Interaction& to, Deferral how, TimePoint deadline);
    [[nodiscard]] FirstAnswer choose(const Interaction& to, std::span<const Choice> choices,
                                     TimePoint deadline);

    // After a deferral: what stands there, or the message whose button was pressed, becomes
    // `reply`. Returns the id of the message. Harmless to repeat.
    Result<std::string> edit(const Interaction& to, const BotReply& reply, TimePoint deadline);
    // One more message.
    Result<std::string> follow_up(const Interaction& to, const BotReply& reply, TimePoint deadline);

private:
    [[nodiscard]] FirstAnswer answer_first(const Interaction& to, std::string body,
                                           TimePoint deadline);

    rest::DiscordRest& discord_;
};

}  // namespace tutti::services::bot::interactions
