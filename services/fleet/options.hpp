// The command line of the fleet.
#pragma once

#include <optional>
#include <string>

namespace tutti::services::fleet {

struct FleetOptions {
    bool once = false;                    // end after the scenario
    std::optional<std::string> redis;     // separate processes on this Redis
    std::optional<std::string> postgres;  // in place of SQLite
};

// What `main` does next: go on with options, or end with an exit code after something was printed.
struct ParsedCommandLine {
    std::optional<FleetOptions> options{};
    int exit_code = 0;
};

[[nodiscard]] ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace tutti::services::fleet
