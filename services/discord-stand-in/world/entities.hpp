// What there is at Discord: servers, channels, people, webhooks, messages. Plain values; World
// keeps them, and objects.hpp writes them as Discord does.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/process/timestamps.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/snowflake.hpp"

namespace tutti::services::discord::world {

using Permissions = std::uint64_t;

struct Permission {
    static constexpr Permissions administrator = 1ULL << 3U;
    static constexpr Permissions view_channel = 1ULL << 10U;
    static constexpr Permissions send_messages = 1ULL << 11U;
    static constexpr Permissions manage_messages = 1ULL << 13U;
    static constexpr Permissions read_history = 1ULL << 16U;
    static constexpr Permissions manage_webhooks = 1ULL << 29U;
    static constexpr Permissions create_threads = 1ULL << 35U;
    static constexpr Permissions send_in_threads = 1ULL << 38U;

    // What everybody may who was given nothing else.
    static constexpr Permissions usual = view_channel | send_messages | read_history |
                                         create_threads | send_in_threads | (1ULL << 31U);
    static constexpr Permissions all = (1ULL << 53U) - 1;
};

struct User {
    Snowflake id = 0;
    std::string username{};
    bool is_bot = false;
};

struct Guild {
    Snowflake id = 0;
    std::string name{};
    Snowflake owner = 0;
    process::UnixTime bot_joined{};
    std::map<Snowflake, Permissions> members{};  // by user
    std::vector<Snowflake> channels{};           // threads, too; kept by World
};

enum class ChannelKind : std::uint8_t {
    text = 0,
    direct = 1,
    announcement = 5,
    announcement_thread = 10,
    public_thread = 11,
    private_thread = 12,
    forum = 15,
};

enum class MessageKind : std::uint8_t { usual = 0, reply = 19, command_answer = 20 };

struct MessageFlag {
    static constexpr std::int64_t ephemeral = 1 << 6;
    static constexpr std::int64_t loading = 1 << 7;
    static constexpr std::int64_t suppress_notifications = 1 << 12;
    static constexpr std::int64_t voice = 1 << 13;
    static constexpr std::int64_t suppress_embeds = 1 << 2;
};

// Who would be told of a message.
struct Pings {
    bool everyone = false;
    bool replied_user = false;
    std::vector<Snowflake> users{};
    std::vector<Snowflake> roles{};
};

struct Reference {
    Snowflake message = 0;
    Snowflake channel = 0;
    std::optional<Snowflake> guild{};
    bool is_forward = false;
};

// As whom a webhook spoke.
struct Persona {
    Snowflake webhook = 0;
    std::string name{};
    std::optional<std::string> avatar_url{};
};

struct Message {
    Snowflake id = 0;
    Snowflake channel = 0;
    Snowflake author = 0;              // the user; of a webhook, its id
    std::optional<Persona> persona{};  // of a webhook
    std::optional<Snowflake> application{};
    MessageKind kind = MessageKind::usual;
    std::string content{};
    std::int64_t flags = 0;
    process::UnixTime made{};
    std::optional<process::UnixTime> edited{};
    std::optional<std::string> nonce{};
    std::optional<Reference> reference{};
    JsonArray forwarded{};  // snapshots
    JsonArray embeds{};
    JsonArray components{};
    JsonArray attachments{};
    std::optional<JsonObject> allowed_mentions{};  // as it was sent
    Pings pings{};
    std::optional<JsonObject> interaction{};  // what it answers
};

struct Channel {
    Snowflake id = 0;
    ChannelKind kind = ChannelKind::text;
    std::optional<Snowflake> guild{};
    std::optional<Snowflake> parent{};
    std::string name{};
    std::string topic{};
    std::optional<Snowflake> owner{};      // of a thread
    std::optional<Snowflake> recipient{};  // of a direct channel
    Permissions bot_permissions = Permission::all;
    bool archived = false;
    std::deque<Message> messages{};  // the newest last
    std::vector<process::UnixTime> typed{};

    [[nodiscard]] bool is_thread() const noexcept {
        return kind == ChannelKind::announcement_thread || kind == ChannelKind::public_thread ||
               kind == ChannelKind::private_thread;
    }
};

struct Webhook {
    Snowflake id = 0;
    std::string token{};
    Snowflake channel = 0;
    Snowflake guild = 0;
    std::string name{};
    std::optional<std::string> avatar{};
    Snowflake application = 0;
};

}  // namespace tutti::services::discord::world
