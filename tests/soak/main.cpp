// A soak by hand: `soak --minutes 30 --seed 7`. Prints what it does, and a table at the end. Exit
// code 1: a promise was broken; the folder with all logs is kept then.

#include <stdlib.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "soak/checker.hpp"
#include "soak/run.hpp"

namespace {

using namespace tests::soak;

constexpr std::string_view usage = "usage: soak [--minutes N | --seconds N] [--seed N]\n";

std::uint64_t number(std::string_view option, std::string_view text, std::uint64_t least,
                     std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    if (is_whole && value >= least && value <= most) return value;
    throw std::invalid_argument(std::string(option) + " needs a whole number from " +
                                std::to_string(least) + " to " + std::to_string(most) + ", not '" +
                                std::string(text) + "'");
}

SoakOptions options_in(std::span<char*> words) {
    SoakOptions options;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string_view option = words[i];
        const std::string_view value = i + 1 < words.size() ? words[i + 1] : "";
        if (option == "--minutes") {
            options.lasts = std::chrono::minutes{number(option, value, 1, 1'440)};
        } else if (option == "--seconds") {
            options.lasts = std::chrono::seconds{number(option, value, 1, 3'600)};
        } else if (option == "--seed") {
            options.seed = number(option, value, 0, UINT32_MAX);
        } else {
            throw std::invalid_argument("unknown option '" + std::string(option) +
                                        "'; there are: --minutes N, --seconds N, --seed N");
        }
    }
    return options;
}

std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tutti-soak-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a folder " + pattern);
    }
    return pattern;
}

void print_counts(const std::string& title, const std::map<std::string, std::size_t>& counts) {
    std::printf("%s:", title.c_str());
    const char* before = " ";
    for (const auto& [name, count] : counts) {
        std::printf("%s%s %zu", before, name.c_str(), count);
        before = ", ";
    }
    std::printf("\n");
}

void print(const SoakOutcome& outcome) {
    std::printf("\n| what was done | times | ready again after, at most |\n|---|--:|--:|\n");
    for (const auto& [what, struck] : outcome.strikes) {
        std::printf("| %s | %zu | %lld ms |\n", what.c_str(), struck.times,
                    static_cast<long long>(struck.slowest_recovery.count()));
    }
    const Verdict& is = outcome.verdict;
    std::printf(
        "\n%zu messages: %zu had to be answered; %zu answered, the slowest after %lld ms; %zu told "
        "a failure, %zu told a failure that an answer might follow, and answered; %zu reported as "
        "unknown, %zu as undecided; %zu under way while Redis was emptied, and lost or doubled; "
        "%zu not to be answered\n",
        is.messages, is.expected, is.answered, static_cast<long long>(is.slowest_answer.count()),
        is.apologised, is.both, is.unknown, is.undecided, is.forgotten, is.unexpected);
    std::printf(
        "an activation that was over answered %lld ms later at most, one that had begun "
        "was not known %lld ms later at most\n",
        static_cast<long long>(is.stale_active.count()),
        static_cast<long long>(is.stale_inactive.count()));
    std::printf(
        "%zu paid calls, %zu of them for what had been paid for; the largest process had "
        "%zu MiB\n",
        is.paid, is.paid_again, is.largest_kib >> 10U);
    print_counts("users", outcome.deeds);
    print_counts("the longest queues", outcome.queues);
    print_counts("reported", outcome.reported);
}

int obey(std::span<char*> words) {
    SoakOptions options = options_in(words);
    options.folder = make_folder();
    options.progress = [](const std::string& line) {
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
    };
    const SoakOutcome outcome = run_soak(options);
    print(outcome);
    for (const std::string& violation : outcome.verdict.violations) {
        std::printf("BROKEN %s\n", violation.c_str());
    }
    std::error_code ignored;
    if (outcome.is_clean()) {
        std::filesystem::remove_all(options.folder, ignored);
        std::printf("nothing is broken\n");
        return 0;
    }
    std::printf("logs, and what was paid for: %s\n", options.folder.c_str());
    return 1;
}

}  // namespace

int main(int count, char** words) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        return obey(std::span(words, static_cast<std::size_t>(count)).subspan(1));
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "soak: %s\n%s", error.what(), std::string(usage).c_str());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
        return 1;
    }
}
