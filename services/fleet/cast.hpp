// Who and where, in the scenarios.
//
// Thread-safety: constants and functions of their arguments.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace tutti::services::fleet {

// Of the first migration: a public personality. The users and the server may be any.
inline constexpr const char* slug = "maestro";
inline constexpr const char* moderator = "200000000000000001";
inline constexpr const char* author = "200000000000000002";
inline constexpr const char* guild = "300000000000000001";

// No two runs share a channel, on a database that stays.
[[nodiscard]] inline std::string fresh_channel(int which) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{}{}", std::chrono::duration_cast<std::chrono::microseconds>(now).count(),
                       which);
}

}  // namespace tutti::services::fleet
