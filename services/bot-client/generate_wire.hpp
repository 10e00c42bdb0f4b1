// The bodies of POST /ai/generate and /ai/transcribe as a bot sends them, and what it reads of the
// answers about jobs.
// What is missing is left out.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/domain/domain.hpp"

namespace tutti::services::bot {

struct SentAttachment {
    std::string url;
    std::string content_type;
    std::optional<std::string> id{};
    std::optional<std::string> name{};
    std::optional<bool> is_voice_message{};
};
BOOST_DESCRIBE_STRUCT(SentAttachment, (), (url, content_type, id, name, is_voice_message))

struct SentReference {
    std::int64_t reference_number = 0;  // from 1
    std::optional<std::string> author_username{};
    std::string content;
    std::optional<std::vector<SentAttachment>> attachments{};
};
BOOST_DESCRIBE_STRUCT(SentReference, (), (reference_number, author_username, content, attachments))

struct SentSpoken {
    std::string role;
    std::string content;
};
BOOST_DESCRIBE_STRUCT(SentSpoken, (), (role, content))

struct SentContext {
    std::string user_id;
    std::optional<std::string> user_name{};
    std::string channel_id;
    std::optional<std::string> server_id{};
    std::string message_id;  // that the reply answers
    std::optional<std::vector<SentSpoken>> conversation_history{};
    std::optional<std::vector<SentAttachment>> attachments{};
    std::optional<std::vector<SentReference>> referenced_messages{};
    bool is_auto_response = false;
};
BOOST_DESCRIBE_STRUCT(SentContext, (),
                      (user_id, user_name, channel_id, server_id, message_id, conversation_history,
                       attachments, referenced_messages, is_auto_response))

// An object, because a message that is a picture has no text.
struct SentMessage {
    std::string content;
};
BOOST_DESCRIBE_STRUCT(SentMessage, (), (content))

struct GenerateBody {
    domain::Personality personality;
    SentMessage message;
    SentContext context;
};
BOOST_DESCRIBE_STRUCT(GenerateBody, (), (personality, message, context))

struct TranscribeBody {
    std::vector<SentAttachment> attachments;  // one
};
BOOST_DESCRIBE_STRUCT(TranscribeBody, (), (attachments))

struct Transcript {
    std::string content;
};
BOOST_DESCRIBE_STRUCT(Transcript, (), (content))

struct TranscribedAnswer {
    Transcript result;
};
BOOST_DESCRIBE_STRUCT(TranscribedAnswer, (), (result))

struct QueuedReply {
    std::string job_id;
    std::optional<bool> success{};  // of a duplicate: another request has made the job
};
BOOST_DESCRIBE_STRUCT(QueuedReply, (), (job_id, success))

struct ReplyJob {
    std::string status;
    std::optional<std::string> delivery{};  // of a result for a channel, when it is known

    [[nodiscard]] bool is_delivered() const { return delivery == "DELIVERED"; }
};
BOOST_DESCRIBE_STRUCT(ReplyJob, (), (status, delivery))

}  // namespace tutti::services::bot
