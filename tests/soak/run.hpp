// One soak, from the first process to the verdict.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "soak/checker.hpp"

namespace tests::soak {

struct SoakOptions {
    std::chrono::seconds lasts{300};
    std::uint64_t seed = 1;
    std::filesystem::path folder;  // exists; logs and journals go there
    std::function<void(const std::string& line)> progress;
};

struct SoakOutcome {
    Verdict verdict;
    struct Struck {
        std::size_t times = 0;
        std::chrono::milliseconds slowest_recovery{};
    };
    std::map<std::string, Struck> strikes;      // by what was done
    std::map<std::string, std::size_t> deeds;   // what users did
    std::map<std::string, std::size_t> queues;  // the longest
    // What the services report: by name, of all processes together.
    std::map<std::string, std::size_t> reported;

    [[nodiscard]] bool is_clean() const { return verdict.violations.empty(); }
};

// Blocking: `lasts`, half a minute more, and as long as the last answers take, three minutes at
// most. Throws std::runtime_error when a process does not start.
[[nodiscard]] SoakOutcome run_soak(const SoakOptions& options);

}  // namespace tests::soak
