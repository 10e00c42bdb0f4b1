// What each command is given when its options are parsed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/pattern.hpp"
#include "tutti/redis/inspect.hpp"

namespace tutti::cli {

enum class Format : std::uint8_t { text, markdown, json, document };

struct AuditOptions {
    std::vector<std::string> urls;  // empty: the catalogue
    Format format = Format::text;
    bool check = false;
    Duration timeout = std::chrono::seconds{5};
};

[[nodiscard]] int audit(const AuditOptions& options, std::ostream& out, std::ostream& err,
                        const World& world);

struct AdviseOptions {
    std::optional<Stale> stale;
    Need need;  // without `stale`
};

[[nodiscard]] int advise(const AdviseOptions& options, std::ostream& out, std::ostream& err);

struct DoctorCommand {
    std::vector<std::string> urls;  // one; a second is an error that must not repeat it
    DoctorOptions options;
    Format format = Format::text;  // or json
};

[[nodiscard]] int doctor(const DoctorCommand& command, std::ostream& out, std::ostream& err,
                         const World& world);

struct TopCommand {
    std::vector<std::string> urls;
    Duration every = std::chrono::seconds{2};
    std::uint64_t rounds = 0;  // zero: until it is interrupted
    std::size_t rows_max = 40;
    bool clears = true;  // the terminal, before each round
    Duration timeout = std::chrono::seconds{2};
};

[[nodiscard]] int top(const TopCommand& command, std::ostream& out, const World& world);

// What the commands that ask a Redis for a channel are given.
struct ChannelOptions {
    std::string url;  // "-": REDIS_URL
    redis::InspectOptions of;
    Format format = Format::text;  // or json
};

struct InvalidateCommand {
    ChannelOptions channel;
    std::vector<std::string> keys;
    std::vector<std::string> tags;
    bool all = false;
    bool dry_run = false;
    bool ack = false;
    std::string event;  // "user:discordId": how programs without Tutti are told; empty: not at all
};

[[nodiscard]] int invalidate(InvalidateCommand command, std::ostream& out, std::ostream& err,
                             const World& world);

struct ReplayCommand {
    ChannelOptions channel;
    std::uint64_t since = 1;
    std::uint64_t entries_max = 20'000;
};

[[nodiscard]] int replay(ReplayCommand command, std::ostream& out, std::ostream& err,
                         const World& world);

struct ExplainCommand {
    ChannelOptions channel;  // its name may be empty: that of the cache
    std::string cache;
    std::string key;
    std::vector<std::string> processes;  // to be asked what they hold
};

[[nodiscard]] int explain(ExplainCommand command, std::ostream& out, std::ostream& err,
                          const World& world);

struct ProbeCommand {
    ChannelOptions channel;
    std::vector<std::string> processes;
    std::vector<Duration> within{std::chrono::milliseconds{100}, std::chrono::seconds{1},
                                 std::chrono::seconds{10}};
    std::uint64_t one_in = 1;                            // invalidations of keys
    std::uint64_t rate_max = 10;                         // followed in a second
    std::uint64_t samples_max = 0;                       // zero: as many as come
    Duration lasts = std::chrono::minutes{1};            // so long new ones are followed
    Duration patience = std::chrono::milliseconds{200};  // with an answer
};

[[nodiscard]] int probe(ProbeCommand command, std::ostream& out, std::ostream& err,
                        const World& world);

// An argument, or a text that quotes one, without the user names and passwords of its URLs.
[[nodiscard]] std::string without_credentials(std::string text);

}  // namespace tutti::cli
