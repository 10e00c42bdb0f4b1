#include "api-gateway/routes/validation.hpp"

#include <algorithm>

#include "common/http/errors.hpp"
#include "tutti/json.hpp"

namespace tutti::services::gateway::routes {

bool is_slug(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

void Validation::text(std::string_view name, const std::string& value, std::size_t length_max) {
    if (value.empty()) return add(name, "must not be empty");
    if (value.size() > length_max) {
        return add(name, "must not be longer than " + std::to_string(length_max) + " characters");
    }
    // PostgreSQL takes neither; SQLite would, and the two would differ.
    if (value.contains('\0') || !json::write_exactly(value)) {
        add(name, "must be UTF-8 without NUL");
    }
}

void Validation::required(std::string_view name, const std::optional<std::string>& value,
                          std::size_t length_max) {
    value ? text(name, *value, length_max) : add(name, "is missing");
}

void Validation::if_there(std::string_view name, const std::optional<std::string>& value,
                          std::size_t length_max) {
    if (value) text(name, *value, length_max);
}

void Validation::clearable(std::string_view name, const std::optional<std::string>& value,
                           std::size_t length_max) {
    if (value && !value->empty()) text(name, *value, length_max);
}

http::Response Validation::response() const {
    return http::error_response(http::ErrorCode::validation_error, problems_.text());
}

}  // namespace tutti::services::gateway::routes
