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

#include "common/net/attachment_hosts.hpp"
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
    std::vector<Attachment> attachments;  // those on allowed hosts; others are left out
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

    // `hosts`: that attachments may be on. Errors: protocol; the cause names every problem with its
    // path and repeats no value.
    [[nodiscard]] static Result<GenerateRequest> parse(
        std::string_view body, const net::AttachmentHosts& hosts = net::AttachmentHosts());
};

// A recording that is wanted as text.
struct TranscribeRequest {
    Attachment attachment;  // the first of the body; others are ignored
    std::string user_id = "system";

    // Errors: as above.
    [[nodiscard]] static Result<TranscribeRequest> parse(
        std::string_view body, const net::AttachmentHosts& hosts = net::AttachmentHosts());
};

// JSON with the members of every object sorted by name.
[[nodiscard]] std::string canonical_json(const boost::json::value& value);

}  // namespace tutti::services::gateway::jobs
