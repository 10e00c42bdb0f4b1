#include "bot-client/asked_replies.hpp"

#include <utility>

#include "bot-client/gateway_loaders.hpp"

namespace tutti::services::bot {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

SentAttachment sent_attachment(const Attachment& attachment) {
    return {.url = attachment.url,
            .content_type = attachment.content_type.empty() ? "application/octet-stream"
                                                            : attachment.content_type,
            .id = unless_empty(attachment.id),
            .name = unless_empty(attachment.name),
            .is_voice_message = attachment.is_voice_message ? std::optional(true) : std::nullopt};
}

namespace {

std::optional<std::vector<SentAttachment>> sent(const std::vector<Attachment>& attachments) {
    if (attachments.empty()) return std::nullopt;
    std::vector<SentAttachment> all;
    all.reserve(attachments.size());
    for (const Attachment& one : attachments) all.push_back(sent_attachment(one));
    return all;
}

// What it answers first, then what it forwards.
std::optional<std::vector<SentReference>> references(const Message& message) {
    std::vector<SentReference> all;
    for (const auto* quoted : {&message.answered, &message.forwarded}) {
        for (const QuotedMessage& one : *quoted) {
            all.push_back({.reference_number = static_cast<std::int64_t>(all.size()) + 1,
                           .author_username = unless_empty(one.author_name),
                           .content = one.content,
                           .attachments = sent(one.attachments)});
        }
    }
    if (all.empty()) return std::nullopt;
    return all;
}

std::optional<std::vector<SentSpoken>> spoken_before(const Message& message) {
    if (message.conversation.empty()) return std::nullopt;
    std::vector<SentSpoken> all;
    all.reserve(message.conversation.size());
    for (const SpokenBefore& one : message.conversation) {
        all.push_back({.role = one.role, .content = one.content});
    }
    return all;
}

// A 503 says that this request has queued nothing; the one that has may be another bot's, whose job
// the queue does not know yet.
bool may_have_queued(const GatewayFailure& failure) {
    const bool was_refused = failure.kind == GatewayFailure::Kind::http && failure.status == 503;
    return failure.outcome_unknown() && !was_refused;
}

}  // namespace

GenerateBody generate_body(const Turn& turn) {
    const Message& message = turn.message;
    return {.personality = turn.personality,
            .message = {.content = turn.text},
            .context = {.user_id = message.author_id,
                        .user_name = unless_empty(message.author_name),
                        .channel_id = message.channel_id,
                        .server_id = unless_empty(message.guild_id),
                        .message_id = message.id,
                        .conversation_history = spoken_before(message),
                        .attachments = sent(message.attachments),
                        .referenced_messages = references(message),
                        .is_auto_response = turn.auto_response}};
}

Result<std::string> AskedReplies::handle(const Turn& turn) {
    const GenerateBody body = generate_body(turn);
    const TimePoint deadline = Boottime::now() + options_.deadline;
    bool may_be_ours = false;
    bool may_be_answered = false;
    for (int failures = 0;; ++failures) {
        auto queued = gateway_.generate(body, "message-" + turn.message.id, deadline);
        if (queued) {
            // Of a duplicate the bot that asked first takes care.
            if (!queued->success || may_be_ours) {
                awaited_.add(queued->job_id,
                             {.channel = turn.message.channel_id, .reference = turn.message.id});
            }
            return std::move(queued->job_id);
        }
        may_be_ours = may_be_ours || may_have_queued(queued.error());
        may_be_answered = may_be_answered || queued.error().outcome_unknown();
        const Duration wait = net::retry_after(options_.retry, failures);
        const bool may_help = queued.error().passing() && Boottime::now() + wait < deadline;
        if (!may_help || !pause(wait)) {
            return fail(may_be_answered ? Errc::suspect : errc_of(queued.error()),
                        "ask for a reply", queued.error().text);
        }
    }
}

bool AskedReplies::pause(Duration duration) {
    detail::Lock lock(mutex_);
    stops_.wait_for(lock.waiting(), duration, [this]() TUTTI_REQUIRES(mutex_) { return stopped_; });
    return !stopped_;
}

void AskedReplies::stop() {
    const detail::Lock lock(mutex_);
    stopped_ = true;
    stops_.notify_all();
}

}  // namespace tutti::services::bot
