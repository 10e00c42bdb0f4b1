// A text that must not appear in a log line, an error or an answer. It has no stream operator and
// no conversion; who needs the text says `reveal`, which is easy to find in a review.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tutti::services::process {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) noexcept : text_(std::move(text)) {}

    // 256 bits from the operating system, as 64 hexadecimal digits.
    [[nodiscard]] static Secret random();

    [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    // After the lengths, compared in a time that does not depend on where the texts differ.
    [[nodiscard]] bool matches(std::string_view candidate) const noexcept;

private:
    std::string text_;
};

}  // namespace tutti::services::process
