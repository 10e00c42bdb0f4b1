// How many tokens a text takes depends on the model; four bytes for one is on the safe side of
// most, and the newest messages are what is kept.
#include "ai-worker/reply/prompt.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "common/process/text.hpp"
#include "tutti/json.hpp"

namespace tutti::services::worker::reply {
namespace {

using handlers::HistoryMessage;
using handlers::JobPersonality;
using handlers::ReplyJob;
using providers::PromptMessage;

constexpr double temperature_default = 0.7;
constexpr std::int64_t max_tokens_default = 4096;
constexpr std::int64_t context_window_default = 131'072;
constexpr std::int64_t context_window_max = 1'000'000'000;
constexpr std::size_t bytes_per_token = 4;
constexpr std::string_view user_placeholder = "{user}";
// Discord's names have 32 characters. A longer one, as often as a text may name it, is more than
// there is memory.
constexpr std::size_t user_name_bytes_max = 32 * 4UL;

struct Section {
    const char* title;  // empty: none
    std::optional<std::string> JobPersonality::* text;
};
constexpr std::array sections{
    Section{"", &JobPersonality::system_prompt},
    Section{"Character", &JobPersonality::character_info},
    Section{"Traits", &JobPersonality::personality_traits},
    Section{"Tone", &JobPersonality::personality_tone},
    Section{"Age", &JobPersonality::personality_age},
    Section{"Appearance", &JobPersonality::personality_appearance},
    Section{"Likes", &JobPersonality::personality_likes},
    Section{"Dislikes", &JobPersonality::personality_dislikes},
    Section{"Goals in conversation", &JobPersonality::conversational_goals},
    Section{"Examples of conversation", &JobPersonality::conversational_examples},
};

// In one pass: a text may be all placeholders.
std::string with_user(std::string_view text, std::string_view user) {
    std::string written;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        const std::size_t found = text.find(user_placeholder, at);
        written += text.substr(at, found - at);
        if (found == std::string_view::npos) break;
        written += user;
        at = found + user_placeholder.size();
    }
    return written;
}

std::string system_text(const ReplyJob& job) {
    const std::string name = job.context.user_name.value_or("the user");
    const std::string_view user = process::cut_utf8(name, user_name_bytes_max);
    std::string prompt;
    for (const auto& [title, member] : sections) {
        const auto& text = job.personality.*member;
        if (!text || text->empty()) continue;
        prompt += prompt.empty() ? "" : "\n\n";
        if (*title != '\0') prompt.append(title).append(":\n");
        prompt += with_user(*text, user);
    }
    if (prompt.empty()) {
        prompt = "You are " + job.personality.display_name.value_or(job.personality.name) + '.';
    }
    return prompt;
}

void append_lines(std::string& to, const MediaLines& media, std::int64_t number) {
    const auto lines = media.find(number);
    if (lines == media.end()) return;
    for (const std::string& line : lines->second) {
        to += to.empty() ? "" : "\n";
        to += line;
    }
}

std::string user_text(const ReplyJob& job, const MediaLines& media) {
    std::string text = job.message;
    append_lines(text, media, 0);
    std::int64_t place = 0;
    for (const auto& reference :
         job.context.referenced_messages.value_or(std::vector<handlers::JobReference>())) {
        ++place;
        const std::int64_t number = reference.reference_number.value_or(place);
        text += "\n\n[Reference " + std::to_string(number) + "] " +
                reference.author_username.value_or("somebody") + ": " +
                reference.content.value_or("");
        append_lines(text, media, number);
    }
    return text;
}

// The newest that fit, in their order.
std::vector<PromptMessage> history(const ReplyJob& job, std::size_t room_bytes) {
    std::vector<PromptMessage> kept;
    const auto all = job.context.conversation_history.value_or(std::vector<HistoryMessage>());
    for (auto message = all.rbegin(); message != all.rend(); ++message) {
        const bool said = message->role == "user" || message->role == "assistant";
        if (!said || !message->content || message->content->empty()) continue;
        if (message->content->size() > room_bytes) break;
        room_bytes -= message->content->size();
        kept.push_back({.role = message->role, .content = *message->content});
    }
    std::ranges::reverse(kept);
    return kept;
}

// The numbers are a user's: any.
std::size_t room_for_history(const JobPersonality& personality, std::size_t taken_bytes) {
    const auto tokens = [](std::optional<std::int64_t> set, std::int64_t usual) {
        return std::clamp<std::int64_t>(set.value_or(usual), 0, context_window_max);
    };
    const std::int64_t window = tokens(personality.context_window_tokens, context_window_default);
    const std::int64_t reply = tokens(personality.max_tokens, max_tokens_default);
    const auto bytes = static_cast<std::size_t>(window - std::min(window, reply)) * bytes_per_token;
    return bytes - std::min(bytes, taken_bytes);
}

// Of "image-<request>-ref<n>-image": n, else 0.
std::int64_t reference_of(std::string_view job_id, const std::string& request_id) {
    const std::string mark = request_id + "-ref";
    const std::size_t found = job_id.find(mark);
    if (found == std::string_view::npos) return 0;
    const std::string_view digits = job_id.substr(found + mark.size());
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

bool add_image(const std::string& result, MediaLines& to) {
    const auto image = json::read<handlers::ImageResult>(result);
    if (!image) return false;
    auto& lines = to[image->source_reference_number.value_or(0)];
    for (const auto& one : image->descriptions) lines.push_back("[Image: " + one.description + ']');
    if (image->error) lines.emplace_back("[There are images that could not be described]");
    return true;
}

bool add_recording(const std::string& result, MediaLines& to) {
    const auto audio = json::read<handlers::AudioResult>(result);
    if (!audio) return false;
    to[audio->source_reference_number.value_or(0)].push_back("[Voice message: " + audio->content +
                                                             ']');
    return true;
}

}  // namespace

MediaLines media_lines(const std::vector<jobs::ChildEnd>& children, const std::string& request_id) {
    MediaLines lines;
    for (const jobs::ChildEnd& child : children) {
        const bool is_image = child.name == jobs::image_job;
        const auto* completed = std::get_if<jobs::Completed>(&child.outcome);
        if (completed != nullptr && (is_image ? add_image(completed->result, lines)
                                              : add_recording(completed->result, lines))) {
            continue;
        }
        lines[reference_of(child.job_id, request_id)].emplace_back(
            is_image ? "[There are images that could not be described]"
                     : "[There is a voice message that could not be understood]");
    }
    return lines;
}

providers::ReplyRequest make_request(const ReplyJob& job, const MediaLines& media,
                                     const std::optional<std::string>& model) {
    const JobPersonality& personality = job.personality;
    providers::ReplyRequest request{
        .model = model.value_or(personality.model_or_default()),
        .messages = {{.role = "system", .content = system_text(job)}},
        .temperature = personality.temperature.value_or(temperature_default),
        .max_tokens = personality.max_tokens.value_or(max_tokens_default),
        .top_p = personality.top_p,
        .top_k = personality.top_k,
        .frequency_penalty = personality.frequency_penalty,
        .presence_penalty = personality.presence_penalty,
        .repetition_penalty = personality.repetition_penalty};
    std::string asked = user_text(job, media);
    const std::size_t taken = request.messages.front().content.size() + asked.size();
    for (PromptMessage& message : history(job, room_for_history(personality, taken))) {
        request.messages.push_back(std::move(message));
    }
    request.messages.push_back({.role = "user", .content = std::move(asked)});
    return request;
}

}  // namespace tutti::services::worker::reply
