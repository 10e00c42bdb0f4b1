// Members of JSON objects that peers sent: each is there with the right type, or not there.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "discord-stand-in/world/snowflake.hpp"

namespace tutti::services::discord::world {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// Null counts as absent. Borrowed from `object`.
[[nodiscard]] const Json* member(const JsonObject& object, std::string_view name);
[[nodiscard]] const JsonObject* object_in(const JsonObject& object, std::string_view name);
[[nodiscard]] const JsonArray* array_in(const JsonObject& object, std::string_view name);
[[nodiscard]] std::optional<std::string> text_in(const JsonObject& object, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> number_in(const JsonObject& object,
                                                    std::string_view name);
[[nodiscard]] bool flag_in(const JsonObject& object, std::string_view name, bool otherwise = false);
// A number, or the text of one.
[[nodiscard]] std::optional<Snowflake> id_in(const JsonObject& object, std::string_view name);
[[nodiscard]] std::optional<Snowflake> id_of(const Json& value);

// As Discord writes ids.
[[nodiscard]] Json id_text(Snowflake id);
template <class Range, class Value>
[[nodiscard]] bool holds(const Range& range, const Value& value) {
    return std::ranges::find(range, value) != std::ranges::end(range);
}
// Characters, not bytes.
[[nodiscard]] std::size_t length_of(std::string_view text) noexcept;

}  // namespace tutti::services::discord::world
