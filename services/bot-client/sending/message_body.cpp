#include "bot-client/sending/message_body.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "bot-client/discord_text.hpp"
#include "bot-client/sending/pieces.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::bot::sending {
namespace {

constexpr std::size_t webhook_name_units_max = 80;
constexpr std::size_t nonce_length_max = 25;

SentEmbed sent(const Embed& embed) {
    SentEmbed body{.title = embed.title, .description = embed.description};
    if (!embed.footer.empty()) body.footer = SentFooter{embed.footer};
    return body;
}

SentRow row_of(const std::vector<Button>& buttons) {
    SentRow row;
    for (const Button& button : buttons) {
        row.components.push_back(
            {.label = button.label, .custom_id = button.custom_id, .disabled = button.disabled});
    }
    return row;
}

// One that is too long for Discord becomes one that is as good.
std::string nonce_of(const std::string& nonce) {
    return nonce.size() <= nonce_length_max ? nonce : sha256_hex(nonce).substr(0, nonce_length_max);
}

}  // namespace

SentMessage answer_body(const BotReply& reply) {
    SentMessage body{.content = reply.content};
    body.embeds.emplace();
    if (reply.embed) body.embeds->push_back(sent(*reply.embed));
    body.components.emplace();
    if (!reply.buttons.empty()) body.components->push_back(row_of(reply.buttons));
    if (reply.ephemeral) body.flags = wire::ephemeral_flag;
    return body;
}

SentMessage channel_body(const LaterReply& reply) {
    SentMessage body{.content = with_name(reply),
                     .allowed_mentions = {.replied_user = reply.mentions_author}};
    if (!reply.message_id.empty()) {
        body.message_reference = SentReference{.message_id = reply.message_id};
    }
    if (!reply.nonce.empty()) {
        body.nonce = nonce_of(reply.nonce);
        body.enforce_nonce = true;
    }
    return body;
}

SentMessage webhook_body(const LaterReply& reply, const Speaker& speaker) {
    SentMessage body{.content = reply.content, .username = webhook_name(speaker.name)};
    if (!speaker.avatar_url.empty()) body.avatar_url = speaker.avatar_url;
    return body;
}

std::string with_name(const LaterReply& reply) {
    if (!reply.speaker) return reply.content;
    std::string text = "**" + shown_as_is(reply.speaker->name) + ":** " + reply.content;
    return utf16_units(text) <= content_units_max ? text : reply.content;
}

std::string webhook_name(const std::string& name) {
    constexpr std::array<std::string_view, 2> refused{"discord", "clyde"};
    std::string shown = shortened(name, webhook_name_units_max - refused.size());
    for (const std::string_view word : refused) {
        for (std::size_t at = 0; (at = to_lower(shown).find(word, at)) != std::string::npos;) {
            shown.insert(at + 1, "-");
            shown = shortened(std::move(shown), webhook_name_units_max);
        }
    }
    const bool blank =
        std::ranges::all_of(shown, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    return blank ? "Tutti" : shown;
}

}  // namespace tutti::services::bot::sending
