// A JSON text of a test as a value, to compare with.
#pragma once

#include <stdexcept>
#include <string_view>
#include <utility>

#include "tutti/json.hpp"

namespace tutti::services::testing {

inline boost::json::value as_json(std::string_view text) {
    auto value = json::parse(text, json::any_length);
    if (!value) throw std::invalid_argument(value.error().message());
    return *std::move(value);
}

}  // namespace tutti::services::testing
