// What client and server both write: the head of a message, by hand. Beast parses; for writing, its
// serializers would cost more compile time than these lines.
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.hpp"

namespace tutti::services::http::wire {

// RFC 9110: what a method or a field name may consist of.
[[nodiscard]] bool is_token(std::string_view text);
// No control characters, so a value cannot begin a line of its own.
[[nodiscard]] bool is_field_value(std::string_view text);
// Printable, without a space: what may stand in a request line.
[[nodiscard]] bool is_target(std::string_view text);

// The fields that this layer computes; a caller's own are ignored.
[[nodiscard]] bool is_managed_field(std::string_view name);

// "Name: value\r\n".
void append_field(std::string& head, std::string_view name, std::string_view value);

}  // namespace tutti::services::http::wire
