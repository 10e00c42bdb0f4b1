#include "bot-client/channel_settings.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::bot {
namespace {

// A gateway that does not say has no "off": what is not active there has no settings.
bool has_settings(const Lookup<domain::GetChannelActivationResponse>& found) {
    if (!found.found()) return false;
    return found->is_activated || found->has_settings.value_or(false);
}

}  // namespace

const domain::Activation* ActivationInChannel::activation() const {
    if (!settings.found() || !settings->is_activated || !settings->activation) return nullptr;
    return &*settings->activation;
}

Result<ActivationInChannel> activation_in(const ReadActivation& read, const std::string& channel_id,
                                          const std::string& parent_id) {
    auto own = read(channel_id);
    if (!own) return fail(std::move(own).error());
    const Tier asked = own->tier();
    if (parent_id.empty() || has_settings(*own)) {
        return ActivationInChannel{.settings = *std::move(own), .tier = asked, .inherited = false};
    }
    auto around = read(parent_id);
    if (!around) return fail(std::move(around).error());
    const Tier slowest = std::max(asked, around->tier());
    return ActivationInChannel{.settings = *std::move(around), .tier = slowest, .inherited = true};
}

}  // namespace tutti::services::bot
