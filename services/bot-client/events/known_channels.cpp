#include "bot-client/events/known_channels.hpp"

#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"
#include "bot-client/shard/payloads.hpp"
#include "common/process/text.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot::events {
namespace {

constexpr std::size_t name_bytes_max = 400;

// 0: none, or no id.
std::uint64_t number_of(std::string_view id) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    return error == std::errc{} && end == id.data() + id.size() ? number : 0;
}
std::uint64_t number_of_given(const std::optional<std::string>& id) {
    return id ? number_of(*id) : 0;
}

// 100 characters of UTF-16, as UTF-8.
std::string bounded_name(std::string_view name) {
    return std::string(process::cut_utf8(name, name_bytes_max));
}

std::string text_of(std::uint64_t id) { return id == 0 ? std::string() : std::to_string(id); }

}  // namespace

struct KnownChannels::Writer {
    KnownChannels& to;

    void put(const wire::Channel& channel, Id guild) const {
        const Id id = number_of(channel.id);
        if (id == 0) return;
        const Id own_guild = number_of_given(channel.guild_id);
        to.channels_.put(
            id,
            {.guild = own_guild == 0 ? guild : own_guild,
             .thread_of = wire::is_thread(channel.type) ? number_of_given(channel.parent_id) : 0,
             .name = bounded_name(channel.name.value_or(""))});
    }
    void put_all(const std::optional<std::vector<wire::Channel>>& channels, Id guild) const {
        if (!channels) return;
        for (const wire::Channel& channel : *channels) put(channel, guild);
    }
    void put(const wire::Guild& guild) const {
        const Id id = number_of(guild.id);
        if (id == 0) return;
        if (guild.name) to.guilds_.put(id, bounded_name(*guild.name));
        put_all(guild.channels, id);
        put_all(guild.threads, id);
    }
    // An outage takes nothing away: its channels come back as they were.
    void forget(const wire::Guild& guild) const {
        const Id id = number_of(guild.id);
        if (guild.unavailable.value_or(false) || id == 0) return;
        to.guilds_.erase(id);
        to.channels_.erase_if([id](Id, const Known& known) { return known.guild == id; });
    }
};

KnownChannels::KnownChannels(Options options)
    : guilds_({.ttl = Ttl::never(), .bound = entries(options.guilds_max)}),
      channels_({.ttl = Ttl::never(), .bound = entries(options.channels_max)}) {}

bool KnownChannels::concerned_by(std::string_view event) noexcept {
    return event == "GUILD_CREATE" || event == "GUILD_UPDATE" || event == "GUILD_DELETE" ||
           event == "CHANNEL_CREATE" || event == "CHANNEL_UPDATE" || event == "CHANNEL_DELETE" ||
           event == "THREAD_CREATE" || event == "THREAD_UPDATE" || event == "THREAD_DELETE" ||
           event == "THREAD_LIST_SYNC";
}

Result<void> KnownChannels::apply(std::string_view event, std::string_view frame) {
    const Writer writer{*this};
    if (event.starts_with("GUILD_")) {
        const auto guild = wire::read_event<wire::Guild>(frame, shard::payload_limits);
        if (!guild) return fail(guild.error());
        event == "GUILD_DELETE" ? writer.forget(*guild) : writer.put(*guild);
        return {};
    }
    if (event == "THREAD_LIST_SYNC") {
        const auto list = wire::read_event<wire::ThreadList>(frame, shard::payload_limits);
        if (!list) return fail(list.error());
        writer.put_all(list->threads, number_of(list->guild_id));
        return {};
    }
    const auto channel = wire::read_event<wire::Channel>(frame, shard::payload_limits);
    if (!channel) return fail(channel.error());
    if (event.ends_with("_DELETE")) {
        channels_.erase(number_of(channel->id));
    } else {
        writer.put(*channel, 0);
    }
    return {};
}

Result<ChannelPlace> KnownChannels::learn(std::string_view channel) {
    const auto read = json::read<wire::Channel>(channel, shard::payload_limits);
    if (!read) return fail(read.error());
    Writer{*this}.put(*read, 0);
    return ChannelPlace{
        .guild_id = read->guild_id.value_or(""),
        .thread_of = wire::is_thread(read->type) ? read->parent_id.value_or("") : ""};
}

std::optional<KnownChannels::Known> KnownChannels::known(const std::string& channel_id) const {
    return channels_.get(number_of(channel_id));
}

std::optional<ChannelPlace> KnownChannels::place_of(const std::string& channel_id) const {
    const auto found = known(channel_id);
    if (!found) return std::nullopt;
    return ChannelPlace{.guild_id = text_of(found->guild), .thread_of = text_of(found->thread_of)};
}

std::optional<std::string> KnownChannels::guild_of(const std::string& channel_id) const {
    const auto found = known(channel_id);
    if (!found || found->guild == 0) return std::nullopt;
    return text_of(found->guild);
}

std::optional<std::string> KnownChannels::channel_name(const std::string& channel_id) const {
    auto found = known(channel_id);
    if (!found || found->name.empty()) return std::nullopt;
    return std::move(found->name);
}

std::optional<std::string> KnownChannels::guild_name(const std::string& guild_id) const {
    return guilds_.get(number_of(guild_id));
}

}  // namespace tutti::services::bot::events
