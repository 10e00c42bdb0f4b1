#include "cli/channel_view.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis/inspect.hpp"

namespace tutti::cli {

bool complete(ChannelOptions& options, std::string_view command, std::ostream& err,
              const World& world) {
    if (options.url == "-") options.url = world.redis_url;
    if (options.of.app.empty()) options.of.app = world.app;
    if (!options.url.empty()) return true;
    err << "tutti " << command << ": the URL is -, and REDIS_URL is not set\n";
    return false;
}

std::optional<redis::ChannelState> find_channel(const ChannelOptions& options,
                                                std::string_view command, std::ostream& err) {
    auto found = redis::inspect_channel(options.url, options.of);
    if (!found) {
        say_failure(err, command, found.error());
        return std::nullopt;
    }
    if (!*found) {
        err << "tutti " << command << ": no node of the app " << in_quotes(options.of.app)
            << " has used the channel " << in_quotes(options.of.channel)
            << " here: check CHANNEL, --app and the URL's database\n";
    }
    return *std::move(found);
}

ChannelView view_of(const redis::ChannelState& state, const redis::InspectOptions& of) {
    ChannelView view{.server = state.server,
                     .app = of.app,
                     .channel = of.channel,
                     .epoch = hex_of(static_cast<std::uint64_t>(state.position.epoch)),
                     .sequence = state.position.sequence,
                     .prefixes = state.prefixes,
                     .nodes_listening = state.nodes_listening,
                     .programs_listening = state.programs_listening};
    for (const auto& member : state.members) {
        auto& shown = view.members.emplace_back();
        shown.name = member.name;
        shown.applied = member.applied;
        if (member.lease) shown.lease_ms = whole_milliseconds(*member.lease);
    }
    return view;
}

void print(std::ostream& out, const ChannelView& view) {
    out << view.server << ", app " << in_quotes(view.app) << ", channel " << in_quotes(view.channel)
        << "\n  epoch " << view.epoch << ", sequence " << view.sequence << '\n';
    for (const std::string& prefix : view.prefixes) {
        out << "  values are kept under " << in_quotes(prefix) << '\n';
    }
    if (view.members.empty()) out << "  no members: no node serves from memory\n";
    for (const MemberView& member : view.members) {
        out << "  member " << in_quotes(member.name) << " has applied " << member.applied;
        if (member.applied < view.sequence)
            out << ", " << view.sequence - member.applied << " behind";
        if (member.lease_ms) out << ", lease " << *member.lease_ms << " ms";
        out << '\n';
    }
    const auto count = [&](const char* whose, const std::optional<std::uint64_t>& number) {
        out << "  subscribers of " << whose << ": ";
        number ? out << *number : out << "not known, +pubsub|numsub is not allowed";
        out << '\n';
    };
    count("the entries", view.nodes_listening);
    count("the plain channel", view.programs_listening);
}

int say_failure(std::ostream& err, std::string_view command, const Error& error) {
    err << "tutti " << command << ": " << without_credentials(error.message()) << '\n';
    return exit_failed;
}

std::string names_of(const KeySet& changed) {
    constexpr std::size_t named_max = 10;
    if (changed.all) return "every key";
    std::string names;
    std::size_t named = 0;
    const auto name = [&](const std::string& text) {
        if (named++ < named_max) names += (names.empty() ? "" : " ") + text;
    };
    for (const std::string& key : changed.keys) name(in_quotes(key));
    for (const std::string& tag : changed.tags) name("tag " + in_quotes(tag));
    if (named > named_max) names += " and " + std::to_string(named - named_max) + " more";
    return names;
}

std::string hex_of(std::uint64_t number) {
    constexpr std::size_t digits = 16;
    std::array<char, digits> text{};
    const auto end = std::to_chars(text.data(), text.data() + digits, number, 16).ptr;
    const std::string found(text.data(), end);
    return std::string(digits - found.size(), '0') + found;
}

std::int64_t whole_milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace tutti::cli
