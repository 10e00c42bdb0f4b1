#include "bot-client/channel_list_view.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "bot-client/discord_text.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::bot {
namespace {

using Sort = ListView::Sort;
using Scope = ListView::Scope;

constexpr std::size_t listed_name_units_max = 48;
constexpr std::size_t date_length = 10;  // of an ISO time
// A page at its longest: every channel in a server of its own, every character escaped. Besides the
// names no line and no title has more than this many characters.
constexpr std::size_t frame_units_max = 60;
static_assert(channels_on_page * (2 * (2 * listed_name_units_max) + frame_units_max) +
                  channels_on_page * (2 * listed_name_units_max + frame_units_max) <=
              embed_description_max);

// An activation with what it is sorted and grouped by.
struct ListRow {
    domain::Activation activation;
    std::size_t position = 0;  // as the gateway sent it, newest first
    std::string guild;         // its name; empty when it is not known
    std::string channel;       // likewise

    [[nodiscard]] std::string guild_id() const { return activation.guild_id.value_or(""); }
};

std::string shown(std::string_view name) { return shown_as_is(name, listed_name_units_max); }

// What has no name comes last.
auto name_key(const std::string& name, const std::string& id) {
    return std::tuple(name.empty(), to_lower(name), id);
}

auto guild_key(const ListRow& row) {
    const std::string id = row.guild_id();
    return std::tuple_cat(std::tuple(id.empty()), name_key(row.guild, id));
}

bool newer(const ListRow& a, const ListRow& b) {
    const std::string& left = a.activation.created_at;
    const std::string& right = b.activation.created_at;
    return left == right ? a.position < b.position : left > right;
}

void sort_rows(std::vector<ListRow>& rows, const ListView& view) {
    std::ranges::sort(rows, [&view](const ListRow& a, const ListRow& b) {
        if (view.scope == Scope::all) {
            const auto left = guild_key(a);
            const auto right = guild_key(b);
            if (left != right) return left < right;
        }
        if (view.sort == Sort::date) return newer(a, b);
        return name_key(a.channel, a.activation.channel_id) <
               name_key(b.channel, b.activation.channel_id);
    });
}

std::vector<ListRow> rows_of(std::vector<domain::Activation> activations,
                             const Directory& directory) {
    std::vector<ListRow> rows;
    rows.reserve(activations.size());
    for (domain::Activation& activation : activations) {
        ListRow row{.activation = std::move(activation),
                    .position = rows.size(),
                    .guild = {},
                    .channel = {}};
        row.channel = directory.channel_name(row.activation.channel_id).value_or("");
        if (row.activation.guild_id) {
            row.guild = directory.guild_name(*row.activation.guild_id).value_or("");
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

// In its own server Discord shows a mention by the name that the channel has now; of another server
// it may not know the channel.
std::string channel_text(const ListRow& row, Scope scope) {
    const std::string& id = row.activation.channel_id;
    if (scope == Scope::all && !row.channel.empty()) return "#" + shown(row.channel);
    return is_discord_id(id) ? "<#" + id + '>' : shown(id);
}

std::string guild_title(const ListRow& row) {
    if (!row.activation.guild_id) return "**Unknown server**\n";
    if (row.guild.empty()) return "**Server " + shown(row.guild_id()) + "**\n";
    return "**" + shown(row.guild) + "**\n";
}

std::string line(const ListRow& row, Scope scope) {
    return channel_text(row, scope) + ": **" + shown(row.activation.personality_name) +
           "** since " + shown_as_is(row.activation.created_at, date_length) + '\n';
}

std::string description(std::span<const ListRow> page, Scope scope) {
    std::string text;
    const ListRow* before = nullptr;
    for (const ListRow& row : page) {
        const bool other_guild = before == nullptr || before->guild_id() != row.guild_id();
        if (scope == Scope::all && other_guild) text += guild_title(row);
        text += line(row, scope);
        before = &row;
    }
    return text;
}

std::string footer(std::size_t count, Sort sort) {
    const std::string channels = count == 1 ? "1 channel" : std::to_string(count) + " channels";
    return channels + (sort == Sort::date ? ", newest first" : ", by name");
}

}  // namespace

BotReply list_reply(std::vector<domain::Activation> activations, ListView view,
                    const Directory& directory) {
    const bool all = view.scope == Scope::all;
    if (activations.empty()) {
        return {.content = std::string("No channels have activated personalities ") +
                           (all ? "across all servers." : "in this server."),
                .ephemeral = true};
    }
    auto rows = rows_of(std::move(activations), directory);
    sort_rows(rows, view);
    const std::size_t pages = (rows.size() + channels_on_page - 1) / channels_on_page;
    view.page = std::min(view.page, pages);
    const std::size_t first = (view.page - 1) * channels_on_page;
    const auto page =
        std::span(rows).subspan(first, std::min(channels_on_page, rows.size() - first));
    return {.content = {},
            .ephemeral = true,
            .embed = Embed{.title = all ? "Activated channels across all servers"
                                        : "Activated channels in this server",
                           .description = description(page, view.scope),
                           .footer = footer(rows.size(), view.sort)},
            .buttons = list_buttons(view, pages)};
}

}  // namespace tutti::services::bot
