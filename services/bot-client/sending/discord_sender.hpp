// Says replies at Discord: as a personality, through the webhook of its channel, with its name and
// its picture; as the bot itself where there is no personality, in direct messages, and where the
// bot may not have a webhook.
//
// A webhook that is gone is found anew, once. A message of the bot's own has a nonce, by which
// Discord makes one of what arrives twice; webhooks know none, so what has no answer is not sent
// again from here: `find` looks whether it is there.
//
// Thread-safety: all functions may be called from any thread. Blocking: until the deadline at most.
// Shutdown: the parts outlive it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bot-client/discord.hpp"
#include "bot-client/events/channel_places.hpp"
#include "bot-client/own_ids.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "common/domain/webhook.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::sending {

class DiscordSender final : public Sender {
public:
    struct Parts {
        rest::DiscordRest& discord;
        events::ChannelPlaces& places;
        const Identity& identity;
        // Of a channel that is no thread; see webhook_loader. The second drops what is known of it.
        std::function<Result<domain::Webhook>(const std::string& channel_id, TimePoint deadline)>
            webhook;
        std::function<void(const std::string& channel_id)> forget_webhook;
        // A personality has said that message; for who answers it.
        std::function<void(const std::string& message_id, const Speaker& speaker)> said;
    };
    struct Figures {
        std::uint64_t by_webhook = 0;
        std::uint64_t by_bot = 0;
        std::uint64_t failed = 0;  // not said, or not known whether
        // Of looking whether something was said:
        std::uint64_t found = 0;
        std::uint64_t not_found = 0;
    };

    explicit DiscordSender(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] Result<std::string> say(const LaterReply& reply, TimePoint deadline) override;
    [[nodiscard]] Result<std::optional<std::string>> find(const LaterReply& reply,
                                                          TimePoint deadline) override;

    // Shows in the channel that an answer is on its way, or does not.
    void show_typing(const std::string& channel_id, TimePoint deadline);

    [[nodiscard]] Figures figures() const;

private:
    [[nodiscard]] Result<std::string> say_somehow(const LaterReply& reply, TimePoint deadline);
    [[nodiscard]] Result<std::string> say_by_bot(const LaterReply& reply, TimePoint deadline);
    // Nothing: the bot has to say it.
    [[nodiscard]] Result<std::optional<std::string>> say_by_webhook(const LaterReply& reply,
                                                                    TimePoint deadline);
    [[nodiscard]] Result<std::optional<std::string>> try_webhook(const LaterReply& reply,
                                                                 const events::ChannelPlace& place,
                                                                 const std::string& webhook_channel,
                                                                 TimePoint deadline, bool& gone);

    const Parts parts_;
    // Figures only.
    std::atomic<std::uint64_t> by_webhook_{0};
    std::atomic<std::uint64_t> by_bot_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<std::uint64_t> found_{0};
    std::atomic<std::uint64_t> not_found_{0};
};

}  // namespace tutti::services::bot::sending
