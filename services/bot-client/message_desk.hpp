// Takes a message as it came from Discord through the chain, and says what the chain says itself.
//
// Two guards, because a message may come twice and to two bots: what a personality answers is one
// job, by the message's id (asked_replies.hpp), so no bot's death loses it; what the chain says
// itself, a notice or an apology, is said by the bot that has claimed the message.
//
// That a personality thinks is shown beside it: Discord's limit for the whole bot may make that
// wait, and no message waits for it. What finds no thread is left out.
//
// Thread-safety: all functions may be called from any thread. Blocking: as the chain. Shutdown: the
// parts outlive it; `stop` before them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "bot-client/discord.hpp"
#include "bot-client/events/channel_places.hpp"
#include "bot-client/message_chain.hpp"
#include "bot-client/own_ids.hpp"
#include "common/http/handler_pool.hpp"

namespace tutti::services::bot {

class MessageDesk {
public:
    struct Parts {
        const Identity& identity;
        events::ChannelPlaces& places;
        const MessageChain& chain;
        Sender& sender;
        ClaimAnswer claim;
        // A personality thinks of an answer: shown in the channel for some seconds. On a thread of
        // its own.
        std::function<void(const std::string& channel_id)> show_typing;
    };
    struct Options {
        bool transcribes_voice = false;
        // What waits for a transcription holds up no other message.
        http::HandlerPool::Options voice{.threads = 2, .queued_max = 50};
        http::HandlerPool::Options typing{.threads = 4, .queued_max = 16};
    };

    MessageDesk(Parts parts, Options options);

    // A frame of MESSAGE_CREATE.
    void take(const std::string& frame);
    // Runs what waits. Idempotent.
    void stop() {
        voice_.stop();
        typing_.stop();
    }

    [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }
    [[nodiscard]] std::string metrics_text() const;

private:
    // `is_undecided`: whether it mentions or answers the bot could not be read.
    void handle(Message message, bool is_undecided);

    const Parts parts_;
    const bool transcribes_voice_;
    // Figures only.
    std::atomic<std::uint64_t> unreadable_{0};
    std::atomic<std::uint64_t> undecided_{0};
    http::HandlerPool typing_;
    http::HandlerPool voice_;  // shows typing, too
};

}  // namespace tutti::services::bot
