// The part of Discord that the commands and the message chain know: plain values in, replies out. Which
// wire carries them (the driver now, the gateway of Discord later) is somebody else's concern.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

namespace tutti::services {

struct Reply {
    std::string content;
    bool ephemeral = false;       // only the author sees it
    bool mentions_author = true;  // a reply pings whom it replies to
};

// Where replies go. Errors of `send` are for the log: nobody repeats a reply.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    virtual Result<void> send(Reply reply) = 0;
};

struct Slash {
    std::string command;      // "channel activate"
    std::string personality;  // the option; empty when it was not given
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
};

}  // namespace tutti::services
