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
    // Returns the id of the job whose result will be said. Blocking, within a deadline of its own.
    // Any thread. Errors: suspect: the message may be answered all the same; any other: it is not.
    virtual Result<std::string> handle(const Turn& turn) = 0;
};

}  // namespace tutti::services::bot
