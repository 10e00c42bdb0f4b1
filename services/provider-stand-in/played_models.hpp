// What the stand-in says in place of models: the same for the same question, so that a test and a
// reader know what must come out.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "provider-stand-in/behaviour.hpp"
#include "tutti/error.hpp"

namespace tutti::services::stand_in {

// What a POST /chat/completions asks for. A message with a picture asks what it shows.
struct ChatQuestion {
    bool has_picture = false;
    std::string text;  // of the last message: what it says, or the picture's URL
};
// Errors: protocol.
[[nodiscard]] Result<ChatQuestion> read_chat_question(std::string_view body);

// Repeats what it was asked.
[[nodiscard]] std::string played_reply(const ChatQuestion& question);
// Names the picture by its bytes: "a picture (3f2a90c1)".
[[nodiscard]] std::string played_description(const ChatQuestion& question);
// Names the file: "the words of note.ogg".
[[nodiscard]] std::string played_transcript(std::string_view multipart);

[[nodiscard]] http::Response completion(const std::string& text, std::string_view finish_reason);
[[nodiscard]] http::Response transcript(const std::string& text);
// Requires: a manner that names a failure, or `blank`.
[[nodiscard]] http::Response played_failure(Manner manner);

}  // namespace tutti::services::stand_in
