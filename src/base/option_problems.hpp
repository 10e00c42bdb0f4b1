// Collects what is wrong with options, so that all of it is said at once, and each thing once:
// "store.ttl: is missing; ...".
//
// Thread-safety: none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/option_names.hpp"

namespace tutti {

class OptionProblems {
public:
    OptionProblems() = default;
    // Stands in front of each: "cache 'users'".
    explicit OptionProblems(std::string_view about) : prefix_(std::string(about) + ": ") {}

    void add(OptionName option, std::string_view problem);
    void unless(bool good, OptionName option, std::string_view problem) {
        if (!good) add(option, problem);
    }
    void add_if(OptionName option, const std::optional<std::string>& problem) {
        if (problem) add(option, *problem);
    }
    // Each names its option already.
    void append(std::span<const std::string> problems);

    [[nodiscard]] bool empty() const noexcept { return found_.empty(); }
    [[nodiscard]] std::vector<std::string> take() { return std::move(found_); }

private:
    void note(const std::string& problem);

    std::string prefix_;
    std::vector<std::string> found_;
};

// A single one as it is; several one a line, below how many there are.
[[nodiscard]] std::string in_lines(std::span<const std::string> problems);

}  // namespace tutti
