// `/channel activate <personality>` and `/channel deactivate`.
//
// Order of a success, which the audit relies on: the gateway has committed, then the activation is
// forgotten here and published for every instance, then the user is told. An unpublished
// invalidation is a warning in the log and not the user's problem: the node goes on publishing it.
// When the gateway did not answer, or not readably, it may have committed: the activation is
// forgotten everywhere as well, which costs one load when nothing had changed. A refusal forgets
// nothing.
//
// In a thread both concern that thread alone. What a thread only inherits can be switched off in
// it.
//
// Thread-safety: all functions may be called from any thread. Blocking: less than the 3 s within
// which Discord takes the first answer to a command.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/channel_settings.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"
#include "tutti/clock.hpp"
#include "tutti/invalidation.hpp"

namespace tutti::services::bot {

class ChannelCommands {
public:
    // As ChannelActivations::invalidate.
    using Invalidate =
        std::function<Invalidation(const std::string& channel_id, Duration deadline)>;

    struct Outcome {
        BotReply reply;
        std::optional<TimePoint> accepted_at{};      // when the gateway's success arrived
        std::optional<Invalidation> invalidation{};  // what was told to the others
    };

    // `read` answers within a fraction of a second; without an answer a reply only says less.
    ChannelCommands(GatewayApi& gateway, Invalidate invalidate, ReadActivation read)
        : gateway_(gateway), invalidate_(std::move(invalidate)), read_(std::move(read)) {}

    [[nodiscard]] static bool knows(std::string_view command) noexcept;

    // Requires: knows(slash.command).
    [[nodiscard]] Outcome run(const Slash& slash) const;

private:
    [[nodiscard]] Outcome activate(const Slash& slash) const;
    [[nodiscard]] Outcome deactivate(const Slash& slash) const;
    // The name of what is active in a thread only because it is so around it.
    [[nodiscard]] std::optional<std::string> inherited_by(const Slash& slash) const;
    void forget(const std::string& channel_id, Outcome& outcome) const;

    GatewayApi& gateway_;
    Invalidate invalidate_;
    ReadActivation read_;
};

}  // namespace tutti::services::bot
