// What the JSON reader and writer make of a C++ type.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include "tutti/detail/json_text.hpp"
#include "tutti/json/converter.hpp"
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
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
inline constexpr bool has_monostate = false;
template <class... T>
inline constexpr bool has_monostate<std::variant<T...>> = (std::same_as<T, std::monostate> || ...);

template <class T>
consteval auto names_of_alternatives() {
    constexpr auto known = alternatives<T>;
    static_assert(!std::same_as<decltype(known), const int>,
                  "name the alternatives of a variant: template <> inline constexpr std::array "
                  "tutti::json::alternatives<YourVariant>{\"one\", \"another\"};");
    static_assert(known.size() == std::variant_size_v<T>,
                  "json::alternatives names each alternative of the variant once");
    std::array<std::string_view, known.size()> names;
    std::ranges::copy(known, names.begin());
    return names;
}

template <class T>
concept Converted = requires(const T& value) {
    typename Converter<T>::Wire;
    Converter<T>::to_wire(value);
    Converter<T>::from_wire(std::declval<const typename Converter<T>::Wire&>());
};

// std::array, std::pair and std::tuple: so many elements, no more and no fewer.
template <class T>
concept FixedLength = requires { std::tuple_size<T>::value; };

template <class T>
concept Map = requires(T map, const typename T::key_type& key) {
    typename T::mapped_type;
    map.try_emplace(key);
};

template <class T>
concept Set =
    !Map<T> && requires(T set, typename T::key_type key) { set.insert(std::move(key)).second; };

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

template <DescribedEnum T>
std::optional<std::string> name_of(T value) {
    std::optional<std::string> name;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (enumerator.value == value && !name) name = wire_name<T>(enumerator.name);
    });
    return name;
}

template <DescribedEnum T>
std::optional<T> enumerator_named(std::string_view name) {
    std::optional<T> found;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (wire_name<T>(enumerator.name) == name) found = enumerator.value;
    });
    return found;
}

// The elements of an unordered map or set have another order in every process.
template <class C>
std::vector<typename C::const_pointer> in_order(const C& elements) {
    std::vector<typename C::const_pointer> sorted;
    sorted.reserve(elements.size());
    for (const auto& element : elements) sorted.push_back(&element);
    std::ranges::sort(sorted, {}, [](const auto* element) -> const typename C::key_type& {
        if constexpr (Map<C>) {
            return element->first;
        } else {
            return *element;
        }
    });
    return sorted;
}

template <class T>
inline constexpr bool is_clock_reading = false;
template <class C, class D>
inline constexpr bool is_clock_reading<std::chrono::time_point<C, D>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

// A sentence for a type that takes no part.
template <class T>
consteval void refuse() {
    static_assert(!is_duration<T>,
                  "a duration in JSON is an integer count of ns, us, ms, s, min, h or d");
    static_assert(!is_clock_reading<T>,
                  "a time point in JSON is one of std::chrono::system_clock, an integer count of "
                  "ns, us, ms, s, min, h or d: another process knows no other clock");
    static_assert(is_duration<T> || is_clock_reading<T>,
                  "describe it with BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_ENUM, or say how it is "
                  "written with tutti::json::Converter");
}

}  // namespace tutti::json::detail
