// From a value to a document. What JSON cannot hold is replaced and reported.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "tutti/detail/json_text.hpp"
#include "tutti/detail/json_types.hpp"

namespace tutti::json::detail {

template <class T>
boost::json::value write_value(const T& from, Problems& problems);

template <std::floating_point T>
boost::json::value write_real(T from, Problems& problems) {
    if (std::isfinite(from)) return static_cast<double>(from);
    problems.add("not a finite number");
    return nullptr;
}

template <DescribedEnum T>
boost::json::value write_enumerator(T from, Problems& problems) {
    boost::json::value name(nullptr);
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (enumerator.value == from && name.is_null()) name = wire_name<T>(enumerator.name);
    });
    if (name.is_null()) problems.add("the enumeration has no name for this value");
    return name;
}

template <class T>
boost::json::value write_array(const std::vector<T>& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::array array;
    array.reserve(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        problems.enter(i);
        array.push_back(write_value(static_cast<const T&>(from[i]), problems));
        problems.leave();
    }
    return array;
}

// An unordered map has another order in every process.
template <StringMap T>
std::vector<typename T::const_pointer> in_order(const T& map) {
    std::vector<typename T::const_pointer> members;
    members.reserve(map.size());
    for (const auto& member : map) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return member->first; });
    return members;
}

template <StringMap T>
boost::json::value write_map(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::object object;
    object.reserve(from.size());
    for (const auto* member : in_order(from)) {
        problems.enter_key(member->first);
        object.emplace(utf8_text(member->first, problems), write_value(member->second, problems));
        problems.leave();
    }
    return object;
}

template <DescribedStruct T>
boost::json::value write_object(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::object object;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        const auto& value = from.*member.pointer;
        if constexpr (is_optional<std::remove_cvref_t<decltype(value)>>) {
            if (!value) return;
        }
        const std::string name = wire_name<T>(member.name);
        problems.enter(name);
        object.emplace(name, write_value(value, problems));
        problems.leave();
    });
    return object;
}

template <class T>
boost::json::value write_value(const T& from, Problems& problems) {
    if constexpr (is_optional<T> || is_nullable<T>) {
        return from ? write_value(*from, problems) : boost::json::value(nullptr);
    } else if constexpr (is_vector<T>) {
        return write_array(from, problems);
    } else if constexpr (std::same_as<T, std::string>) {
        return boost::json::value(utf8_text(from, problems));
    } else if constexpr (std::integral<T>) {
        return boost::json::value(from);
    } else if constexpr (std::floating_point<T>) {
        return write_real(from, problems);
    } else if constexpr (DescribedEnum<T>) {
        return write_enumerator(from, problems);
    } else if constexpr (StringMap<T>) {
        return write_map(from, problems);
    } else if constexpr (DescribedStruct<T>) {
        return write_object(from, problems);
    } else {
        static_assert(!unknown_type<T>, "describe it with BOOST_DESCRIBE_STRUCT or _ENUM");
    }
}

}  // namespace tutti::json::detail
