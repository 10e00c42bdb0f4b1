// How many bytes of text a described struct holds: strings that are members of it, or of described
// structs in it. For bounds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include "tutti/json/nullable.hpp"

namespace tutti::services::domain {

inline std::size_t text_bytes(const std::string& text) { return text.size(); }
template <class T>
std::size_t text_bytes(const std::optional<T>& value);
template <class T>
std::size_t text_bytes(const json::Nullable<T>& value);
template <class T>
std::size_t text_bytes(const std::vector<T>& values);

template <class T>
[[nodiscard]] std::size_t text_bytes(const T& value) {
    std::size_t bytes = 0;
    if constexpr (!std::is_arithmetic_v<T> && !std::is_enum_v<T>) {
        using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
        boost::mp11::mp_for_each<Members>(
            [&](auto member) { bytes += text_bytes(value.*member.pointer); });
    }
    return bytes;
}

template <class T>
std::size_t text_bytes(const std::optional<T>& value) {
    return value ? text_bytes(*value) : 0;
}
template <class T>
std::size_t text_bytes(const json::Nullable<T>& value) {
    return value ? text_bytes(*value) : 0;
}
template <class T>
std::size_t text_bytes(const std::vector<T>& values) {
    std::size_t bytes = 0;
    for (const T& value : values) bytes += text_bytes(value);
    return bytes;
}

}  // namespace tutti::services::domain
