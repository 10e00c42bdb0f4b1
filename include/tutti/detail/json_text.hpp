// The parts of the JSON reader and writer that do not depend on a type: limits, naming, where in a
// document one is and what is wrong there, and Boost.JSON's parser behind one function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "tutti/error.hpp"
#include "tutti/json/limits.hpp"

namespace tutti::json {

enum class Naming : std::uint8_t { camel_case, as_is };

// Specialise for a foreign contract, in namespace tutti:
// `template <> inline constexpr auto json::naming<ChatRequest> = json::Naming::as_is;`
template <class T>
inline constexpr Naming naming = Naming::camel_case;

// What goes wrong, with the path to it. Keeps the first few; says how many more there were.
class Problems {
public:
    explicit Problems(std::size_t depth_max) : depth_max_(depth_max) {}

    void enter(std::string_view member);
    // A member whose name is data: printable characters of it, and not many.
    void enter_key(std::string_view key);
    void enter(std::size_t index);
    void leave();
    void add(std::string_view text);
    // A value of the wrong kind: "expected a string, found null".
    void expected(std::string_view kind, const boost::json::value& found);
    // True, and reported, when an array or object here would be inside too many others.
    [[nodiscard]] bool too_deep();

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    // Nothing more will be told.
    [[nodiscard]] bool full() const noexcept;
    // The document itself and all that was entered.
    [[nodiscard]] std::size_t values() const noexcept { return values_; }
    // Joined with "; ".
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::size_t depth_max_;
    std::string path_;
    std::vector<std::size_t> ends_;  // lengths of path_ to go back to
    std::string text_;
    std::size_t count_ = 0;
    std::size_t values_ = 1;
};

// Errors: protocol, "not JSON at byte 17: syntax error", also for a number that no double holds;
// too_large, found before the tree is larger than it may be.
[[nodiscard]] Result<boost::json::value> parse(std::string_view text, const JsonLimits& limits);
[[nodiscard]] std::string serialize(const boost::json::value& value);
[[nodiscard]] std::unexpected<Error> too_large(std::string operation, std::size_t bytes,
                                               const JsonLimits& limits);
[[nodiscard]] std::unexpected<Error> too_many_values(std::string operation,
                                                     const JsonLimits& limits);

// "is_activated" -> "isActivated".
[[nodiscard]] std::string camel_case(std::string_view member);
// A JSON string must be UTF-8: bytes that are not become question marks, and are reported.
[[nodiscard]] std::string utf8_text(std::string_view text, Problems& problems);

}  // namespace tutti::json
