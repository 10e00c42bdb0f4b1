#include "bot-client/sending/discord_sender.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/discord_wire.hpp"
#include "bot-client/rest/answer_facts.hpp"
#include "bot-client/rest/route.hpp"
#include "bot-client/sending/message_body.hpp"
#include "common/http/message.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot::sending {
namespace {

constexpr std::int64_t invalid_webhook_token = 50027;
constexpr const char* read_back_max = "100";
constexpr JsonLimits answer_limits{
    .bytes_max = 8UL << 20U, .depth_max = 64, .values_max = 1UL << 18U};

std::int64_t error_code(const http::Response& response) {
    const auto body = json::read<wire::ErrorAnswer>(response.body, JsonLimits{});
    return body ? body->code : 0;
}

// What is known when the call itself failed: only when nothing of it was sent it was not said.
std::unexpected<Error> not_answered(rest::CallFailure failure) {
    Error error = std::move(failure.error);
    const bool may_be_said = failure.begun;
    switch (error.code) {
    case Errc::stopped:
    case Errc::unavailable:
    case Errc::overloaded:
        if (may_be_said) error.code = Errc::timeout;
        break;
    case Errc::timeout:
        if (!may_be_said) error.code = Errc::unavailable;
        break;
    default: break;
    }
    return fail(std::move(error));
}

Result<std::string> message_id_of(rest::CallResult<http::Response> answer,
                                  const std::string& operation) {
    if (!answer) return not_answered(std::move(answer).error());
    const http::Response& response = *answer;
    if (response.ok()) {
        auto message = json::read<wire::MessageId>(response.body, answer_limits);
        if (!message) return fail(Errc::protocol, operation, message.error().cause);
        return std::move(message->id);
    }
    // Discord may have done it before it failed.
    const Errc code = response.status >= 500 ? Errc::timeout : Errc::refused;
    return fail(code, operation,
                "Discord answered " + std::to_string(response.status) + ", code " +
                    std::to_string(error_code(response)));
}

bool is_of_bot(const wire::PlainMessage& message, const OwnIds& own) {
    return message.author.id == own.user_id || message.application_id == own.application_id;
}

}  // namespace

Result<std::string> DiscordSender::say(const LaterReply& reply, TimePoint deadline) {
    auto said = say_somehow(reply, deadline);
    if (!said) {
        ++failed_;
        return said;
    }
    if (reply.speaker) parts_.said(*said, *reply.speaker);
    return said;
}

Result<std::string> DiscordSender::say_somehow(const LaterReply& reply, TimePoint deadline) {
    if (reply.speaker) {
        auto said = say_by_webhook(reply, deadline);
        if (!said) return fail(std::move(said).error());
        if (*said) {
            ++by_webhook_;
            return **std::move(said);
        }
    }
    auto said = say_by_bot(reply, deadline);
    if (said) ++by_bot_;
    return said;
}

Result<std::string> DiscordSender::say_by_bot(const LaterReply& reply, TimePoint deadline) {
    auto route = rest::Route::make("POST", "/channels/{}/messages", {reply.channel_id});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    using Repeat = rest::RestCall::Repeat;
    return message_id_of(
        parts_.discord.call({.route = *std::move(route),
                             .body = json::write(channel_body(reply)),
                             .repeat = reply.nonce.empty() ? Repeat::by_method : Repeat::by_nonce},
                            deadline),
        operation);
}

Result<std::optional<std::string>> DiscordSender::say_by_webhook(const LaterReply& reply,
                                                                 TimePoint deadline) {
    const auto place = parts_.places.find(reply.channel_id, deadline);
    if (!place) return fail(place.error());
    if (place->guild_id.empty()) return std::nullopt;
    const std::string& channel = place->thread_of.empty() ? reply.channel_id : place->thread_of;
    bool gone = false;
    auto said = try_webhook(reply, *place, channel, deadline, gone);
    if (!gone) return said;
    parts_.forget_webhook(channel);
    return try_webhook(reply, *place, channel, deadline, gone);
}

Result<std::optional<std::string>> DiscordSender::try_webhook(const LaterReply& reply,
                                                              const events::ChannelPlace& place,
                                                              const std::string& webhook_channel,
                                                              TimePoint deadline, bool& gone) {
    const auto webhook = parts_.webhook(webhook_channel, deadline);
    if (!webhook) {
        if (webhook.error().code != Errc::refused) return fail(webhook.error());
        log::warn("a personality speaks without a webhook",
                  "channel " + webhook_channel + ": " + webhook.error().message());
        return std::nullopt;
    }
    auto route =
        rest::Route::make("POST", "/webhooks/{}/{}", {webhook->id, webhook->token.reveal()});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    std::string query = "wait=true";
    if (!place.thread_of.empty()) query += "&thread_id=" + reply.channel_id;
    auto answer = parts_.discord.call({.route = *std::move(route),
                                       .body = json::write(webhook_body(reply, *reply.speaker)),
                                       .query = std::move(query)},
                                      deadline);
    const std::int64_t code = answer && !answer->ok() ? error_code(*answer) : 0;
    gone = code == rest::unknown_webhook || code == invalid_webhook_token ||
           (!answer && answer.error().error.code == Errc::refused);
    auto said = message_id_of(std::move(answer), operation);
    if (!said) return fail(std::move(said).error());
    return *std::move(said);
}

Result<std::optional<std::string>> DiscordSender::find(const LaterReply& reply,
                                                       TimePoint deadline) {
    auto route = rest::Route::make("GET", "/channels/{}/messages", {reply.channel_id});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    const auto own = parts_.identity.find();
    if (!own) return fail(own.error());
    std::string query = std::string("limit=") + read_back_max;
    if (!reply.follows.empty()) query += "&after=" + reply.follows;
    const auto answer =
        parts_.discord.call({.route = *std::move(route), .query = std::move(query)}, deadline);
    if (!answer) return fail(answer.error().error);
    if (!answer->ok()) {
        return fail(Errc::unavailable, operation,
                    "Discord answered " + std::to_string(answer->status));
    }
    const auto messages = json::read<std::vector<wire::PlainMessage>>(answer->body, answer_limits);
    if (!messages) return fail(messages.error());
    const std::string named = with_name(reply);
    const auto found = std::ranges::find_if(*messages, [&](const wire::PlainMessage& message) {
        return is_of_bot(message, *own) &&
               (message.content == reply.content || message.content == named);
    });
    ++(found == messages->end() ? not_found_ : found_);
    if (found == messages->end()) return std::nullopt;
    return found->id;
}

void DiscordSender::show_typing(const std::string& channel_id, TimePoint deadline) {
    auto route = rest::Route::make("POST", "/channels/{}/typing", {channel_id});
    if (!route) return;
    const auto shown = parts_.discord.call({.route = *std::move(route)}, deadline);
    if (!shown) log::debug("typing is not shown: " + shown.error().error.message());
}

DiscordSender::Figures DiscordSender::figures() const {
    return {.by_webhook = by_webhook_,
            .by_bot = by_bot_,
            .failed = failed_,
            .found = found_,
            .not_found = not_found_};
}

}  // namespace tutti::services::bot::sending
