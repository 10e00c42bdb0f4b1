// What a bot counts of its life with Discord, as Prometheus text.
//
// Thread-safety: a pure function.
#pragma once

#include <cstddef>
#include <string>

#include "bot-client/assignment/shard_set.hpp"
#include "bot-client/events/intake.hpp"
#include "bot-client/interactions/desk.hpp"
#include "bot-client/rest/call_scheduler.hpp"
#include "bot-client/sending/discord_sender.hpp"

namespace tutti::services::bot {

struct DiscordFigures {
    events::EventIntake::Figures events{};
    interactions::InteractionDesk::Figures interactions{};
    sending::DiscordSender::Figures sent{};
    assignment::ShardSet::Figures shards{};
    rest::CallScheduler::Figures rest{};
    std::size_t guilds = 0;
    std::size_t channels = 0;
};

[[nodiscard]] std::string discord_metrics_text(const DiscordFigures& figures);

}  // namespace tutti::services::bot
