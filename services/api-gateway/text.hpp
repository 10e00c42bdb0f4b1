// What a text must be before a database sees it.
#pragma once

#include <string_view>

namespace tutti::services {

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace tutti::services
