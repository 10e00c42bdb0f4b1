#include "fleet/fleet.hpp"

#include <utility>

namespace tutti::services::fleet {
namespace {

using namespace std::chrono_literals;

// So that two calls overlap.
constexpr auto provider_delay = 50ms;

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

}  // namespace tutti::services::fleet
