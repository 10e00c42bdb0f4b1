#include "base/option_problems.hpp"

#include <algorithm>
#include <utility>

namespace tutti {

void OptionProblems::add(OptionName option, std::string_view problem) {
    note(std::string(option.text()).append(": ").append(problem));
}

void OptionProblems::append(std::span<const std::string> problems) {
    for (const std::string& problem : problems) note(problem);
}

void OptionProblems::note(const std::string& problem) {
    std::string text = prefix_ + problem;
    if (std::ranges::find(found_, text) == found_.end()) found_.push_back(std::move(text));
}

std::string in_lines(std::span<const std::string> problems) {
    if (problems.size() == 1) return problems.front();
    std::string text = std::to_string(problems.size()) + " problems:";
    for (const std::string& problem : problems) text.append("\n  ").append(problem);
    return text;
}

}  // namespace tutti
