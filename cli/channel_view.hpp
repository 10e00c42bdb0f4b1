// What `invalidate --dry-run` and `explain` show of a channel, and what the commands about channels
// have in common.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis/inspect.hpp"

namespace tutti::cli {

struct MemberView {
    std::string name;
    std::uint64_t applied = 0;
    std::optional<std::int64_t> lease_ms{};
};
BOOST_DESCRIBE_STRUCT(MemberView, (), (name, applied, lease_ms))

struct ChannelView {
    std::string server{};
    std::string app{};
    std::string channel{};
    std::string epoch{};
    std::uint64_t sequence = 0;
    std::vector<std::string> prefixes{};
    std::vector<MemberView> members{};
    std::optional<std::uint64_t> nodes_listening{};
    std::optional<std::uint64_t> programs_listening{};
};
BOOST_DESCRIBE_STRUCT(ChannelView, (),
                      (server, app, channel, epoch, sequence, prefixes, members, nodes_listening,
                       programs_listening))

// Takes REDIS_URL for "-", and the shipped services' app for none. False: said why.
[[nodiscard]] bool complete(ChannelOptions& options, std::string_view command, std::ostream& err,
                            const World& world);

// Nothing: said why. A channel that is not there is an error, too: most likely a wrong name.
[[nodiscard]] std::optional<redis::ChannelState> find_channel(const ChannelOptions& options,
                                                              std::string_view command,
                                                              std::ostream& err);

[[nodiscard]] ChannelView view_of(const redis::ChannelState& state,
                                  const redis::InspectOptions& of);
void print(std::ostream& out, const ChannelView& view);

// "command: what went wrong", without credentials. Returns exit_failed.
int say_failure(std::ostream& err, std::string_view command, const Error& error);

// "every key", or some of them and how many there are.
[[nodiscard]] std::string names_of(const KeySet& changed);
[[nodiscard]] std::string hex_of(std::uint64_t number);
[[nodiscard]] std::int64_t whole_milliseconds(Duration duration);

}  // namespace tutti::cli
