#include "fleet/fleet.hpp"

#include <string>
#include <thread>
#include <utility>

#include "common/http/client.hpp"
#include "tutti/clock.hpp"

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

// So that two calls overlap.
constexpr auto provider_delay = 50ms;
constexpr Duration start_timeout = 20s;

}  // namespace

Result<void> Fleet::start_provider(process::Settings& settings) {
    auto started = stand_in::ProviderStandIn::start({.behaviour = {.delay = provider_delay}});
    if (!started) return fail(std::move(started).error());
    stand_in_ = *std::move(started);
    settings.openrouter_base_url = stand_in_->url();
    if (!settings.discord_cdn_base_url) settings.discord_cdn_base_url = stand_in_->url();
    provider_ = local_instance("provider", stand_in_->port());
    return {};
}

namespace {

// All bots identify at once; and in minutes they do more than users do in hours.
discord::DiscordStandIn::Options discord_options() {
    return {.max_concurrency = 16, .identify_every = 50ms, .limits = false};
}

Instance control_of(std::string name, const discord::DiscordStandIn& stand_in) {
    return {.name = std::move(name), .url = stand_in.control_url()};
}

void use(process::Settings& settings, const discord::DiscordStandIn& stand_in) {
    settings.discord_api_url = stand_in.api_url();
    settings.discord_token = stand_in.token();
}

}  // namespace

Result<void> Fleet::await_health(const Instance& instance) {
    http::Client client({.name = "fleet"});
    const TimePoint end = Boottime::now() + start_timeout;
    while (Boottime::now() < end) {
        const auto answer = client.send(instance.url + "/health", {}, Boottime::now() + 1s);
        if (answer && answer->ok()) return {};
        std::this_thread::sleep_for(10ms);
    }
    return fail(Errc::timeout, "start " + instance.name, "it is not healthy after 20 s");
}

Result<void> Fleet::start_discord(process::Settings& settings) {
    auto started = discord::DiscordStandIn::start(discord_options());
    if (!started) return fail(std::move(started).error());
    discord_stand_in_ = *std::move(started);
    use(settings, *discord_stand_in_);
    discord_ = control_of("discord", *discord_stand_in_);
    return {};
}

Result<Instance> Fleet::start_own_discord(process::Settings& settings) {
    auto started = discord::DiscordStandIn::start(discord_options());
    if (!started) return fail(std::move(started).error());
    own_discords_.push_back(*std::move(started));
    use(settings, *own_discords_.back());
    return control_of("discord-" + std::to_string(own_discords_.size() + 1), *own_discords_.back());
}

}  // namespace tutti::services::fleet
