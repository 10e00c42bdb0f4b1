#include "provider-stand-in/played_models.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tutti/canonical.hpp"
#include "tutti/json.hpp"

namespace tutti::services::stand_in {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t mark_length = 8;

std::string text_of(const value* from) {
    if (from == nullptr || !from->is_string()) return {};
    return {from->get_string().data(), from->get_string().size()};
}

const object* object_in(const object& from, const char* name) {
    const value* found = from.if_contains(name);
    return found == nullptr ? nullptr : found->if_object();
}

void read_parts(const array& parts, ChatQuestion& to) {
    for (const value& part : parts) {
        if (!part.is_object()) continue;
        if (const object* image = object_in(part.get_object(), "image_url")) {
            to = {.has_picture = true, .text = text_of(image->if_contains("url"))};
            return;
        }
        to.text += text_of(part.get_object().if_contains("text"));
    }
}

http::Response error_answer(int status, const char* code) {
    // As providers do: with words that must not be repeated.
    return http::json_response(
        status, json::serialize(object{
                    {"error", object{{"code", code}, {"message", "as told; key sk-stand-in"}}}}));
}

}  // namespace

Result<ChatQuestion> read_chat_question(std::string_view body) {
    const auto wrong = [] {
        return fail(Errc::protocol, "read completion", "no message in the body");
    };
    const auto parsed = json::parse(body, json::any_length);
    if (!parsed) return fail(parsed.error());
    if (!parsed->is_object()) return wrong();
    const value* messages = parsed->get_object().if_contains("messages");
    if (messages == nullptr || !messages->is_array() || messages->get_array().empty())
        return wrong();
    const value& last = messages->get_array().back();
    if (!last.is_object()) return wrong();
    const value* content = last.get_object().if_contains("content");
    ChatQuestion question;
    if (content != nullptr && content->is_array()) {
        read_parts(content->get_array(), question);
    } else {
        question.text = text_of(content);
    }
    return question;
}

std::string played_reply(const ChatQuestion& question) { return "You said: " + question.text; }

std::string played_description(const ChatQuestion& question) {
    return "a picture (" + sha256_hex(question.text).substr(0, mark_length) + ')';
}

std::string played_transcript(std::string_view multipart) {
    constexpr std::string_view mark = "filename=\"";
    const std::size_t begin = multipart.find(mark);
    if (begin == std::string_view::npos) return "the words of nothing";
    const std::string_view rest = multipart.substr(begin + mark.size());
    return "the words of " + std::string(rest.substr(0, rest.find('"')));
}

http::Response completion(const std::string& text, std::string_view finish_reason) {
    const object message{{"role", "assistant"}, {"content", text}};
    const object choice{
        {"index", 0}, {"message", message}, {"finish_reason", std::string(finish_reason)}};
    return http::json_response(200,
                               json::serialize(object{{"id", "x"}, {"choices", array{choice}}}));
}

http::Response transcript(const std::string& text) {
    return http::json_response(200, json::serialize(object{{"text", text}}));
}

http::Response played_failure(Manner manner) {
    switch (manner) {
    case Manner::auth: return error_answer(401, "invalid_api_key");
    case Manner::quota: return error_answer(429, "insufficient_quota");
    case Manner::credit: return error_answer(402, "payment_required");
    case Manner::rate_limit: return error_answer(429, "rate_limit_exceeded");
    case Manner::server: return error_answer(500, "server_error");
    case Manner::timeout: return error_answer(408, "timeout");
    case Manner::content_policy: return error_answer(400, "content_policy_violation");
    case Manner::media_missing: return error_answer(400, "invalid_image_url");
    case Manner::model_missing: return error_answer(404, "model_not_found");
    case Manner::bad_request: return error_answer(400, "invalid_request_error");
    case Manner::empty: return http::json_response(200, R"({"id":"x","choices":[]})");
    case Manner::unknown: return http::text_response(200, "this is no answer");
    case Manner::censored: return completion("", "content_filter");
    default: return http::json_response(200, "");
    }
}

}  // namespace tutti::services::stand_in
