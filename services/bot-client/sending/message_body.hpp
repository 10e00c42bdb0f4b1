// The body of what the bot sends, whatever route takes it: a message in a channel, through a
// webhook, or as the answer to an interaction.
//
// Nothing in it pings anybody but, on wish, the author of the message that it replies to.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord.hpp"
#include "bot-client/discord_wire.hpp"

namespace tutti::services::bot::sending {

struct SentFooter {
    using on_discords_wire = void;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(SentFooter, (), (text))

struct SentEmbed {
    using on_discords_wire = void;
    std::string title;
    std::string description;
    std::optional<SentFooter> footer{};
};
BOOST_DESCRIBE_STRUCT(SentEmbed, (), (title, description, footer))

struct SentButton {
    using on_discords_wire = void;
    std::int64_t type = 2;
    std::int64_t style = 2;  // grey
    std::string label;
    std::string custom_id;
    bool disabled = false;
};
BOOST_DESCRIBE_STRUCT(SentButton, (), (type, style, label, custom_id, disabled))

struct SentRow {
    using on_discords_wire = void;
    std::int64_t type = 1;
    std::vector<SentButton> components;
};
BOOST_DESCRIBE_STRUCT(SentRow, (), (type, components))

struct SentReference {
    using on_discords_wire = void;
    std::string message_id;
    bool fail_if_not_exists = false;  // one that was deleted meanwhile is answered all the same
};
BOOST_DESCRIBE_STRUCT(SentReference, (), (message_id, fail_if_not_exists))

struct SentMessage {
    using on_discords_wire = void;
    std::string content;
    wire::AllowedMentions allowed_mentions{};
    std::optional<std::vector<SentEmbed>> embeds{};
    std::optional<std::vector<SentRow>> components{};
    std::optional<std::int64_t> flags{};
    std::optional<SentReference> message_reference{};
    std::optional<std::string> nonce{};
    std::optional<bool> enforce_nonce{};
    // Of a webhook:
    std::optional<std::string> username{};
    std::optional<std::string> avatar_url{};
};
BOOST_DESCRIBE_STRUCT(SentMessage, (),
                      (content, allowed_mentions, embeds, components, flags, message_reference,
                       nonce, enforce_nonce, username, avatar_url))

// As the answer to an interaction; embeds and buttons are there even when there are none, so that
// an edit takes away what was there before.
[[nodiscard]] SentMessage answer_body(const BotReply& reply);

// As a message of the bot's own.
[[nodiscard]] SentMessage channel_body(const LaterReply& reply);
// As a message of a personality's, through a webhook.
[[nodiscard]] SentMessage webhook_body(const LaterReply& reply, const Speaker& speaker);

// What stands for a personality's name where the bot speaks itself: "**Name:** ...". The content
// as it is when both together are too long.
[[nodiscard]] std::string with_name(const LaterReply& reply);

// A name as Discord takes it for a webhook: 1 to 80 characters, none of the words that it refuses.
[[nodiscard]] std::string webhook_name(const std::string& name);

}  // namespace tutti::services::bot::sending
