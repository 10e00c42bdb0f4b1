// What of Discord's objects the bot reads, spelled as Discord spells it; the rest is ignored. A
// struct that says `on_discords_wire` keeps the names of its members as they are in JSON.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/json.hpp"

namespace tutti::services::bot {

template <class T>
concept OnDiscordsWire = requires { typename T::on_discords_wire; };

}  // namespace tutti::services::bot

template <tutti::services::bot::OnDiscordsWire T>
inline constexpr tutti::json::Naming tutti::json::naming<T> = tutti::json::Naming::as_is;

namespace tutti::services::bot::wire {

inline constexpr std::int64_t voice_message_flag = 1 << 13;
inline constexpr std::int64_t ephemeral_flag = 1 << 6;
inline constexpr std::int64_t announcement_thread = 10;
inline constexpr std::int64_t private_thread = 12;

// Types of channels: a thread's parent is the channel around it, any other's is its category.
[[nodiscard]] constexpr bool is_thread(std::int64_t type) {
    return type >= announcement_thread && type <= private_thread;
}

struct User {
    using on_discords_wire = void;
    std::string id;
    std::string username;
    std::optional<std::string> global_name{};
    std::optional<bool> bot{};

    [[nodiscard]] const std::string& shown_name() const {
        return global_name ? *global_name : username;
    }
};
BOOST_DESCRIBE_STRUCT(User, (), (id, username, global_name, bot))

struct Attachment {
    using on_discords_wire = void;
    std::string id;
    std::string url;
    std::optional<std::string> filename{};
    std::optional<std::string> content_type{};
};
BOOST_DESCRIBE_STRUCT(Attachment, (), (id, url, filename, content_type))

struct MessageReference {
    using on_discords_wire = void;
    std::optional<std::int64_t> type{};  // 1: forwarded
    std::optional<std::string> message_id{};
};
BOOST_DESCRIBE_STRUCT(MessageReference, (), (type, message_id))

struct SnapshotMessage {
    using on_discords_wire = void;
    std::optional<std::string> content{};
    std::optional<std::vector<Attachment>> attachments{};
};
BOOST_DESCRIBE_STRUCT(SnapshotMessage, (), (content, attachments))

struct Snapshot {
    using on_discords_wire = void;
    SnapshotMessage message{};
};
BOOST_DESCRIBE_STRUCT(Snapshot, (), (message))

// A message, as it stands in a channel or in another one that replies to it.
struct PlainMessage {
    using on_discords_wire = void;
    std::string id;
    User author{};
    std::string content;
    std::optional<std::vector<Attachment>> attachments{};
    std::optional<std::string> webhook_id{};
    std::optional<std::string> application_id{};
};
BOOST_DESCRIBE_STRUCT(PlainMessage, (),
                      (id, author, content, attachments, webhook_id, application_id))

struct Message {
    using on_discords_wire = void;
    std::string id;
    std::string channel_id;
    std::optional<std::string> guild_id{};
    User author{};
    std::string content;
    std::optional<std::int64_t> type{};
    std::optional<std::int64_t> flags{};
    std::optional<std::vector<Attachment>> attachments{};
    std::optional<std::vector<User>> mentions{};
    std::optional<std::string> webhook_id{};
    std::optional<MessageReference> message_reference{};
    std::optional<PlainMessage> referenced_message{};
    std::optional<std::vector<Snapshot>> message_snapshots{};
};
BOOST_DESCRIBE_STRUCT(Message, (),
                      (id, channel_id, guild_id, author, content, type, flags, attachments,
                       mentions, webhook_id, message_reference, referenced_message,
                       message_snapshots))

struct Channel {
    using on_discords_wire = void;
    std::string id;
    std::int64_t type = 0;
    std::optional<std::string> guild_id{};
    std::optional<std::string> parent_id{};
    std::optional<std::string> name{};
};
BOOST_DESCRIBE_STRUCT(Channel, (), (id, type, guild_id, parent_id, name))

struct Guild {
    using on_discords_wire = void;
    std::string id;
    std::optional<std::string> name{};
    std::optional<bool> unavailable{};
    std::optional<std::vector<Channel>> channels{};
    std::optional<std::vector<Channel>> threads{};
};
BOOST_DESCRIBE_STRUCT(Guild, (), (id, name, unavailable, channels, threads))

struct ThreadList {
    using on_discords_wire = void;
    std::string guild_id;
    std::optional<std::vector<Channel>> threads{};
};
BOOST_DESCRIBE_STRUCT(ThreadList, (), (guild_id, threads))

struct Webhook {
    using on_discords_wire = void;
    std::string id;
    std::optional<std::string> token{};
    std::optional<std::string> application_id{};
};
BOOST_DESCRIBE_STRUCT(Webhook, (), (id, token, application_id))

// What every answer that is a message has.
struct MessageId {
    using on_discords_wire = void;
    std::string id;
};
BOOST_DESCRIBE_STRUCT(MessageId, (), (id))

struct ErrorAnswer {
    using on_discords_wire = void;
    std::int64_t code = 0;
};
BOOST_DESCRIBE_STRUCT(ErrorAnswer, (), (code))

// What an event of the gateway is about: the member `d` of its frame. Errors: protocol, too_large.
template <class T>
[[nodiscard]] Result<T> read_event(std::string_view frame, const JsonLimits& limits) {
    const auto document = json::parse(frame, limits);
    if (!document) return fail(document.error());
    const auto* object = document->if_object();
    const auto* data = object == nullptr ? nullptr : object->if_contains("d");
    if (data == nullptr) return fail(Errc::protocol, "read event", "d: is missing");
    return json::from_document<T>(*data, limits);
}

// Of what a bot says: nobody is pinged but, on wish, the author of the message that it replies to.
struct AllowedMentions {
    using on_discords_wire = void;
    std::vector<std::string> parse{};
    bool replied_user = false;
};
BOOST_DESCRIBE_STRUCT(AllowedMentions, (), (parse, replied_user))

}  // namespace tutti::services::bot::wire
