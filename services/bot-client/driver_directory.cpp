#include "bot-client/driver_directory.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <ranges>
#include <utility>

namespace tutti::services::bot {
namespace {

constexpr std::size_t entries_max = 1000;

template <class Entry>
using ById = std::optional<std::map<std::string, Entry>>;

template <class Entry>
std::string problem_of(const ById<Entry>& entries) {
    if (!entries) return {};
    if (entries->size() > entries_max) {
        return "at most " + std::to_string(entries_max) + " channels and servers";
    }
    const auto ids = std::views::keys(*entries);
    return std::ranges::all_of(ids, is_discord_id) ? "" : "its keys must be Discord ids";
}

}  // namespace

std::string problem_of(const std::optional<DriverDirectory>& directory) {
    if (!directory) return {};
    if (auto problem = problem_of(directory->channels); !problem.empty()) return problem;
    if (auto problem = problem_of(directory->guilds); !problem.empty()) return problem;
    if (!directory->channels) return {};
    for (const DriverChannel& channel : std::views::values(*directory->channels)) {
        if (channel.guild_id && !is_discord_id(*channel.guild_id)) {
            return "guildId must be a Discord id";
        }
    }
    return {};
}

GivenDirectory::GivenDirectory(std::optional<DriverDirectory> directory) {
    if (!directory) return;
    if (directory->channels) channels_ = *std::move(directory->channels);
    if (directory->guilds) guilds_ = *std::move(directory->guilds);
}

std::optional<std::string> GivenDirectory::guild_of(const std::string& channel_id) const {
    const auto found = channels_.find(channel_id);
    return found == channels_.end() ? std::nullopt : found->second.guild_id;
}

std::optional<std::string> GivenDirectory::channel_name(const std::string& channel_id) const {
    const auto found = channels_.find(channel_id);
    return found == channels_.end() ? std::nullopt : found->second.name;
}

std::optional<std::string> GivenDirectory::guild_name(const std::string& guild_id) const {
    const auto found = guilds_.find(guild_id);
    return found == guilds_.end() ? std::nullopt : std::optional(found->second.name);
}

}  // namespace tutti::services::bot
