// The part of Discord that the commands and the message chain know: plain values in, replies out.
// Which wire carries them (Discord's gateway, or HTTP) is no concern of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
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

// Who a reply seems to be said by: a personality.
struct Speaker {
    std::string name;          // what users see
    std::string avatar_url{};  // empty: none
    std::string slug{};        // for who answers the reply; empty: nobody can

    friend bool operator==(const Speaker&, const Speaker&) = default;
};

// A reply that comes later: to be said in that channel, as an answer to that message.
struct LaterReply {
    std::string channel_id;
    std::string message_id{};  // empty: an answer to none
    std::string content;       // at most `content_units_max`
    // The same when the same is said again, and of nothing else: what sends it to Discord sets
    // `nonce` and `enforce_nonce`.
    std::string nonce;
    std::optional<Speaker> speaker{};  // nothing: the bot itself
    bool mentions_author = true;       // pings whom it replies to, where it can
    // The message behind which `find` looks for this one; empty: among the latest.
    std::string follows{};
};

inline constexpr std::size_t content_units_max = 2000;  // of UTF-16

// Says what comes later. Thread-safety: any thread.
class Sender {
public:
    virtual ~Sender() = default;
    // Returns the id of the message. Blocking: until `deadline` at most. Errors: unavailable,
    // overloaded, stopped: it was not said, and may be later; refused, invalid_option: nor will it
    // be, as when the channel is gone; after any other it may have been said.
    [[nodiscard]] virtual Result<std::string> say(const LaterReply& reply, TimePoint deadline) = 0;
    // Looks whether it was said: the id of a message of the bot's in that channel with that
    // content, within the next hundred after `follows`. Nothing: there is none. Errors: it
    // cannot be known now.
    [[nodiscard]] virtual Result<std::optional<std::string>> find(const LaterReply& reply,
                                                                  TimePoint deadline) = 0;
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
    std::string command;      // "channel activate", "character chat"
    std::string personality;  // the option; empty when it was not given
    std::string user_id;
    std::string channel_id;
    std::string guild_id;  // empty outside of a server
    bool may_manage_messages = false;
    std::string parent_channel_id{};  // empty when the channel is no thread
    bool all = false;                 // the option
    std::string message{};            // the option
    std::string user_name{};
};

struct ButtonPress {
    std::string custom_id;  // as it came: check it
    std::string user_id;
    std::string channel_id;
    std::string guild_id;  // empty outside of a server
    bool may_manage_messages = false;
};

struct Attachment {
    std::string url;
    std::string content_type{};  // empty: Discord does not know it
    std::string id{};
    std::string name{};
    bool is_voice_message = false;
};

// Another message that comes along with one: forwarded, or answered by it.
struct QuotedMessage {
    std::string content;
    std::vector<Attachment> attachments{};
    std::string author_name{};
};

// What was said before in the channel, by a user or by the personality ("assistant").
struct SpokenBefore {
    std::string role;
    std::string content;
};

struct Message {
    std::string author_id;
    bool author_is_bot = false;
    std::string channel_id;
    std::string content;
    std::vector<Attachment> attachments;
    std::string voice_transcript;  // empty: it was no voice message
    std::vector<QuotedMessage> forwarded;
    std::string parent_channel_id{};  // empty when the channel is no thread
    std::string id{};
    std::string guild_id{};  // empty outside of a server
    std::string author_name{};
    std::vector<QuotedMessage> answered{};     // what it replies to
    std::vector<SpokenBefore> conversation{};  // the oldest first
    // Of the message that it replies to, when that was said through a webhook of this bot.
    std::string answered_webhook_message{};
    bool mentions_bot = false;  // by its name, not by a role
};

}  // namespace tutti::services::bot
