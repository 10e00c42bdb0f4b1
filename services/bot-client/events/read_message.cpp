#include "bot-client/events/read_message.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bot-client/discord_wire.hpp"
#include "tutti/json/limits.hpp"

namespace tutti::services::bot::events {
namespace {

constexpr JsonLimits limits{
    .bytes_max = message_frame_bytes_max, .depth_max = 32, .values_max = 20'000};
constexpr std::int64_t ordinary_message = 0;
constexpr std::int64_t reply_message = 19;

std::vector<Attachment> attachments_of(std::optional<std::vector<wire::Attachment>> sent,
                                       bool is_voice = false) {
    std::vector<Attachment> all;
    for (wire::Attachment& one : std::move(sent).value_or(std::vector<wire::Attachment>{})) {
        all.push_back({.url = std::move(one.url),
                       .content_type = std::move(one.content_type).value_or(""),
                       .id = std::move(one.id),
                       .name = std::move(one.filename).value_or(""),
                       .is_voice_message = is_voice});
    }
    return all;
}

QuotedMessage quoted(wire::PlainMessage message) {
    return {.content = std::move(message.content),
            .attachments = attachments_of(std::move(message.attachments)),
            .author_name = message.author.shown_name()};
}

bool is_said_by(const wire::PlainMessage& message, const OwnIds& own) {
    return message.webhook_id && own.known() && message.application_id == own.application_id;
}

bool mentions(const std::optional<std::vector<wire::User>>& users, const std::string& id) {
    return !id.empty() && users &&
           std::ranges::any_of(*users, [&](const wire::User& user) { return user.id == id; });
}

bool has_sound_ids(const wire::Message& message) {
    return is_discord_id(message.id) && is_discord_id(message.channel_id) &&
           is_discord_id(message.author.id) &&
           (!message.guild_id || is_discord_id(*message.guild_id));
}

bool is_said_by_bot(const wire::Message& sent) {
    return sent.author.bot.value_or(false) || sent.webhook_id;
}

// Of whom the message says something.
bool concerns_others(const wire::Message& sent) {
    return (sent.mentions && !sent.mentions->empty()) ||
           (sent.referenced_message && sent.referenced_message->webhook_id);
}

Message made_of(wire::Message sent, const WhoIAm& who_i_am) {
    const OwnIds own = !is_said_by_bot(sent) && concerns_others(sent) ? who_i_am() : OwnIds{};
    const bool is_voice = (sent.flags.value_or(0) & wire::voice_message_flag) != 0;
    Message message{.author_id = sent.author.id,
                    .author_is_bot = is_said_by_bot(sent),
                    .channel_id = std::move(sent.channel_id),
                    .content = std::move(sent.content),
                    .attachments = attachments_of(std::move(sent.attachments), is_voice),
                    .voice_transcript = {},
                    .forwarded = {},
                    .id = std::move(sent.id),
                    .guild_id = std::move(sent.guild_id).value_or(""),
                    .author_name = sent.author.shown_name(),
                    .mentions_bot = mentions(sent.mentions, own.user_id)};
    for (wire::Snapshot& one :
         std::move(sent.message_snapshots).value_or(std::vector<wire::Snapshot>{})) {
        message.forwarded.push_back(
            {.content = std::move(one.message.content).value_or(""),
             .attachments = attachments_of(std::move(one.message.attachments))});
    }
    if (sent.referenced_message) {
        if (is_said_by(*sent.referenced_message, own)) {
            message.answered_webhook_message = sent.referenced_message->id;
        }
        message.answered.push_back(quoted(*std::move(sent.referenced_message)));
    }
    return message;
}

}  // namespace

Result<std::optional<Message>> read_message(std::string_view frame, const WhoIAm& who_i_am) {
    auto sent = wire::read_event<wire::Message>(frame, limits);
    if (!sent) return fail(std::move(sent).error());
    const std::int64_t type = sent->type.value_or(ordinary_message);
    if (type != ordinary_message && type != reply_message) return std::nullopt;
    if (!has_sound_ids(*sent)) {
        return fail(Errc::protocol, "read message", "an id is not as Discord documents it");
    }
    return made_of(*std::move(sent), who_i_am);
}

}  // namespace tutti::services::bot::events
