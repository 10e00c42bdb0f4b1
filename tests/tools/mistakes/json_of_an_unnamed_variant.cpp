// expects: name the alternatives of a variant
#include <string>
#include <variant>

#include "tutti/json.hpp"

std::string f(const std::variant<int, std::string>& value) { return tutti::json::write(value); }
