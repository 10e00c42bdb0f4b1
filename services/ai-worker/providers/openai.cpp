#include "ai-worker/providers/openai.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "ai-worker/providers/completions.hpp"
#include "tutti/json.hpp"

namespace tutti::services::worker::providers {
namespace {

constexpr const char* question =
    "Describe this picture in detail for somebody who cannot see it: what it shows, text in it "
    "word for word, and its mood. Answer with the description alone.";
constexpr std::int64_t description_tokens_max = 1024;

struct ImageUrl {
    std::string url;
};
BOOST_DESCRIBE_STRUCT(ImageUrl, (), (url))

struct ContentPart {
    std::string type;
    std::optional<std::string> text;
    std::optional<ImageUrl> image_url;
};
BOOST_DESCRIBE_STRUCT(ContentPart, (), (type, text, image_url))

struct VisionMessage {
    std::string role;
    std::vector<ContentPart> content;
};
BOOST_DESCRIBE_STRUCT(VisionMessage, (), (role, content))

struct VisionBody {
    std::string model;
    std::vector<VisionMessage> messages;
    std::int64_t max_tokens = 0;
};
BOOST_DESCRIBE_STRUCT(VisionBody, (), (model, messages, max_tokens))

struct SpeechAnswer {
    std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(SpeechAnswer, (), (text))

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // with the end that OpenSSL writes
    const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                         reinterpret_cast<const unsigned char*>(bytes.data()),
                                         static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

// A type as it may stand in a URL and in a header; what is none says nothing about the file.
std::string safe_type(const std::string& content_type) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/-+.").contains(c);
    };
    const std::string type = content_type.substr(0, content_type.find(';'));
    return !type.empty() && std::ranges::all_of(type, good) ? type : "application/octet-stream";
}

// Of a file in a multipart header: what could end the quotes or the line is replaced.
std::string safe_name(std::string name) {
    std::ranges::replace_if(
        name, [](char c) { return c < ' ' || c == '"' || c == '\\' || c == '\x7f'; }, '_');
    return name.empty() ? "recording" : name;
}

void append_part(std::string& body, const std::string& boundary, const std::string& disposition,
                 std::string_view content) {
    body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; ");
    body.append(disposition).append("\r\n\r\n").append(content).append("\r\n");
}

}  // namespace
}  // namespace tutti::services::worker::providers

// The endpoint's own spelling.
namespace tutti::json {
template <>
inline constexpr auto naming<services::worker::providers::ReplyRequest> = Naming::as_is;
template <>
inline constexpr auto naming<services::worker::providers::ContentPart> = Naming::as_is;
template <>
inline constexpr auto naming<services::worker::providers::VisionBody> = Naming::as_is;
}  // namespace tutti::json

namespace tutti::services::worker::providers {

Answered<std::string> OpenAiChat::reply(const ReplyRequest& request, const process::Secret& key,
                                        TimePoint deadline) {
    const auto answer = upstream_.post({.path = completions_path,
                                        .content_type = "application/json",
                                        .body = json::write(request)},
                                       key, deadline);
    if (!answer) return std::unexpected(answer.error());
    return read_completion(*answer, "llm");
}

Answered<std::string> OpenAiVision::describe(const std::string& model, const File& picture,
                                             const process::Secret& key, TimePoint deadline) {
    const VisionBody body{
        .model = model,
        .messages = {{.role = "user",
                      .content = {{.type = "text", .text = question, .image_url = {}},
                                  {.type = "image_url",
                                   .text = {},
                                   .image_url = ImageUrl{"data:" + safe_type(picture.content_type) +
                                                         ";base64," + base64(picture.bytes)}}}}},
        .max_tokens = description_tokens_max};
    const auto answer = upstream_.post(
        {.path = completions_path, .content_type = "application/json", .body = json::write(body)},
        key, deadline);
    if (!answer) return std::unexpected(answer.error());
    return read_completion(*answer, "vision");
}

Answered<std::string> OpenAiSpeech::transcribe(const File& recording, TimePoint deadline) {
    const std::string boundary = process::Secret::random().reveal();
    std::string body;
    append_part(body, boundary, "name=\"model\"", model_);
    append_part(body, boundary, "name=\"response_format\"", "json");
    append_part(body, boundary,
                "name=\"file\"; filename=\"" + safe_name(recording.name) +
                    "\"\r\nContent-Type: " + safe_type(recording.content_type),
                recording.bytes);
    body.append("--").append(boundary).append("--\r\n");
    const auto answer = upstream_.post({.path = "/audio/transcriptions",
                                        .content_type = "multipart/form-data; boundary=" + boundary,
                                        .body = std::move(body)},
                                       {}, deadline);
    if (!answer) return std::unexpected(answer.error());
    const auto failed = [](FailureCategory category, std::string cause) {
        return std::unexpected(ProviderFailure{
            .error = {Errc::load_failed, "transcription", std::move(cause)}, .category = category});
    };
    auto read = json::read<SpeechAnswer>(*answer);
    if (!read && !answer->empty()) {
        return failed(FailureCategory::unknown, "the answer cannot be read");
    }
    if (!read || !read->text || read->text->empty()) {
        return failed(FailureCategory::empty, "the answer is empty");
    }
    return *std::move(read->text);
}

}  // namespace tutti::services::worker::providers
