#include "discord-stand-in/gateway/session_starts.hpp"

namespace tutti::services::discord::gateway {
namespace {

constexpr std::chrono::hours day{24};

}  // namespace

SessionStarts::Verdict SessionStarts::take(std::uint32_t shard, process::UnixTime now) {
    process::UnixTime& free_at = free_at_[shard % options_.max_concurrency];
    if (now < free_at) return Verdict::too_soon;
    if (day_ends_ <= now) {
        day_ends_ = now + day;
        used_ = 0;
    }
    if (used_ >= options_.total) return Verdict::spent;
    ++used_;
    free_at = now + options_.every;
    return Verdict::begins;
}

std::int64_t SessionStarts::remaining(process::UnixTime now) const {
    return day_ends_ <= now ? options_.total : options_.total - used_;
}

std::chrono::milliseconds SessionStarts::reset_after(process::UnixTime now) const {
    return day_ends_ <= now ? day : day_ends_ - now;
}

}  // namespace tutti::services::discord::gateway
