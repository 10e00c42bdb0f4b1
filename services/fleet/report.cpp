#include "fleet/report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace tutti::services::fleet {

void Report::line(int step, std::string_view what, std::string_view result, bool good) {
    good_ = good_ && good;
    const std::string number = step == 0 ? "" : std::to_string(step);
    fmt::print("  {:>2}  {:<56} {}{}\n", number, what, good ? "" : "FAILED: ", result);
    std::fflush(stdout);
}

void Report::note(std::string_view text) { fmt::print("      {}\n", text); }

void Report::failed(int step, std::string_view what, const Error& error) {
    line(step, what, error.message(), false);
}

}  // namespace tutti::services::fleet
