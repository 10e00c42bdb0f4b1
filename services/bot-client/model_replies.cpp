#include "bot-client/model_replies.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot {
namespace {

constexpr std::size_t content_units_max = 2000;  // of Discord

// The endpoint's own spelling.
struct ChatMessage {
    std::string role;
    std::string content;
};
BOOST_DESCRIBE_STRUCT(ChatMessage, (), (role, content))

struct ChatRequest {
    std::string model;
    std::vector<ChatMessage> messages;
    double temperature = 0.0;
    std::int64_t max_tokens = 0;
};
BOOST_DESCRIBE_STRUCT(ChatRequest, (), (model, messages, temperature, max_tokens))

struct ChatChoice {
    ChatMessage message;
};
BOOST_DESCRIBE_STRUCT(ChatChoice, (), (message))

struct ChatResponse {
    std::vector<ChatChoice> choices;
};
BOOST_DESCRIBE_STRUCT(ChatResponse, (), (choices))

std::string system_prompt(const domain::Personality& personality) {
    std::string prompt = personality.system_prompt;
    for (const std::string* part : {&personality.character_info, &personality.personality_traits}) {
        if (part->empty()) continue;
        prompt += prompt.empty() ? "" : "\n\n";
        prompt += *part;
    }
    return prompt;
}

}  // namespace
}  // namespace tutti::services::bot

template <>
inline constexpr auto tutti::json::naming<tutti::services::bot::ChatRequest> =
    tutti::json::Naming::as_is;

namespace tutti::services::bot {

Result<void> ModelReplies::handle(const Turn& turn, ReplySink& replies) {
    std::string content = "**" + shown_as_is(turn.personality.shown_name()) +
                          "** is here, but no model is configured (LLM_BASE_URL is not set).";
    if (options_.base_url) {
        auto answer = ask(turn);
        if (!answer) return fail(std::move(answer).error());
        content = *std::move(answer);
    }
    const auto sent = replies.send({.content = shortened(std::move(content), content_units_max)});
    if (!sent) log::warn("a reply was not sent", sent.error().message());
    return {};
}

Result<std::string> ModelReplies::ask(const Turn& turn) const {
    const domain::Personality& personality = turn.personality;
    http::Request request{.method = "POST", .path = "/chat/completions"};
    request.headers.set("Content-Type", "application/json");
    if (options_.api_key)
        request.headers.set("Authorization", "Bearer " + options_.api_key->reveal());
    request.body = json::write(ChatRequest{
        .model = options_.model.value_or(personality.model),
        .messages = {{.role = "system", .content = system_prompt(personality)},
                     {.role = "user", .content = turn.text}},
        .temperature = personality.temperature,
        .max_tokens = personality.max_tokens,
    });
    const auto response = send_(*options_.base_url, request, Boottime::now() + options_.deadline);
    if (!response) return fail(response.error());
    if (!response->ok()) {
        return fail(Errc::load_failed, "ask the model", "HTTP " + std::to_string(response->status));
    }
    auto body = json::read<ChatResponse>(response->body);
    if (!body) return fail(Errc::protocol, "ask the model", body.error().cause);
    if (body->choices.empty() || body->choices.front().message.content.empty()) {
        return fail(Errc::protocol, "ask the model", "the answer is empty");
    }
    return std::move(body->choices.front().message.content);
}

}  // namespace tutti::services::bot
