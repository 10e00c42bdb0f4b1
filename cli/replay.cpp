// `tutti replay`: the log of a channel, each entry checked against the one before.
#include <ostream>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/channel_view.hpp"
#include "cli/commands.hpp"
#include "tutti/json.hpp"

namespace tutti::cli {
namespace {

constexpr const char* name = "replay";

struct EntryView {
    std::uint64_t sequence = 0;
    std::string previous;
    std::string chain;
    std::vector<std::string> keys;
    bool all = false;
    std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(EntryView, (), (sequence, previous, chain, keys, all, tags))

struct LogView {
    std::string epoch;
    std::vector<EntryView> entries;
    std::vector<std::string> breaks;
};
BOOST_DESCRIBE_STRUCT(LogView, (), (epoch, entries, breaks))

LogView view_of(const redis::LogPart& part) {
    LogView view{.epoch = hex_of(static_cast<std::uint64_t>(part.epoch)),
                 .entries = {},
                 .breaks = part.breaks};
    for (const BusEntry& entry : part.entries) {
        view.entries.push_back({.sequence = entry.position.sequence,
                                .previous = hex_of(static_cast<std::uint64_t>(entry.previous)),
                                .chain = hex_of(static_cast<std::uint64_t>(entry.position.chain)),
                                .keys = entry.changed.keys,
                                .all = entry.changed.all,
                                .tags = entry.changed.tags});
    }
    return view;
}

void print(std::ostream& out, const redis::LogPart& part) {
    out << "epoch " << hex_of(static_cast<std::uint64_t>(part.epoch)) << '\n';
    for (const BusEntry& entry : part.entries) {
        out << "  " << entry.position.sequence << "  "
            << hex_of(static_cast<std::uint64_t>(entry.position.chain)) << "  "
            << names_of(entry.changed) << '\n';
    }
    out << part.entries.size() << " entries, "
        << (part.breaks.empty() ? "each continues the one before"
                                : "the log is broken: nodes drop everything there")
        << '\n';
    for (const auto& each : part.breaks) out << "  " << each << '\n';
}

}  // namespace

int replay(ReplayCommand command, std::ostream& out, std::ostream& err, const World& world) {
    if (!complete(command.channel, name, err, world)) return exit_failed;
    if (!find_channel(command.channel, name, err)) return exit_failed;
    const auto part = redis::read_log(command.channel.url, command.channel.of, command.since,
                                      command.entries_max);
    if (!part) return say_failure(err, name, part.error());
    if (command.channel.format == Format::json) {
        out << json::write(view_of(*part)) << '\n';
    } else {
        print(out, *part);
    }
    return part->breaks.empty() ? exit_success : exit_refused;
}

}  // namespace tutti::cli
