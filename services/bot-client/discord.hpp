// The part of Discord that the commands and the message chain know: plain values in, replies out.
// Which wire carries them (the driver now, the gateway of Discord later) is no concern of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

namespace tutti::services::bot {

// A framed text below the content. The description is Discord's markdown, one entry a line.
struct Embed {
    std::string title;
    std::string description;
    std::string footer;
};

struct Button {
    std::string
        custom_id;  // what a press says; at most `custom_id_length_max`, unique in its message
    std::string label;
    bool disabled = false;
};

inline constexpr std::size_t custom_id_length_max = 100;

// Ids of channels, servers and users.
[[nodiscard]] constexpr bool is_discord_id(std::string_view text) noexcept {
    constexpr std::size_t length_max = 20;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= length_max && std::ranges::all_of(text, digit);
}

// Nothing in its texts mentions a user, whatever stands there: what sends it to Discord sets
// `allowed_mentions` to {"parse": [], "replied_user": mentions_author}.
struct BotReply {
    std::string content;
    bool ephemeral = false;       // only the author sees it
    bool mentions_author = true;  // a reply pings whom it replies to
    std::optional<Embed> embed{};
    std::vector<Button> buttons{};  // one row
    bool replaces = false;          // the message whose button was pressed, as a whole
};

// Where replies go. Errors of `send` are for the log: a reply is not repeated.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    virtual Result<void> send(BotReply reply) = 0;
};

// What Discord knows about channels and servers and tells its front ends before they ask. Borrowed
// for one command; what it does not know is empty.
class Directory {
public:
    virtual ~Directory() = default;
    [[nodiscard]] virtual std::optional<std::string> guild_of(
        const std::string& channel_id) const = 0;
    [[nodiscard]] virtual std::optional<std::string> channel_name(
        const std::string& channel_id) const = 0;
    [[nodiscard]] virtual std::optional<std::string> guild_name(
        const std::string& guild_id) const = 0;
};

struct Slash {
    std::string command;      // "channel activate"
    std::string personality;  // the option; empty when it was not given
    std::string user_id;
    std::string channel_id;
    std::string guild_id;  // empty outside of a server
    bool may_manage_messages = false;
    std::string parent_channel_id{};  // empty when the channel is no thread
    bool all = false;                 // the option
};

struct ButtonPress {
    std::string custom_id;  // as it came: check it
    std::string user_id;
    std::string channel_id;
    std::string guild_id;  // empty outside of a server
    bool may_manage_messages = false;
};

struct ForwardedMessage {
    std::string content;
    std::vector<std::string> attachments;
};

struct Message {
    std::string author_id;
    bool author_is_bot = false;
    std::string channel_id;
    std::string content;
    std::vector<std::string> attachments;  // URLs
    std::string voice_transcript;          // empty: it was no voice message
    std::vector<ForwardedMessage> forwarded;
    std::string parent_channel_id{};  // empty when the channel is no thread
};

}  // namespace tutti::services::bot
