// Channels: activated, explicitly off, or without a record.
//
// Thread-safety, blocking and errors: see database.hpp.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/domain/domain.hpp"
#include "common/domain/principal.hpp"
#include "tutti/error.hpp"

namespace tutti::services::gateway::database {

class Sessions;

// What is recorded of a channel: an activation, that it was switched off, or nothing.
struct ChannelSettings {
    std::optional<domain::Activation> activation;
    bool switched_off = false;
};

class StoredChannels {
public:
    // Borrows the sessions.
    explicit StoredChannels(Sessions& sessions) : sessions_(sessions) {}

    [[nodiscard]] Result<ChannelSettings> read(const std::string& channel_id);
    // Newest first. With a guild: its channels, and those whose guild is not known yet.
    [[nodiscard]] Result<std::vector<domain::Activation>> list(
        const std::optional<std::string>& guild_id);

    struct UnknownPersonality {};
    struct NoAccess {};
    using Activated = std::variant<domain::ActivateChannelResponse, UnknownPersonality, NoAccess>;
    // Replaces whatever is active in the channel. Creates the user's row when it is missing.
    [[nodiscard]] Result<Activated> activate(const domain::ActivateChannelRequest& request,
                                             const domain::Principal& principal);
    // The name of the personality that was active, or nothing; "off" is recorded in both cases.
    [[nodiscard]] Result<std::optional<std::string>> deactivate(const std::string& channel_id,
                                                                const domain::Principal& principal);
    // Fills in a guild that is not known yet; false when there was nothing to fill in.
    [[nodiscard]] Result<bool> set_guild(const domain::UpdateChannelGuildRequest& request);

private:
    Sessions& sessions_;
};

}  // namespace tutti::services::gateway::database
