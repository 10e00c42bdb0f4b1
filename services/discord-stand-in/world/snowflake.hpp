// Discord's ids: a time in milliseconds, a number within it and the machine that gave it, so that
// they say how old something is, and which shard a server belongs to.
//
// Thread-safety: pure functions; `Snowflakes` has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/process/timestamps.hpp"

namespace tutti::services::discord::world {

using Snowflake = std::uint64_t;

[[nodiscard]] Snowflake snowflake_at(process::UnixTime time) noexcept;
[[nodiscard]] process::UnixTime time_of(Snowflake id) noexcept;
// Nothing: no decimal number of 64 bits, or zero.
[[nodiscard]] std::optional<Snowflake> read_snowflake(std::string_view text) noexcept;
// The shard that hears of a server; what has no server is of shard 0.
[[nodiscard]] std::uint32_t shard_of(Snowflake guild, std::uint32_t shards) noexcept;

// How many machines may give ids.
inline constexpr std::uint16_t machines_max = 1024;

// Gives each id once, in the order of their numbers, and none that another machine gives.
class Snowflakes {
public:
    // Requires: `machine` below `machines_max`.
    explicit Snowflakes(std::uint16_t machine = 0) : machine_(machine), last_(machine) {}

    [[nodiscard]] Snowflake next(process::UnixTime now);
    // In a millisecond of its own, so that many of them are of all shards.
    [[nodiscard]] Snowflake next_spread(process::UnixTime now);

private:
    Snowflake machine_;
    Snowflake last_;
};

}  // namespace tutti::services::discord::world
