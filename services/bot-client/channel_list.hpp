// `/channel list [all]`, and the buttons below what it shows.
//
// For who may manage messages; all servers at once only for the bot's owner. Nothing is cached: the
// gateway is asked for every page. Channels whose server the gateway does not know yet are looked
// up in Discord's directory and reported to the gateway, at most ten for each list.
//
// A button works for 60 s after the command, and for who gave it. Every press is checked as the
// command was: its id is only a claim.
//
// Thread-safety: all functions may be called from any thread. Blocking: less than the 3 s within
// which Discord takes an answer.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bot-client/channel_list_buttons.hpp"
#include "bot-client/discord.hpp"
#include "bot-client/gateway_api.hpp"

namespace tutti::services::bot {

class ChannelList {
public:
    struct Options {
        std::optional<std::string> bot_owner_id{};
        // The clock of all instances: a button may be pressed at another one.
        std::function<std::chrono::sys_seconds()> now = [] {
            return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        };
    };

    ChannelList(GatewayApi& gateway, Options options)
        : gateway_(gateway), options_(std::move(options)) {}

    [[nodiscard]] static bool knows(std::string_view command) noexcept;

    // Requires: knows(slash.command).
    [[nodiscard]] BotReply run(const Slash& slash, const Directory& directory) const;
    [[nodiscard]] BotReply press(const ButtonPress& press, const Directory& directory) const;

private:
    using Shown = std::expected<BotReply, std::string>;  // or why not, for the user

    [[nodiscard]] Shown show(const Slash& slash, const ListView& view,
                             const Directory& directory) const;
    [[nodiscard]] GatewayResult<std::vector<domain::Activation>> read(
        const Slash& slash, const Directory& directory) const;
    void fill_in_guilds(std::vector<domain::Activation>& activations, const Slash& slash,
                        const Directory& directory) const;
    [[nodiscard]] std::optional<std::string> refusal(const ListView& view,
                                                     const ButtonPress& press) const;

    GatewayApi& gateway_;
    Options options_;
};

}  // namespace tutti::services::bot
