#include "cli/option_kinds.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <ranges>

#include <CLI/CLI.hpp>

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Duration length;
};
constexpr std::array units{Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"m", 1min}, Unit{"h", 1h}};
constexpr Duration longest = 30 * 24h;

// Throws: CLI::ValidationError.
Duration read_time(const std::string& option, const std::string& text, const TimeBounds& bounds) {
    const auto time = time_in(text);
    if (time && *time >= bounds.least && *time <= bounds.most) return *time;
    throw CLI::ValidationError(option, "must be a time such as 500ms, 2s or 5m, from " +
                                           time_in_words(bounds.least) + " to " +
                                           time_in_words(bounds.most) + ", not '" + text + "'");
}

}  // namespace

std::optional<Duration> time_in(std::string_view text) {
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : units) {
        if (text != unit.name) continue;
        return count <= longest / unit.length ? std::optional(count * unit.length) : std::nullopt;
    }
    return std::nullopt;
}

std::string time_in_words(Duration time) {
    for (const Unit& unit : units | std::views::reverse) {
        if (time >= unit.length && time % unit.length == Duration::zero())
            return std::to_string(time / unit.length) + std::string(unit.name);
    }
    return std::to_string(time / 1ms) + "ms";
}

void add_time(CLI::App& to, const std::string& name, Duration& into, const std::string& help,
              const TimeBounds& bounds) {
    to.add_option_function<std::string>(
          name,
          [name, &into, bounds](const std::string& text) { into = read_time(name, text, bounds); },
          help)
        ->type_name("TIME")
        ->default_str(time_in_words(into));
}

void add_times(CLI::App& to, const std::string& name, std::vector<Duration>& into,
               const std::string& help) {
    std::string usual;
    for (const Duration each : into) usual += (usual.empty() ? "" : ",") + time_in_words(each);
    to.add_option_function<std::vector<std::string>>(
          name,
          [name, &into](const std::vector<std::string>& texts) {
              into.clear();
              for (const auto& text : texts) into.push_back(read_time(name, text, {}));
          },
          help)
        ->type_name("TIME,...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->default_str(usual);
}

CLI::Option& add_processes(CLI::App& to, const std::string& name, std::vector<std::string>& into,
                           const std::string& help) {
    return *to.add_option(name, into, help)->type_name(name.starts_with('-') ? "PROCESS..." : "");
}

}  // namespace tutti::cli
