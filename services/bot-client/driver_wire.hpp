// The bodies of the driver's requests and answers; driver.hpp says what they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace tutti::services {

struct DriverCommandOptions {
    std::optional<std::string> personality;
};
BOOST_DESCRIBE_STRUCT(DriverCommandOptions, (), (personality))

struct DriverCommand {
    std::string command;
    std::optional<DriverCommandOptions> options;
    std::string user_id;
    std::string channel_id;
    std::optional<std::string> guild_id;
    std::optional<std::vector<std::string>> permissions;
};
BOOST_DESCRIBE_STRUCT(DriverCommand, (),
                      (command, options, user_id, channel_id, guild_id, permissions))

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
};
BOOST_DESCRIBE_STRUCT(DriverMessage, (),
                      (author_id, author_is_bot, channel_id, content, attachments, voice_transcript,
                       forwarded))

struct DriverReply {
    std::string content;
    bool ephemeral = false;
    bool mentions_author = false;
};
BOOST_DESCRIBE_STRUCT(DriverReply, (), (content, ephemeral, mentions_author))

struct DriverCommandAnswer {
    std::vector<DriverReply> replies;
    std::optional<std::int64_t> accepted_at_boottime_ns;
    std::int64_t completed_at_boottime_ns = 0;
    std::optional<std::string> invalidation;
};
BOOST_DESCRIBE_STRUCT(DriverCommandAnswer, (),
                      (replies, accepted_at_boottime_ns, completed_at_boottime_ns, invalidation))

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

}  // namespace tutti::services
