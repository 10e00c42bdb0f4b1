// From a parsed document to a value: problems are collected, and the walk ends when no more of them
// would be told. So an element that is wrong costs a struct only a few times.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "tutti/detail/json_text.hpp"
#include "tutti/detail/json_types.hpp"

namespace tutti::json::detail {

template <class T>
void read_value(const boost::json::value& from, T& to, Problems& problems);

template <std::integral T>
void read_integer(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_int64() && !from.is_uint64()) return problems.expected("an integer", from);
    const bool fits =
        from.is_int64() ? std::in_range<T>(from.get_int64()) : std::in_range<T>(from.get_uint64());
    if (!fits) return problems.add("integer out of range");
    to = from.is_int64() ? static_cast<T>(from.get_int64()) : static_cast<T>(from.get_uint64());
}

template <std::floating_point T>
void read_real(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_number()) return problems.expected("a number", from);
    to = static_cast<T>(from.to_number<double>());
    if (!std::isfinite(to)) problems.add("number out of range");
}

template <DescribedEnum T>
void read_enumerator(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_string()) return problems.expected("a string", from);
    const std::string_view name(from.get_string().data(), from.get_string().size());
    bool found = false;
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        const std::string known = wire_name<T>(enumerator.name);
        if (known == name) {
            to = enumerator.value;
            found = true;
        }
        names.append(names.empty() ? "" : ", ").append(known);
    });
    if (!found) problems.add("expected one of " + names);
}

template <class T>
void read_array(const boost::json::value& from, std::vector<T>& to, Problems& problems) {
    if (!from.is_array()) return problems.expected("an array", from);
    const auto& array = from.get_array();
    to.clear();
    to.reserve(array.size());
    for (std::size_t i = 0; i < array.size() && !problems.full(); ++i) {
        problems.enter(i);
        T element{};
        read_value(array[i], element, problems);
        to.push_back(std::move(element));
        problems.leave();
    }
}

template <StringMap T>
void read_map(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    to.clear();
    for (const auto& member : from.get_object()) {
        if (problems.full()) return;
        const std::string key(member.key().data(), member.key().size());
        problems.enter_key(key);
        read_value(member.value(), to.try_emplace(key).first->second, problems);
        problems.leave();
    }
}

template <class T>
void read_member(const boost::json::object& object, std::string_view name, T& to,
                 Problems& problems) {
    problems.enter(name);
    if (const auto* found =
            object.if_contains(boost::json::string_view(name.data(), name.size()))) {
        read_value(*found, to, problems);
    } else if constexpr (is_optional<T> || is_nullable<T>) {
        to.reset();
    } else {
        problems.add("missing");
    }
    problems.leave();
}

template <DescribedStruct T>
void read_object(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    const auto& object = from.get_object();
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        read_member(object, wire_name<T>(member.name), to.*member.pointer, problems);
    });
}

template <class T>
void read_value(const boost::json::value& from, T& to, Problems& problems) {
    if constexpr (is_optional<T> || is_nullable<T>) {
        to.reset();
        if (!from.is_null()) read_value(from, to.emplace(), problems);
    } else if constexpr (is_vector<T>) {
        read_array(from, to, problems);
    } else if constexpr (std::same_as<T, bool>) {
        if (!from.is_bool()) return problems.expected("true or false", from);
        to = from.get_bool();
    } else if constexpr (std::same_as<T, std::string>) {
        if (!from.is_string()) return problems.expected("a string", from);
        to.assign(from.get_string().data(), from.get_string().size());
    } else if constexpr (std::integral<T>) {
        read_integer(from, to, problems);
    } else if constexpr (std::floating_point<T>) {
        read_real(from, to, problems);
    } else if constexpr (DescribedEnum<T>) {
        read_enumerator(from, to, problems);
    } else if constexpr (StringMap<T>) {
        read_map(from, to, problems);
    } else if constexpr (DescribedStruct<T>) {
        read_object(from, to, problems);
    } else {
        static_assert(!unknown_type<T>, "describe it with BOOST_DESCRIBE_STRUCT or _ENUM");
    }
}

}  // namespace tutti::json::detail
