#include "discord-stand-in/world/snowflake.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

namespace tutti::services::discord::world {
namespace {

constexpr std::chrono::milliseconds epoch{1'420'070'400'000};
constexpr unsigned time_shift = 22;

}  // namespace

Snowflake snowflake_at(process::UnixTime time) noexcept {
    const auto since = time.time_since_epoch() - epoch;
    return static_cast<Snowflake>(std::max<std::int64_t>(since.count(), 0)) << time_shift;
}

process::UnixTime time_of(Snowflake id) noexcept {
    return process::UnixTime(
        epoch + std::chrono::milliseconds(static_cast<std::int64_t>(id >> time_shift)));
}

std::optional<Snowflake> read_snowflake(std::string_view text) noexcept {
    Snowflake id = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, id);
    if (text.empty() || error != std::errc{} || stopped != end || id == 0) return std::nullopt;
    return id;
}

std::uint32_t shard_of(Snowflake guild, std::uint32_t shards) noexcept {
    return static_cast<std::uint32_t>((guild >> time_shift) % shards);
}

Snowflake Snowflakes::next(process::UnixTime now) {
    last_ = std::max(snowflake_at(now) + machine_, last_ + machines_max);
    return last_;
}

Snowflake Snowflakes::next_spread(process::UnixTime now) {
    last_ = std::max(snowflake_at(now), ((last_ >> time_shift) + 1) << time_shift) + machine_;
    return last_;
}

}  // namespace tutti::services::discord::world
