#include "discord-stand-in/world/members.hpp"

#include <algorithm>
#include <string>

namespace tutti::services::discord::world {

const Json* member(const JsonObject& object, std::string_view name) {
    const Json* const found = object.if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

const JsonObject* object_in(const JsonObject& object, std::string_view name) {
    const Json* const found = member(object, name);
    return found == nullptr ? nullptr : found->if_object();
}

const JsonArray* array_in(const JsonObject& object, std::string_view name) {
    const Json* const found = member(object, name);
    return found == nullptr ? nullptr : found->if_array();
}

std::optional<std::string> text_in(const JsonObject& object, std::string_view name) {
    const Json* const found = member(object, name);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

std::optional<std::int64_t> number_in(const JsonObject& object, std::string_view name) {
    const Json* const found = member(object, name);
    if (found == nullptr) return std::nullopt;
    if (const auto* number = found->if_int64()) return *number;
    return std::nullopt;
}

bool flag_in(const JsonObject& object, std::string_view name, bool otherwise) {
    const Json* const found = member(object, name);
    return found == nullptr || !found->is_bool() ? otherwise : found->get_bool();
}

std::optional<Snowflake> id_of(const Json& value) {
    if (value.is_string()) return read_snowflake(value.get_string());
    if (const auto* number = value.if_uint64()) return *number;
    if (const auto* number = value.if_int64(); number != nullptr && *number > 0) {
        return static_cast<Snowflake>(*number);
    }
    return std::nullopt;
}

std::optional<Snowflake> id_in(const JsonObject& object, std::string_view name) {
    const Json* const found = member(object, name);
    return found == nullptr ? std::nullopt : id_of(*found);
}

Json id_text(Snowflake id) { return Json(std::to_string(id)); }

std::size_t length_of(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace tutti::services::discord::world
