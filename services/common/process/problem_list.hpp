// All that is wrong with an input, for one error that names it: "a: is missing; b: is too long".
//
// Thread-safety: none.
#pragma once

#include <string>
#include <string_view>

namespace tutti::services::process {

class ProblemList {
public:
    void add(std::string_view problem) { text_.append(text_.empty() ? "" : "; ").append(problem); }
    void add(std::string_view name, std::string_view problem) {
        add(std::string(name).append(": ").append(problem));
    }

    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

}  // namespace tutti::services::process
