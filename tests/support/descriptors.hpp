// What this process has open.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <map>
#include <string>
#include <system_error>

namespace tests {

// By number: what it is, as "socket:[4711]".
inline std::map<int, std::string> descriptors() {
    std::map<int, std::string> open;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;  // that of the directory itself
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone) open.emplace(std::stoi(entry.path().filename()), target.string());
    }
    std::erase_if(open, [](const auto& one) { return one.second.contains("/proc/"); });
    return open;
}

// Those that are not in `before` and that a program would inherit, one a line.
inline std::string inherited(const std::map<int, std::string>& before) {
    std::string found;
    for (const auto& [number, what] : descriptors()) {
        if (before.contains(number) || (::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0) continue;
        found += std::to_string(number) + " is " + what + "\n";
    }
    return found;
}

}  // namespace tests
