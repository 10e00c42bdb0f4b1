#include "bot-client/voice_message.hpp"

#include <algorithm>
#include <utility>

#include "bot-client/sending/pieces.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

auto recording_in(const Message& message) {
    return std::ranges::find(message.attachments, true, &Attachment::is_voice_message);
}

}  // namespace

bool is_voice_message(const Message& message) {
    return recording_in(message) != message.attachments.end();
}

Result<bool> VoiceMessage::process(MessageContext& context) {
    Message& message = context.message;
    const auto recording = recording_in(message);
    if (recording == message.attachments.end() || !message.voice_transcript.empty()) return false;
    if (!parts_.claim("voice:" + message.id)) return false;
    auto text = parts_.transcribe(*recording);
    if (!text) {
        log::warn("a voice message is not written down",
                  "message " + message.id + ": " + text.error().message());
        return false;
    }
    for (std::string& piece : sending::pieces_of(*text, content_units_max)) {
        const auto sent =
            context.replies.send({.content = std::move(piece), .mentions_author = false});
        if (!sent) log::warn("a transcript is not shown", sent.error().message());
    }
    message.voice_transcript = *std::move(text);
    return false;
}

}  // namespace tutti::services::bot
