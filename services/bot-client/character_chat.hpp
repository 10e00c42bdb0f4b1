// `/character chat <personality> <message>`: says something to a personality, in any channel and in
// direct messages. What was said stands in the channel, as the answer to the command; the
// personality's reply follows as any other does.
//
// Thread-safety: all functions may be called from any thread. Blocking: some seconds, with a
// deadline of its own. Shutdown: the parts outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bot-client/discord.hpp"
#include "bot-client/personality_handler.hpp"
#include "common/domain/domain.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

class CharacterChat {
public:
    struct Parts {
        // As PersonalityAccess::find.
        std::function<Result<std::shared_ptr<const domain::GetPersonalityResponse>>(
            const std::string& slug, const std::string& user_id)>
            personality;
        PersonalityHandler& handler;
    };
    // Shows a reply to the command; returns the id of its message.
    using Show = std::function<Result<std::string>(const BotReply& reply)>;

    explicit CharacterChat(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] static bool knows(std::string_view command) noexcept {
        return command == "character chat";
    }
    // Requires: knows(slash.command).
    void run(const Slash& slash, const Show& show) const;

private:
    void ask(const Slash& slash, const domain::Personality& personality, const Show& show) const;

    const Parts parts_;
};

}  // namespace tutti::services::bot
