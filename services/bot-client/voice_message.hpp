// A voice message is written down, and what was said is shown as a reply to it; then the chain goes
// on with the text. Off unless AUTO_TRANSCRIBE_VOICE is set: a worker transcribes anyway what a
// personality is to answer.
//
// Of two bots that see the same message one writes it down; the other goes on without the text.
// When it cannot be written down, the chain goes on as well.
//
// Thread-safety: as MessageProcessor. Blocking: as long as the transcription takes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "bot-client/discord.hpp"
#include "bot-client/message_chain.hpp"
#include "bot-client/own_ids.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

[[nodiscard]] bool is_voice_message(const Message& message);

class VoiceMessage final : public MessageProcessor {
public:
    struct Parts {
        std::function<Result<std::string>(const Attachment& recording)> transcribe;
        ClaimAnswer claim;
    };

    explicit VoiceMessage(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] std::string_view name() const override { return "voice-message"; }
    Result<bool> process(MessageContext& context) override;

private:
    Parts parts_;
};

}  // namespace tutti::services::bot
