// Says the results that jobs left for their channels (common/jobs/deliveries.hpp): what a JobRunner
// of a bot calls.
//
// A reply is said in pieces, as Discord's messages are short. Each piece is begun and stored like a
// paid call, so it is said once, by whichever bot: an attempt that finds it said goes on with the
// next one, and behind the last it confirms the delivery at the gateway. One that finds a piece
// begun, and nothing known of its end, looks whether it is there; if it is not, nobody knows
// whether it will be, and no more of it is said. What was not said is tried again with pauses, and
// is a dead letter in the end; what is one because Discord refuses it, or because nobody knows, is
// told to its user by the bot itself.
//
// Thread-safety: as a const object. Blocking: a few seconds. Shutdown: its parts outlive it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bot-client/awaited_replies.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"
#include "common/jobs/job_runner.hpp"

namespace tutti::services::bot {

class ReplyDelivery {
public:
    struct Options {
        Duration say_deadline = std::chrono::seconds{10};
        Duration confirm_deadline = std::chrono::seconds{5};
        // Of attempts that find it begun and not ended: the bot that began may only be slow.
        int unknown_attempts_max = 4;
    };

    ReplyDelivery(Sender& sender, ReplyApi& gateway, AwaitedReplies& awaited, Options options)
        : sender_(sender), gateway_(gateway), awaited_(awaited), options_(options) {}

    [[nodiscard]] jobs::JobOutcome deliver(const jobs::Job& job,
                                           const jobs::JobContext& context) const;

private:
    // The id of the last message.
    [[nodiscard]] Result<std::string> say_all(const jobs::Job& job,
                                              const jobs::JobContext& context) const;
    // Says so to the operator and to the user.
    void give_up(const jobs::Job& job, const Error& why) const;
    [[nodiscard]] Result<std::string> say_once(const std::string& call, const LaterReply& reply,
                                               const jobs::JobContext& context) const;

    Sender& sender_;
    ReplyApi& gateway_;
    AwaitedReplies& awaited_;
    const Options options_;
};

struct ReplyText {
    std::string content;               // of any length, never empty
    std::optional<Speaker> speaker{};  // nothing: the bot itself
};
// What is said of a result. A failed one, and one that cannot be read, is an apology.
[[nodiscard]] ReplyText said_of(const std::string& result);

}  // namespace tutti::services::bot
