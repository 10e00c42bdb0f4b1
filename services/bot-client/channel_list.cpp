#include "bot-client/channel_list.hpp"

#include <exception>
#include <utility>

#include "bot-client/channel_list_view.hpp"
#include "bot-client/command_replies.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::bot {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view list_command = "channel list";

// Together below the 3 s of Discord.
constexpr Duration list_deadline = 1500ms;
constexpr Duration reports_deadline = 800ms;
constexpr std::size_t reports_max = 10;

constexpr std::chrono::seconds buttons_live = 60s;
constexpr std::chrono::seconds clocks_differ_max = 5s;

}  // namespace

bool ChannelList::knows(std::string_view command) noexcept { return command == list_command; }

BotReply ChannelList::run(const Slash& slash, const Directory& directory) const {
    const ListView view{.page = 1,
                        .sort = ListView::Sort::date,
                        .scope = slash.all ? ListView::Scope::all : ListView::Scope::guild,
                        .asked_by = slash.user_id,
                        .asked_at = options_.now()};
    auto shown = show(slash, view, directory);
    return shown ? *std::move(shown) : private_reply(std::move(shown).error());
}

BotReply ChannelList::press(const ButtonPress& press, const Directory& directory) const {
    const auto view = view_of_button(press.custom_id);
    if (!view) return private_reply("This button is not known here. Please use /channel list.");
    if (auto text = refusal(*view, press)) return private_reply(*std::move(text));
    const Slash slash{.command = std::string(list_command),
                      .personality = {},
                      .user_id = press.user_id,
                      .channel_id = press.channel_id,
                      .guild_id = press.guild_id,
                      .may_manage_messages = press.may_manage_messages,
                      .all = view->scope == ListView::Scope::all};
    auto shown = show(slash, *view, directory);
    // What went wrong is said beside the list, which stays.
    if (!shown) return private_reply(std::move(shown).error());
    shown->replaces = true;
    return *std::move(shown);
}

std::optional<std::string> ChannelList::refusal(const ListView& view,
                                                const ButtonPress& press) const {
    if (view.asked_by != press.user_id) {
        return "Only who asked for this list can use its buttons. Please use /channel list.";
    }
    const auto age = options_.now() - view.asked_at;
    if (age < -clocks_differ_max || age > buttons_live) {
        return "The buttons of this list have expired. Please use /channel list again.";
    }
    return std::nullopt;
}

ChannelList::Shown ChannelList::show(const Slash& slash, const ListView& view,
                                     const Directory& directory) const {
    if (auto text = moderation_refusal(slash)) return std::unexpected(*std::move(text));
    if (slash.all && options_.bot_owner_id != slash.user_id) {
        return std::unexpected("Only the owner of the bot can list the channels of all servers.");
    }
    try {
        auto found = read(slash, directory);
        if (found) return list_reply(*std::move(found), view, directory);
        log_failure(slash, found.error());
        return std::unexpected(failure_text("list activations", found.error()));
    } catch (const std::exception& error) {
        log::error("a command failed", "/" + slash.command + ": " + error.what());
        return std::unexpected(unexpected_error);
    }
}

GatewayResult<std::vector<domain::Activation>> ChannelList::read(const Slash& slash,
                                                                 const Directory& directory) const {
    const auto guild_id = slash.all ? std::nullopt : std::optional(slash.guild_id);
    auto found =
        gateway_.list_activations(guild_id, slash.user_id, Boottime::now() + list_deadline);
    if (!found) return found;
    fill_in_guilds(*found, slash, directory);
    // The gateway sent those of no known server, too.
    if (guild_id) {
        std::erase_if(*found, [&](const domain::Activation& a) { return a.guild_id != *guild_id; });
    }
    return found;
}

// The guild of a cached activation is read nowhere, so there is nothing to invalidate.
void ChannelList::fill_in_guilds(std::vector<domain::Activation>& activations, const Slash& slash,
                                 const Directory& directory) const {
    const TimePoint deadline = Boottime::now() + reports_deadline;
    std::size_t reports_left = reports_max;
    for (domain::Activation& activation : activations) {
        if (activation.guild_id) continue;
        const auto guild_id = directory.guild_of(activation.channel_id);
        if (!guild_id) continue;
        activation.guild_id = *guild_id;
        if (reports_left == 0) continue;
        --reports_left;
        const auto done = gateway_.update_guild(
            {.channel_id = activation.channel_id, .guild_id = *guild_id}, slash.user_id, deadline);
        if (done) continue;
        log_failure(slash, done.error());
        // A gateway in trouble is not asked nine times more; the next list tries again.
        if (done.error().passing()) reports_left = 0;
    }
}

}  // namespace tutti::services::bot
