// The bot's connection with Discord: its REST API, its gateway, and what the bot knows of both.
// `BotClient` puts the commands and the chain in between.
//
//     DiscordLink link(options);
//     link.handle_with({.message = ..., .interaction = ...});
//     link.start();   // events come from now on
//     link.stop();    // none any more
//
// Thread-safety: all functions may be called from any thread; the first two and the
// stops from one.
// Shutdown: `stop_events`, then what uses `rest`, then the rest.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bot-client/assignment/own_shards.hpp"
#include "bot-client/assignment/shard_keeper.hpp"
#include "bot-client/assignment/shard_set.hpp"
#include "bot-client/events/channel_places.hpp"
#include "bot-client/events/intake.hpp"
#include "bot-client/events/known_channels.hpp"
#include "bot-client/own_ids.hpp"
#include "bot-client/rest/discord_rest.hpp"
#include "common/http/client.hpp"
#include "common/process/secret.hpp"
#include "common/process/settings.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

class DiscordLink {
public:
    struct Options {
        process::Secret token{};
        std::string api_url = process::Settings{}.discord_api_url;
        process::HttpPool pool = process::Settings{}.discord;
        // Of a session that Discord forbids to begin again.
        std::function<void(const Error& error)> ended{};
        // See OwnShards.
        std::optional<std::uint32_t> shard_id{};
        std::optional<std::uint32_t> shard_count{};
        std::chrono::seconds shard_lease = process::Settings{}.shard_lease;
        std::optional<std::string> redis_url{};
        std::string name{};  // of this instance
    };

    explicit DiscordLink(const Options& options);
    ~DiscordLink() { stop(); }
    DiscordLink(const DiscordLink&) = delete;
    DiscordLink& operator=(const DiscordLink&) = delete;

    // Before `start`, and before any other thread has the link. What the handlers use outlives
    // `stop_events`.
    void handle_with(events::EventIntake::Handlers handlers);
    // Errors: those of OwnShards::start.
    [[nodiscard]] Result<void> start() { return shards_.start(); }
    // Closes the shards or gives them back, and handles what has come. Blocking: two seconds, and
    // as long as handlers take. Idempotent.
    void stop_events();
    // Refuses calls, those that wait included. Idempotent.
    void stop();

    // Why the bot is not ready, or not well.
    [[nodiscard]] std::vector<std::string> reasons() const;

    http::Client client;  // for its metrics
    rest::DiscordRest rest;
    Identity identity{[this](TimePoint deadline) { return ask_own_ids(rest, deadline); }};
    events::KnownChannels channels;
    events::ChannelPlaces places{channels, rest};

    [[nodiscard]] assignment::ShardSet::Figures shard_figures() const { return shards_.figures(); }
    // Nothing: they are not leased.
    [[nodiscard]] std::optional<assignment::ShardKeeper::Figures> shard_leases() const {
        return shards_.leases();
    }
    [[nodiscard]] events::EventIntake::Figures event_figures() const;

private:
    // For GET /gateway/bot alone: a shard that waits for it can be stopped while `rest` is in use.
    http::Client entrance_client_;
    rest::DiscordRest entrance_;
    std::unique_ptr<events::EventIntake> intake_;  // before `handle_with`: none
    assignment::OwnShards shards_;
};

}  // namespace tutti::services::bot
