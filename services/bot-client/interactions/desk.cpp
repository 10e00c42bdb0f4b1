#include "bot-client/interactions/desk.hpp"

#include <algorithm>
#include <string>

#include "bot-client/command_replies.hpp"
#include "common/process/logging.hpp"
#include "common/process/span.hpp"

namespace tutti::services::bot::interactions {
namespace {

using namespace std::chrono_literals;

// A little less than Discord's three seconds: the way there takes time, too.
constexpr Duration first_answer_within = 2800ms;
constexpr Duration edit_within = 10s;

Slash slash_of(const Interaction& interaction) {
    return {.command = interaction.command,
            .personality = interaction.option("personality"),
            .user_id = interaction.user_id,
            .channel_id = interaction.channel_id.value_or(""),
            .guild_id = interaction.guild_id.value_or(""),
            .may_manage_messages = interaction.may_manage_messages,
            .parent_channel_id = interaction.thread_of,
            .all = interaction.option("all") == "true",
            .message = interaction.option("message"),
            .user_name = interaction.user_name};
}

void log_unless_shown(const Result<std::string>& shown) {
    if (!shown) log::warn("an answer to an interaction is not shown", shown.error().message());
}

}  // namespace

std::string_view to_string(FirstAnswer outcome) noexcept {
    switch (outcome) {
    case FirstAnswer::taken: return "taken";
    case FirstAnswer::elsewhere: return "elsewhere";
    case FirstAnswer::too_late: return "too_late";
    case FirstAnswer::failed: return "failed";
    }
    return "unknown";
}

void InteractionDesk::handle(const Interaction& interaction) {
    const process::Span span("INTERACTION_CREATE", process::Span::Kind::consumer, std::nullopt);
    switch (interaction.kind) {
    case InteractionKind::autocomplete: return complete(interaction);
    case InteractionKind::command: return run_command(interaction);
    case InteractionKind::component: return press_button(interaction);
    case InteractionKind::modal:
    case InteractionKind::ping: break;  // the bot shows no modal; a ping is of HTTP alone
    }
}

void InteractionDesk::complete(const Interaction& interaction) {
    const auto focused = std::ranges::find(interaction.options, true, &CommandOption::focused);
    Autocomplete::Outcome found;
    if (focused != interaction.options.end()) {
        found = parts_.autocomplete.choose({.command = interaction.command,
                                            .option = focused->name,
                                            .text = focused->value,
                                            .user_id = interaction.user_id});
    }
    count(interaction,
          parts_.answers.choose(interaction, found.choices, first_deadline(interaction)));
}

void InteractionDesk::run_command(const Interaction& interaction) {
    const Slash slash = slash_of(interaction);
    const bool is_chat = CharacterChat::knows(slash.command);
    if (!begin(interaction, is_chat ? Deferral::public_reply : Deferral::private_reply)) return;
    const auto show = [&](const BotReply& reply) {
        return parts_.answers.edit(interaction, reply, Boottime::now() + edit_within);
    };
    if (is_chat) return parts_.chat.run(slash, show);
    if (ChannelList::knows(slash.command)) {
        return log_unless_shown(show(parts_.list.run(slash, parts_.directory)));
    }
    if (ChannelCommands::knows(slash.command)) {
        return log_unless_shown(show(parts_.commands.run(slash).reply));
    }
    log_unless_shown(show(private_reply("This command is not known here any more.")));
}

void InteractionDesk::press_button(const Interaction& interaction) {
    if (!begin(interaction, Deferral::update)) return;
    const BotReply reply =
        parts_.list.press({.custom_id = interaction.custom_id,
                           .user_id = interaction.user_id,
                           .channel_id = interaction.channel_id.value_or(""),
                           .guild_id = interaction.guild_id.value_or(""),
                           .may_manage_messages = interaction.may_manage_messages},
                          parts_.directory);
    const TimePoint deadline = Boottime::now() + edit_within;
    log_unless_shown(reply.replaces ? parts_.answers.edit(interaction, reply, deadline)
                                    : parts_.answers.follow_up(interaction, reply, deadline));
}

bool InteractionDesk::begin(const Interaction& interaction, Deferral how) {
    if (!parts_.claim("interaction:" + interaction.id)) {
        return count(interaction, FirstAnswer::elsewhere);
    }
    return count(interaction, parts_.answers.defer(interaction, how, first_deadline(interaction)));
}

bool InteractionDesk::count(const Interaction& interaction, FirstAnswer outcome) {
    ++first_answers_[static_cast<std::size_t>(outcome)];
    if (outcome != FirstAnswer::taken) return false;
    if (const auto age = age_of(interaction.id, parts_.now())) ages_.add(*age);
    return true;
}

TimePoint InteractionDesk::first_deadline(const Interaction& interaction) const {
    const Duration age = age_of(interaction.id, parts_.now()).value_or(Duration::zero());
    // A clock that is ahead must not silence the bot.
    const Duration left = first_answer_within - std::min(age, first_answer_within / 2);
    return Boottime::now() + left;
}

InteractionDesk::Figures InteractionDesk::figures() const {
    Figures figures{.ages = ages_.figures()};
    for (std::size_t i = 0; i < outcomes; ++i) figures.first_answers[i] = first_answers_[i];
    return figures;
}

}  // namespace tutti::services::bot::interactions
