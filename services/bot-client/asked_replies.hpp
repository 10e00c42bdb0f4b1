// Hands a message to the gateway, which has it answered: by a worker, and said by whichever bot
// gets the result (reply_delivery.hpp).
//
// The message's id is the key of the request, so two bots that see the same message, and one that
// tries again, have it answered once.
//
// Thread-safety: all functions may be called from any thread. Blocking: `handle`, until the
// deadline at most.
#pragma once

#include <chrono>
#include <condition_variable>
#include <string>

#include "bot-client/awaited_replies.hpp"
#include "bot-client/gateway_api.hpp"
#include "bot-client/personality_handler.hpp"
#include "common/net/retry.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot {

class AskedReplies final : public PersonalityHandler {
public:
    struct Options {
        Duration deadline = std::chrono::seconds{10};
        net::RetryPauses retry{.first = std::chrono::milliseconds{100},
                               .last = std::chrono::seconds{1}};
    };

    // Borrows both.
    AskedReplies(ReplyApi& gateway, AwaitedReplies& awaited, Options options)
        : gateway_(gateway), awaited_(awaited), options_(options) {}

    // Tries again what may succeed soon. Errors: suspect: of a try it is not known whether it, or
    // another bot's, has queued the reply; else what the gateway answered.
    Result<std::string> handle(const Turn& turn) override;

    // From now on nothing is tried again, and what waits to be does not. Idempotent.
    void stop();

private:
    // False when a stop has come.
    [[nodiscard]] bool pause(Duration duration);

    ReplyApi& gateway_;
    AwaitedReplies& awaited_;
    const Options options_;
    detail::Mutex mutex_;
    std::condition_variable stops_;
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
};

// As the gateway takes an attachment.
[[nodiscard]] SentAttachment sent_attachment(const Attachment& attachment);

// What a turn says to the gateway.
[[nodiscard]] GenerateBody generate_body(const Turn& turn);

}  // namespace tutti::services::bot
