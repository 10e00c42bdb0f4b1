// Whether a personality answers in a channel, threads included.
//
// A channel is active, explicitly off, or without settings of its own; a thread of the last kind
// does what the channel around it does. Both are lookups by channel id in the same cache, and the
// outcome is kept nowhere: whatever invalidates one of the two channels is seen in the thread at
// once.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <functional>
#include <string>

#include "common/domain/domain.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti::services::bot {

// As ChannelActivations::get.
using ReadActivation = std::function<Result<Lookup<domain::GetChannelActivationResponse>>(
    const std::string& channel_id)>;

struct ActivationInChannel {
    Lookup<domain::GetChannelActivationResponse> settings;  // of the channel, or inherited
    Tier tier = Tier::memory;                               // the slowest that had to be asked
    bool inherited = false;  // by a thread, from the channel around it

    // What is active, or null.
    [[nodiscard]] const domain::Activation* activation() const;
};

// `parent_id` is empty when the channel is no thread. Errors: those of `read`; a channel whose own
// settings cannot be had inherits nothing, because they may say "off".
[[nodiscard]] Result<ActivationInChannel> activation_in(const ReadActivation& read,
                                                        const std::string& channel_id,
                                                        const std::string& parent_id);

}  // namespace tutti::services::bot
