// What a job's JSON says, as the gateway's job_plan writes it, and what its result says. What a job
// does not need is not read; what users wrote may be anything.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "common/domain/media.hpp"
#include "common/process/secret.hpp"
#include "tutti/error.hpp"
#include "tutti/json/nullable.hpp"

namespace tutti::services::worker::handlers {

struct JobAttachment {
    std::string url;
    std::optional<std::string> original_url;
    std::string content_type;
    std::optional<std::string> name;
    std::optional<std::string> id;

    [[nodiscard]] domain::MediaPlace place() const {
        return {.url = url, .original_url = original_url.value_or("")};
    }
    [[nodiscard]] std::string media_key() const {
        return domain::media_key(id.value_or(""), original_url.value_or(url));
    }
};
BOOST_DESCRIBE_STRUCT(JobAttachment, (), (url, original_url, content_type, name, id))

// As much of a personality as a reply needs. What is missing is as it is everywhere (constants of
// the gateway's own configuration).
struct JobPersonality {
    std::string name;
    std::optional<std::string> display_name;
    std::optional<std::string> slug;
    std::optional<std::string> avatar_url;
    std::optional<std::string> system_prompt;
    std::optional<std::string> character_info;
    std::optional<std::string> personality_traits;
    std::optional<std::string> personality_tone;
    std::optional<std::string> personality_age;
    std::optional<std::string> personality_appearance;
    std::optional<std::string> personality_likes;
    std::optional<std::string> personality_dislikes;
    std::optional<std::string> conversational_goals;
    std::optional<std::string> conversational_examples;
    std::optional<std::string> model;
    std::optional<std::string> vision_model;
    std::optional<double> temperature;
    std::optional<std::int64_t> max_tokens;
    std::optional<std::int64_t> context_window_tokens;
    std::optional<double> top_p;
    std::optional<std::int64_t> top_k;
    std::optional<double> frequency_penalty;
    std::optional<double> presence_penalty;
    std::optional<double> repetition_penalty;

    [[nodiscard]] std::string model_or_default() const {
        return model && !model->empty() ? *model : "anthropic/claude-haiku-4.5";
    }
};
BOOST_DESCRIBE_STRUCT(JobPersonality, (),
                      (name, display_name, slug, avatar_url, system_prompt, character_info,
                       personality_traits, personality_tone, personality_age,
                       personality_appearance, personality_likes, personality_dislikes,
                       conversational_goals, conversational_examples, model, vision_model,
                       temperature, max_tokens, context_window_tokens, top_p, top_k,
                       frequency_penalty, presence_penalty, repetition_penalty))

struct HistoryMessage {
    std::string role;  // user, assistant; others are left out
    std::optional<std::string> content;
};
BOOST_DESCRIBE_STRUCT(HistoryMessage, (), (role, content))

struct JobReference {
    std::optional<std::int64_t> reference_number;  // else its place, from 1
    std::optional<std::string> author_username;
    std::optional<std::string> content;
};
BOOST_DESCRIBE_STRUCT(JobReference, (), (reference_number, author_username, content))

struct ImageJob {
    std::string request_id;
    std::vector<JobAttachment> attachments;
    JobPersonality personality;
    std::optional<std::int64_t> source_reference_number;
    std::optional<std::string> user_api_key;
    std::optional<std::string> traceparent;  // anything: who asked may have written it

    // Errors: protocol, naming what is wrong and repeating no value; too_large.
    [[nodiscard]] static Result<ImageJob> parse(std::string_view data);
};
BOOST_DESCRIBE_STRUCT(ImageJob, (),
                      (request_id, attachments, personality, source_reference_number, user_api_key,
                       traceparent))

struct AudioJob {
    std::string request_id;
    JobAttachment attachment;
    std::optional<std::int64_t> source_reference_number;
    std::optional<std::string> traceparent;

    [[nodiscard]] static Result<AudioJob> parse(std::string_view data);
};
BOOST_DESCRIBE_STRUCT(AudioJob, (), (request_id, attachment, source_reference_number, traceparent))

struct ReplyContext {
    std::string user_id;
    std::optional<std::string> user_name;
    std::optional<std::vector<HistoryMessage>> conversation_history;
    std::optional<std::vector<JobReference>> referenced_messages;
};
BOOST_DESCRIBE_STRUCT(ReplyContext, (),
                      (user_id, user_name, conversation_history, referenced_messages))

struct ReplyJob {
    std::string request_id;
    JobPersonality personality;
    ReplyContext context;
    std::optional<std::string> user_api_key;
    std::optional<std::string> traceparent;
    // The text, or of an object its `content`, or all of it as JSON.
    std::string message;

    [[nodiscard]] static Result<ReplyJob> parse(std::string_view data);
};
BOOST_DESCRIBE_STRUCT(ReplyJob, (), (request_id, personality, context, user_api_key, traceparent))

struct DescribedImage {
    std::string url;
    std::string description;
};
BOOST_DESCRIBE_STRUCT(DescribedImage, (), (url, description))

struct ImageResult {
    std::string request_id;
    bool success = true;
    std::vector<DescribedImage> descriptions;
    std::optional<std::int64_t> source_reference_number;
    std::optional<std::string> error;  // why some are missing
};
BOOST_DESCRIBE_STRUCT(ImageResult, (),
                      (request_id, success, descriptions, source_reference_number, error))

struct AudioResult {
    std::string request_id;
    bool success = true;
    std::string content;
    std::string attachment_url;
    std::optional<std::string> attachment_name;
    std::optional<std::int64_t> source_reference_number;
};
BOOST_DESCRIBE_STRUCT(AudioResult, (),
                      (request_id, success, content, attachment_url, attachment_name,
                       source_reference_number))

struct ReplyMetadata {
    std::string model;
};
BOOST_DESCRIBE_STRUCT(ReplyMetadata, (), (model))

// As whom a bot says the reply.
struct ReplySpeaker {
    std::string name;  // what users see
    std::optional<std::string> slug;
    std::optional<std::string> avatar_url;
};
BOOST_DESCRIBE_STRUCT(ReplySpeaker, (), (name, slug, avatar_url))

struct ReplyResult {
    std::string request_id;
    bool success = true;
    std::string content;
    ReplySpeaker personality;
    ReplyMetadata metadata;
};
BOOST_DESCRIBE_STRUCT(ReplyResult, (), (request_id, success, content, personality, metadata))

}  // namespace tutti::services::worker::handlers
