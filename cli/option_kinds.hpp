// What several commands are given in the same form: a time, and the processes to ask.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): of the library
class App;
class Option;
}  // namespace CLI

namespace tutti::cli {

// "500ms", "2s", "5m", "1h". Nothing: it is none, or beyond 30 days.
[[nodiscard]] std::optional<Duration> time_in(std::string_view text);
// In that form, in the largest unit that has a whole number of it; a fraction of 1 ms is left out.
[[nodiscard]] std::string time_in_words(Duration time);

struct TimeBounds {
    Duration least = std::chrono::milliseconds{1};
    Duration most = std::chrono::hours{1};
};

// An option that takes one; without it what `into` has stays. `into` lives as long as `to`.
void add_time(CLI::App& to, const std::string& name, Duration& into, const std::string& help,
              const TimeBounds& bounds = {});
// One that takes several, separated by commas or given again.
void add_times(CLI::App& to, const std::string& name, std::vector<Duration>& into,
               const std::string& help);

// An option, or what follows without one, that takes one or several.
CLI::Option& add_processes(CLI::App& to, const std::string& name, std::vector<std::string>& into,
                           const std::string& help);

}  // namespace tutti::cli
