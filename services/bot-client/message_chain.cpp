#include "bot-client/message_chain.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "bot-client/apologies.hpp"
#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

template <class AnyMessage>
bool says_something(const AnyMessage& message) {
    return !message.content.empty() || !message.attachments.empty();
}

std::string spoken(const Message& message) {
    if (!message.voice_transcript.empty()) return message.voice_transcript;
    if (!message.content.empty() || message.forwarded.empty()) return message.content;
    return message.forwarded.front().content;
}

void send_or_log(ReplySink& replies, BotReply reply) {
    if (const auto sent = replies.send(std::move(reply)); !sent) {
        log::warn("a reply was not sent", sent.error().message());
    }
}

// What a processor throws is a failure of that processor.
Result<bool> guarded(MessageProcessor& processor, MessageContext& context) {
    try {
        return processor.process(context);
    } catch (const std::exception& error) {
        return fail(Errc::load_failed, std::string(processor.name()), error.what());
    }
}

}  // namespace

Result<bool> BotAuthorFilter::process(MessageContext& context) {
    return context.message.author_is_bot;
}

Result<bool> EmptyMessageFilter::process(MessageContext& context) {
    const Message& message = context.message;
    return !says_something(message) && message.voice_transcript.empty() &&
           std::ranges::none_of(message.forwarded, says_something<QuotedMessage>);
}

Result<bool> answer_as(PersonalityHandler& handler, MessageContext& context,
                       const domain::Personality& personality, bool auto_response,
                       std::optional<std::string> text) {
    auto job_id = handler.handle({.message = context.message,
                                  .personality = personality,
                                  .text = text ? *std::move(text) : spoken(context.message),
                                  .auto_response = auto_response});
    if (!job_id) {
        context.may_be_answered = job_id.error().code == Errc::suspect;
        return fail(std::move(job_id).error());
    }
    context.job_id = *std::move(job_id);
    return true;
}

Result<bool> ActivatedChannel::process(MessageContext& context) {
    const Message& message = context.message;
    const auto found =
        activation_in(parts_.activation, message.channel_id, message.parent_channel_id);
    if (!found) {
        // Other processors do not need it, and the failure is not cached: the next message asks
        // again.
        log::warn("an activation cannot be read",
                  "channel " + message.channel_id + ": " + found.error().message());
        context.is_undecided = true;
        return false;
    }
    context.activation_tier = found->tier;
    if (found->activation() == nullptr) return false;
    const domain::Activation& activation = *found->activation();

    const auto personality = parts_.personality(activation.personality_slug, message.author_id);
    if (!personality) return fail(personality.error());
    if (!*personality) {
        say_private(activation, context);
        return false;
    }
    return answer_as(parts_.handler, context, (*personality)->personality, true);
}

void ActivatedChannel::say_private(const domain::Activation& activation,
                                   MessageContext& context) const {
    const caches::NotificationKey key{context.message.channel_id, context.message.author_id};
    if (!parts_.notices.try_claim(key)) return;
    const auto sent = context.replies.send(
        {.content =
             "**" + shown_as_is(activation.personality_name) +
             "** is a private personality: it is activated in this channel, but not for you.",
         .mentions_author = false});
    if (sent) return;
    log::warn("a notice was not sent", sent.error().message());
    parts_.notices.release(key);
}

MessageChain::Outcome MessageChain::run(Message message, ReplySink& replies) const {
    MessageContext context{.message = message, .replies = replies, .activation_tier = {}};
    for (const auto& processor : processors_) {
        const auto handled = guarded(*processor, context);
        if (handled && !*handled) continue;
        if (!handled) {
            log::error("a message was not handled", handled.error().message());
            send_or_log(replies, {.content = context.may_be_answered ? apologies::may_be_answered
                                                                     : apologies::not_answered});
        }
        return {.handled_by = processor->name(),
                .failed = !handled,
                .activation_tier = context.activation_tier,
                .job_id = std::move(context.job_id)};
    }
    return {.handled_by = {},
            .failed = false,
            .activation_tier = context.activation_tier,
            .is_undecided = context.is_undecided};
}

}  // namespace tutti::services::bot
