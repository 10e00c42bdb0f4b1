#include "bot-client/discord_link.hpp"

#include <utility>

#include "bot-client/shard/ask_entrance.hpp"
#include "common/net/url.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::bot {
namespace {

// GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES and MESSAGE_CONTENT, which is privileged.
constexpr std::uint32_t intents = 1U << 0U | 1U << 9U | 1U << 12U | 1U << 15U;
constexpr std::size_t answer_bytes_max = 8U << 20U;

http::Client::Options client_options(const process::HttpPool& pool) {
    return {.name = "discord",
            .concurrent_max = pool.concurrent_max,
            .queued_max = pool.queued_max,
            .call_timeout = pool.deadline,
            .idle_max = pool.concurrent_max,
            .response_bytes_max = answer_bytes_max};
}

// Where a session that another instance began may be resumed.
std::vector<std::string> gateway_hosts(const std::string& api_url) {
    std::vector<std::string> hosts{"discord.gg"};
    if (auto api = net::HttpUrl::parse(api_url)) hosts.push_back(std::move(api->host));
    return hosts;
}

}  // namespace

DiscordLink::DiscordLink(const Options& options)
    : client(client_options(options.pool)),
      rest({.api_url = options.api_url, .token = options.token}, rest::send_with(client)),
      entrance_client_({.name = "discord-entrance", .concurrent_max = 4}),
      entrance_({.api_url = options.api_url, .token = options.token},
                rest::send_with(entrance_client_)),
      shards_({.set = {.token = options.token,
                       .intents = intents,
                       .ask =
                           [this](TimePoint deadline) {
                               return shard::ask_entrance(entrance_, deadline);
                           },
                       .dispatch = [this](const auto& event) { intake_->take(event); },
                       .ended = options.ended},
               .id = options.shard_id,
               .count = options.shard_count,
               .redis_url = options.redis_url,
               .name = options.name,
               .lease = options.shard_lease,
               .hosts = gateway_hosts(options.api_url)}) {}

void DiscordLink::handle_with(events::EventIntake::Handlers handlers) {
    intake_ = std::make_unique<events::EventIntake>(channels, identity, std::move(handlers));
}

void DiscordLink::stop_events() {
    entrance_.stop();
    entrance_client_.stop();
    shards_.stop();
    if (intake_) intake_->stop();
}

void DiscordLink::stop() {
    stop_events();
    rest.stop();
    client.stop();
}

std::vector<std::string> DiscordLink::reasons() const {
    auto reasons = shards_.reasons();
    if (auto overload = intake_ ? intake_->overload() : std::nullopt) {
        reasons.push_back(*std::move(overload));
    }
    return reasons;
}

events::EventIntake::Figures DiscordLink::event_figures() const {
    return intake_ ? intake_->figures() : events::EventIntake::Figures{};
}

}  // namespace tutti::services::bot
