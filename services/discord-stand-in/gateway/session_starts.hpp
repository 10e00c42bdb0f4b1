// How many sessions may begin: some in a day, and of shards with the same rest one in five seconds.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "common/process/timestamps.hpp"

namespace tutti::services::discord::gateway {

class SessionStarts {
public:
    struct Options {
        std::int64_t total = 1'000;
        std::uint32_t max_concurrency = 1;
        std::chrono::milliseconds every{5'000};
    };
    enum class Verdict : std::uint8_t {
        begins,
        too_soon,  // another shard of the same rest has just begun
        spent,     // over the day's: Discord ends all sessions and the token
    };

    explicit SessionStarts(Options options) : options_(options) {}

    [[nodiscard]] Verdict take(std::uint32_t shard, process::UnixTime now);
    [[nodiscard]] std::int64_t remaining(process::UnixTime now) const;
    [[nodiscard]] std::chrono::milliseconds reset_after(process::UnixTime now) const;
    [[nodiscard]] const Options& options() const noexcept { return options_; }

private:
    const Options options_;
    process::UnixTime day_ends_{};
    std::int64_t used_ = 0;
    std::map<std::uint32_t, process::UnixTime> free_at_;  // by the rest
};

}  // namespace tutti::services::discord::gateway
