// The bodies of POST /ai/generate and /ai/transcribe, checked: what the gateway needs of them as
// members, the rest as it came.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tutti/error.hpp"

namespace tutti::services::gateway::jobs {

struct Attachment {
    enum class Kind : std::uint8_t { audio, image, other };

    std::string url;
    std::string content_type;
    bool is_voice_message = false;
    boost::json::object all;  // with `originalUrl`

    // What kind of work it means: audio for audio/* and voice messages, image for image/*.
    [[nodiscard]] Kind kind() const;
};

struct ReferencedMessage {
    std::int64_t number = 0;              // unique in a request
    std::vector<Attachment> attachments;  // those on Discord's hosts; others are left out
};

struct GenerateRequest {
    std::string personality_name;
    std::string user_id;
    std::optional<std::string> channel_id;
    std::optional<std::string> message_id;  // that the reply answers
    // The text, or the object as JSON with its members sorted: the same message whatever order they
    // came in.
    std::string message_identity;
    std::vector<Attachment> attachments;
    std::vector<ReferencedMessage> references;
    boost::json::object all;  // the body

    // Errors: protocol; the cause names every problem with its path and repeats no value.
    [[nodiscard]] static Result<GenerateRequest> parse(std::string_view body);
};

// A recording that somebody wants as text.
struct TranscribeRequest {
    Attachment attachment;  // the first of the body; others are ignored
    std::string user_id = "system";

    // Errors: as above.
    [[nodiscard]] static Result<TranscribeRequest> parse(std::string_view body);
};

// Whether the gateway may hand this URL on for download: https on Discord's own hosts, without a
// port, credentials or an address in place of the name.
[[nodiscard]] bool is_discord_attachment(std::string_view url);

// JSON with the members of every object sorted by name.
[[nodiscard]] std::string canonical_json(const boost::json::value& value);

}  // namespace tutti::services::gateway::jobs
