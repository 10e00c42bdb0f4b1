#include "bot-client/channel_commands.hpp"

#include <exception>
#include <utility>

#include "bot-client/autocomplete.hpp"
#include "bot-client/command_replies.hpp"
#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view activate_command = "channel activate";
constexpr std::string_view deactivate_command = "channel deactivate";

// Together below the 3 s of Discord.
constexpr Duration gateway_deadline = 2s;
constexpr Duration publish_deadline = 500ms;

std::optional<std::string> refusal(const Slash& slash) {
    if (auto text = moderation_refusal(slash)) return text;
    if (slash.personality == autocomplete_error) {
        return "The list of personalities could not be loaded. Type a name, or try again.";
    }
    return std::nullopt;
}

std::string quoted(const std::string& slug) { return '"' + shown_as_is(slug) + '"'; }
std::string bold(const std::string& name) { return "**" + shown_as_is(name) + "**"; }

std::string activation_failure_text(const std::string& slug, const GatewayFailure& failure) {
    if (failure.status == 404) return "Personality " + quoted(slug) + " not found.";
    if (failure.status == 403)
        return "You do not have access to the personality " + quoted(slug) + '.';
    return failure_text("activate", failure);
}

std::string deactivation_text(const domain::DeactivateChannelResponse& done,
                              const std::optional<std::string>& inherited) {
    if (done.deactivated) {
        return "Deactivated " + bold(done.personality_name.value_or("the personality")) + '.';
    }
    if (inherited) {
        return "Deactivated " + bold(*inherited) +
               " in this thread; the channel around it stays active.";
    }
    return "No personality is currently activated in this channel.";
}

}  // namespace

bool ChannelCommands::knows(std::string_view command) noexcept {
    return command == activate_command || command == deactivate_command;
}

ChannelCommands::Outcome ChannelCommands::run(const Slash& slash) const {
    if (auto text = refusal(slash)) return {.reply = private_reply(*std::move(text))};
    try {
        return slash.command == activate_command ? activate(slash) : deactivate(slash);
    } catch (const std::exception& error) {
        log::error("a command failed", "/" + slash.command + ": " + error.what());
        return {.reply = private_reply(unexpected_error)};
    }
}

ChannelCommands::Outcome ChannelCommands::activate(const Slash& slash) const {
    const auto done = gateway_.activate({.channel_id = slash.channel_id,
                                         .personality_slug = slash.personality,
                                         .guild_id = slash.guild_id},
                                        slash.user_id, Boottime::now() + gateway_deadline);
    Outcome outcome;
    if (!done) {
        log_failure(slash, done.error());
        if (done.error().outcome_unknown()) forget(slash.channel_id, outcome);
        outcome.reply = private_reply(activation_failure_text(slash.personality, done.error()));
        return outcome;
    }
    outcome.accepted_at = Boottime::now();
    forget(slash.channel_id, outcome);
    outcome.reply =
        private_reply("Activated " + bold(done->activation.personality_name) + " in this channel" +
                      (done->replaced ? " (replaced previous activation)." : "."));
    return outcome;
}

ChannelCommands::Outcome ChannelCommands::deactivate(const Slash& slash) const {
    const TimePoint deadline = Boottime::now() + gateway_deadline;
    const auto inherited = inherited_by(slash);  // as it is before
    const auto done =
        gateway_.deactivate({.channel_id = slash.channel_id}, slash.user_id, deadline);
    Outcome outcome;
    if (!done) {
        log_failure(slash, done.error());
        if (done.error().outcome_unknown()) forget(slash.channel_id, outcome);
        outcome.reply = private_reply(failure_text("deactivate", done.error()));
        return outcome;
    }
    outcome.accepted_at = Boottime::now();
    // Also when nothing was active: a cache may hold the opposite.
    forget(slash.channel_id, outcome);
    outcome.reply = private_reply(deactivation_text(*done, inherited));
    return outcome;
}

std::optional<std::string> ChannelCommands::inherited_by(const Slash& slash) const {
    if (slash.parent_channel_id.empty()) return std::nullopt;
    const auto found = activation_in(read_, slash.channel_id, slash.parent_channel_id);
    if (!found) {
        log::warn("an activation cannot be read",
                  "channel " + slash.channel_id + ": " + found.error().message());
        return std::nullopt;
    }
    const domain::Activation* const activation = found->activation();
    if (!found->inherited || activation == nullptr) return std::nullopt;
    // A gateway that does not say whether there are settings records no "off" either.
    if (!found->settings->has_settings) return std::nullopt;
    return activation->personality_name;
}

void ChannelCommands::forget(const std::string& channel_id, Outcome& outcome) const {
    outcome.invalidation = invalidate_(channel_id, publish_deadline);
    if (outcome.invalidation->published()) return;
    log::warn("other instances may go on with the old activation",
              "channel " + channel_id + ": " + outcome.invalidation->reason);
}

}  // namespace tutti::services::bot
