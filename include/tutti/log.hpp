// How loud a log line is, and how often a line of one kind is said. The library logs through one
// function of the user's (NodeOptions::log).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

enum class LogLevel : unsigned char { debug, info, warning, error };

[[nodiscard]] constexpr std::string_view to_string(LogLevel level) noexcept {
    switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
    }
    return "unknown";
}

// Keeps a log readable under fire: of each kind one line a minute. A source that is away, or a peer
// that sends nonsense, fails every read, and thousands of equal lines hide the one that tells why.
//
//     if (auto line = limiter.admit("database", error.message())) write(*line);
//
// The first line of a kind goes out at once; those of the minute after it are counted, and the next
// one says how many were left out. What is left out and not followed by a line is not told:
// counters are for numbers, the log is for reasons.
//
// Thread-safety: any thread. Cost: a lock and a look-up. Memory: a few dozen bytes for each kind,
// of which at most `kinds_max` are told apart; further ones share one allowance.
class LogLimiter {
public:
    static constexpr std::size_t kinds_max = 1000;
    static constexpr Duration period = std::chrono::minutes{1};

    // `clock` outlives the limiter.
    explicit LogLimiter(const Clock& clock = system_clock()) : clock_(&clock) {}

    // The line to write, "<kind>: <text>" and what was left out before it; nullopt: leave this one
    // out. A kind is a fixed text, or one with a name that the program has given: what comes from a
    // peer belongs into `text`.
    [[nodiscard]] std::optional<std::string> admit(std::string_view kind, std::string_view text) {
        const TimePoint now = clock_->now();
        std::uint64_t left_out = 0;
        {
            const detail::Lock lock(mutex_);
            Kind& of = find(kind);
            if (of.spoken && now - *of.spoken < period) {
                ++of.left_out;
                return std::nullopt;
            }
            of.spoken = now;
            left_out = std::exchange(of.left_out, 0);
        }
        std::string line(kind);
        line.append(": ").append(text);
        if (left_out > 0) {
            line += " (and " + std::to_string(left_out) + " such lines before it were left out)";
        }
        return line;
    }

private:
    struct Kind {
        std::optional<TimePoint> spoken;
        std::uint64_t left_out = 0;
    };

    Kind& find(std::string_view kind) TUTTI_REQUIRES(mutex_) {
        const auto found = kinds_.find(kind);
        if (found != kinds_.end()) return found->second;
        return kinds_.size() < kinds_max ? kinds_[std::string(kind)] : others_;
    }

    const Clock* clock_;
    detail::Mutex mutex_;
    std::map<std::string, Kind, std::less<>> kinds_ TUTTI_GUARDED_BY(mutex_);
    Kind others_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti
