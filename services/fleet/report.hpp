// What a scenario prints: a line for each step, and whether all of them were good.
//
// Thread-safety: none.
#pragma once

#include <string_view>

#include "tutti/error.hpp"

namespace tutti::services::fleet {

class Report {
public:
    // `step` 0 continues the step above.
    void line(int step, std::string_view what, std::string_view result, bool good = true);
    void note(std::string_view text);
    void failed(int step, std::string_view what, const Error& error);

    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    bool good_ = true;
};

}  // namespace tutti::services::fleet
