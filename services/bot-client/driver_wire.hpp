// The bodies of the driver's requests and answers; driver.hpp says what they mean.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace tutti::services::bot {

struct DriverCommandOptions {
    std::optional<std::string> personality;
    std::optional<bool> all{};
};
BOOST_DESCRIBE_STRUCT(DriverCommandOptions, (), (personality, all))

struct DriverChannel {
    std::optional<std::string> name;
    std::optional<std::string> guild_id;
};
BOOST_DESCRIBE_STRUCT(DriverChannel, (), (name, guild_id))

struct DriverGuild {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(DriverGuild, (), (name))

// What Discord knows, by id.
struct DriverDirectory {
    std::optional<std::map<std::string, DriverChannel>> channels;
    std::optional<std::map<std::string, DriverGuild>> guilds;
};
BOOST_DESCRIBE_STRUCT(DriverDirectory, (), (channels, guilds))

struct DriverCommand {
    std::string command;
    std::optional<DriverCommandOptions> options;
    std::string user_id;
    std::string channel_id;
    std::optional<std::string> guild_id;
    std::optional<std::vector<std::string>> permissions;
    std::optional<std::string> parent_channel_id{};  // when the channel is a thread
    std::optional<DriverDirectory> directory{};
};
BOOST_DESCRIBE_STRUCT(DriverCommand, (),
                      (command, options, user_id, channel_id, guild_id, permissions,
                       parent_channel_id, directory))

struct DriverPress {
    std::string custom_id;
    std::string user_id;
    std::string channel_id;
    std::optional<std::string> guild_id;
    std::optional<std::vector<std::string>> permissions;
    std::optional<DriverDirectory> directory;
};
BOOST_DESCRIBE_STRUCT(DriverPress, (),
                      (custom_id, user_id, channel_id, guild_id, permissions, directory))

struct DriverForwarded {
    std::optional<std::string> content;
    std::optional<std::vector<std::string>> attachments;
};
BOOST_DESCRIBE_STRUCT(DriverForwarded, (), (content, attachments))

struct DriverMessage {
    std::string author_id;
    std::optional<bool> author_is_bot;
    std::string channel_id;
    std::optional<std::string> content;
    std::optional<std::vector<std::string>> attachments;
    std::optional<std::string> voice_transcript;
    std::optional<std::vector<DriverForwarded>> forwarded;
    std::optional<std::string> parent_channel_id{};  // when the channel is a thread
};
BOOST_DESCRIBE_STRUCT(DriverMessage, (),
                      (author_id, author_is_bot, channel_id, content, attachments, voice_transcript,
                       forwarded, parent_channel_id))

struct DriverEmbed {
    std::string title;
    std::string description;
    std::string footer;
};
BOOST_DESCRIBE_STRUCT(DriverEmbed, (), (title, description, footer))

struct DriverButton {
    std::string custom_id;
    std::string label;
    bool disabled = false;
};
BOOST_DESCRIBE_STRUCT(DriverButton, (), (custom_id, label, disabled))

struct DriverReply {
    std::string content;
    bool ephemeral = false;
    bool mentions_author = false;
    std::optional<DriverEmbed> embed{};
    std::optional<std::vector<DriverButton>> buttons{};
    std::optional<bool>
        replaces{};  // the message whose button was pressed; missing: another message
};
BOOST_DESCRIBE_STRUCT(DriverReply, (),
                      (content, ephemeral, mentions_author, embed, buttons, replaces))

struct DriverCommandAnswer {
    std::vector<DriverReply> replies;
    std::optional<std::int64_t> accepted_at_boottime_ns;
    std::int64_t completed_at_boottime_ns = 0;
    std::optional<std::string> invalidation;
};
BOOST_DESCRIBE_STRUCT(DriverCommandAnswer, (),
                      (replies, accepted_at_boottime_ns, completed_at_boottime_ns, invalidation))

struct DriverPressAnswer {
    std::vector<DriverReply> replies;
    std::int64_t completed_at_boottime_ns = 0;
};
BOOST_DESCRIBE_STRUCT(DriverPressAnswer, (), (replies, completed_at_boottime_ns))

struct DriverMessageAnswer {
    bool handled = false;
    std::optional<std::string> handled_by;
    bool failed = false;
    std::vector<DriverReply> replies;
    std::optional<std::string> tier;
    std::int64_t completed_at_boottime_ns = 0;
};
BOOST_DESCRIBE_STRUCT(DriverMessageAnswer, (),
                      (handled, handled_by, failed, replies, tier, completed_at_boottime_ns))

struct DriverTyping {
    std::string command;
    std::string option;
    std::optional<std::string> value;
    std::string user_id;
};
BOOST_DESCRIBE_STRUCT(DriverTyping, (), (command, option, value, user_id))

struct DriverChoice {
    std::string name;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(DriverChoice, (), (name, value))

struct DriverChoices {
    std::vector<DriverChoice> choices;
    std::optional<std::string> tier;
    std::optional<std::string> freshness;  // missing: the list could not be had
    std::int64_t completed_at_boottime_ns = 0;
};
BOOST_DESCRIBE_STRUCT(DriverChoices, (), (choices, tier, freshness, completed_at_boottime_ns))

}  // namespace tutti::services::bot
