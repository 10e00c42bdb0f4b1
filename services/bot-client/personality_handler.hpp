// Answers as a personality.
#pragma once

#include <string>

#include "bot-client/discord.hpp"
#include "common/domain/domain.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

// One message that a personality answers.
struct Turn {
    const Message& message;
    const domain::Personality& personality;
    std::string text;            // what was said: the transcript of a voice message, or the text
    bool auto_response = false;  // not addressed by name: the channel is activated
};

class PersonalityHandler {
public:
    virtual ~PersonalityHandler() = default;
    // Blocking, within a deadline of its own. Any thread. Errors: nothing was sent.
    virtual Result<void> handle(const Turn& turn, ReplySink& replies) = 0;
};

}  // namespace tutti::services::bot
