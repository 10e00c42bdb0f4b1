// What the JSON reader and writer make of a C++ type.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include "tutti/detail/json_text.hpp"
#include "tutti/json/nullable.hpp"

namespace tutti::json::detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
// May be missing and may be null.
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_nullable = false;
template <class T>
inline constexpr bool is_nullable<Nullable<T>> = true;

template <class T>
concept StringMap = requires(T map, std::string key) {
    typename T::mapped_type;
    requires std::same_as<typename T::key_type, std::string>;
    map.try_emplace(key);
};

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public |
                                                         boost::describe::mod_inherited>;

template <class T>
std::string wire_name(const char* name) {
    return naming<T> == Naming::camel_case ? camel_case(name) : std::string(name);
}

// True at the end of an `if constexpr` chain, and only when it is instantiated.
template <class T>
inline constexpr bool unknown_type = true;

}  // namespace tutti::json::detail
