#include "bot-client/addressed.hpp"

#include <array>
#include <cstddef>

#include "common/process/logging.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::bot {
namespace {

bool is_part_of_word(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// "a@b" is an address, and "<@1>" is Discord's own mention.
bool may_begin_mention(std::string_view text, std::size_t at) {
    return at == 0 || (!is_part_of_word(text[at - 1]) && text[at - 1] != '<');
}

// How long the name is that `text` (in lower case) begins with; 0: it does not.
std::size_t length_of_name(std::string_view text, const std::string& name) {
    const bool begins = !name.empty() && text.starts_with(to_lower(name));
    const bool ends = begins && (text.size() == name.size() || !is_part_of_word(text[name.size()]));
    return ends ? name.size() : 0;
}

struct Match {
    const domain::PersonalitySummary* personality = nullptr;
    std::size_t length = 0;
};

Match longest_match(std::string_view text,
                    const std::vector<domain::PersonalitySummary>& personalities) {
    static const std::string none;
    Match best;
    for (const domain::PersonalitySummary& one : personalities) {
        const std::string& display = one.display_name ? *one.display_name : none;
        for (const std::string* name : std::array{&display, &one.name, &one.slug}) {
            const std::size_t length = length_of_name(text, *name);
            if (length > best.length) best = {.personality = &one, .length = length};
        }
    }
    return best;
}

}  // namespace

std::optional<Mention> mention_in(std::string_view text,
                                  const std::vector<domain::PersonalitySummary>& personalities) {
    const std::string lower = to_lower(text);
    for (std::size_t at = lower.find('@'); at != std::string::npos; at = lower.find('@', at + 1)) {
        if (!may_begin_mention(text, at)) continue;
        const Match found = longest_match(std::string_view(lower).substr(at + 1), personalities);
        if (found.personality == nullptr) continue;
        std::string rest(text.substr(0, at));
        rest += text.substr(at + 1 + found.length);
        const std::size_t first = rest.find_first_not_of(" ,:\t\r\n");
        return Mention{.slug = found.personality->slug,
                       .rest = first == std::string::npos ? "" : rest.substr(first)};
    }
    return std::nullopt;
}

Result<bool> ReplyToPersonality::process(MessageContext& context) {
    const Message& message = context.message;
    if (message.answered_webhook_message.empty()) return false;
    const auto slug = parts_.speaker(message.answered_webhook_message);
    if (!slug) {
        log::warn("it is not known who has said a message",
                  "message " + message.answered_webhook_message + ": " + slug.error().message());
        context.is_undecided = true;
        return false;
    }
    if (!*slug) return false;
    const auto personality = parts_.personality(**slug, message.author_id);
    if (!personality) return fail(personality.error());
    if (!*personality) return false;
    return answer_as(parts_.handler, context, (*personality)->personality, false);
}

Result<bool> MentionedPersonality::process(MessageContext& context) {
    const Message& message = context.message;
    if (!message.content.contains('@')) return false;
    const auto list = parts_.personalities(message.author_id);
    if (!list) {
        log::warn("who is mentioned is not known", list.error().message());
        context.is_undecided = true;
        return false;
    }
    const auto mention =
        list->found() ? mention_in(message.content, **list) : std::optional<Mention>();
    if (!mention) return false;
    const auto personality = parts_.personality(mention->slug, message.author_id);
    if (!personality) return fail(personality.error());
    if (!*personality) return false;
    return answer_as(parts_.handler, context, (*personality)->personality, false, mention->rest);
}

Result<bool> MentionedBot::process(MessageContext& context) {
    if (!context.message.mentions_bot) return false;
    auto sent = context.replies.send(
        {.content = "Write @ and the name of a personality to talk to it, reply to what it has "
                    "said, or use /character chat. /channel activate lets one answer every "
                    "message of a channel.",
         .mentions_author = false});
    if (!sent) return fail(std::move(sent).error());
    return true;
}

}  // namespace tutti::services::bot
