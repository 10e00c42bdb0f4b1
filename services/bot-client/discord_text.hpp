// Texts as Discord takes them: it counts UTF-16 units, and it reads markdown and mentions in names.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tutti::services::bot {

// Cut at that many units, and not inside of a character.
[[nodiscard]] std::string shortened(std::string text, std::size_t units_max);

// Of a name within a sentence.
inline constexpr std::size_t name_units_max = 100;

// A name of another user's making, cut as above, that is shown as it is: on one line, no markup, no
// mention, no link. At most twice as many units. Every name in a reply goes through here.
[[nodiscard]] std::string shown_as_is(std::string_view name,
                                      std::size_t units_max = name_units_max);

}  // namespace tutti::services::bot
