// Discord's directory as a request of the driver brings it along.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "bot-client/discord.hpp"
#include "bot-client/driver_wire.hpp"

namespace tutti::services::bot {

// Empty when it can be used.
[[nodiscard]] std::string problem_of(const std::optional<DriverDirectory>& directory);

// Requires: no problem. Thread-safety: as a const object.
class GivenDirectory final : public Directory {
public:
    explicit GivenDirectory(std::optional<DriverDirectory> directory);

    [[nodiscard]] std::optional<std::string> guild_of(const std::string& channel_id) const override;
    [[nodiscard]] std::optional<std::string> channel_name(
        const std::string& channel_id) const override;
    [[nodiscard]] std::optional<std::string> guild_name(const std::string& guild_id) const override;

private:
    std::map<std::string, DriverChannel> channels_;
    std::map<std::string, DriverGuild> guilds_;
};

}  // namespace tutti::services::bot
