// What the log says about plain events of a wrong shape. Foreign programs publish as fast as they like and
// must not fill our log: the first event is reported at once, those after it are counted and reported
// together, at most once a period and with the event that comes after it. What has not been reported yet
// is in tutti_channel_dropped_events_total all the same.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "tutti/clock.hpp"

namespace tutti {

class DropReports {
public:
    static constexpr Duration period = std::chrono::minutes{1};

    // One of that size was dropped at `now`: the text to write, if it is time for one.
    std::optional<std::string> dropped(std::size_t bytes, TimePoint now) {
        ++unreported_;
        if (now < quiet_until_) return std::nullopt;
        quiet_until_ = now + period;
        const std::uint64_t before = std::exchange(unreported_, 0) - 1;
        std::string text = "dropped an event of " + std::to_string(bytes) +
                           " bytes that has none of the declared shapes";
        if (before > 0) text += ", and " + std::to_string(before) + " before it";
        return text;
    }

private:
    std::uint64_t unreported_ = 0;
    TimePoint quiet_until_{};  // long ago
};

}  // namespace tutti
