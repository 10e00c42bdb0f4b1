// From a value to a document. What JSON cannot hold is replaced and reported.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
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
std::string write_name(T from, Problems& problems) {
    if (auto name = name_of(from)) return *std::move(name);
    problems.add("the enumeration has no name for this value");
    return {};
}

template <DescribedEnum T>
boost::json::value write_enumerator(T from, Problems& problems) {
    const std::string name = write_name(from, problems);
    return name.empty() ? boost::json::value(nullptr) : boost::json::value(name);
}

template <class T>
boost::json::value write_element(const T& from, std::size_t index, Problems& problems) {
    problems.enter(index);
    boost::json::value element = write_value(from, problems);
    problems.leave();
    return element;
}

template <class T>
boost::json::value write_array(const std::vector<T>& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::array array;
    array.reserve(from.size());
    for (std::size_t i = 0; i < from.size(); ++i)
        array.push_back(write_element(static_cast<const T&>(from[i]), i, problems));
    return array;
}

template <Set T>
boost::json::value write_set(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::array array;
    array.reserve(from.size());
    for (const auto* element : in_order(from))
        array.push_back(write_element(*element, array.size(), problems));
    return array;
}

template <FixedLength T>
boost::json::value write_fixed(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::array array;
    array.reserve(std::tuple_size_v<T>);
    std::apply(
        [&](const auto&... elements) {
            (array.push_back(write_element(elements, array.size(), problems)), ...);
        },
        from);
    return array;
}

template <class K>
std::string write_key(const K& key, Problems& problems) {
    if constexpr (std::same_as<K, std::string>) {
        return utf8_text(key, problems);
    } else if constexpr (DescribedEnum<K>) {
        return write_name(key, problems);
    } else {
        static_assert(std::integral<K> && !std::same_as<K, bool>,
                      "the keys of a JSON object are strings, integers or described enumerations");
        return std::to_string(key);
    }
}

template <Map T>
boost::json::value write_map(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    boost::json::object object;
    object.reserve(from.size());
    for (const auto* member : in_order(from)) {
        const std::string key = write_key(member->first, problems);
        problems.enter_key(key);
        object.emplace(key, write_value(member->second, problems));
        problems.leave();
    }
    return object;
}

template <class T>
boost::json::value write_variant(const T& from, Problems& problems) {
    if (problems.too_deep()) return nullptr;
    return std::visit(
        [&]<class A>(const A& alternative) -> boost::json::value {
            if constexpr (std::same_as<A, std::monostate>) {
                return nullptr;
            } else {
                const std::string_view name = names_of_alternatives<T>()[from.index()];
                problems.enter(name);
                boost::json::object object;
                object.emplace(name, write_value(alternative, problems));
                problems.leave();
                return object;
            }
        },
        from);
}

template <Converted T>
boost::json::value write_converted(const T& from, Problems& problems) {
    using Wire = typename Converter<T>::Wire;
    const std::expected<Wire, std::string> wire = Converter<T>::to_wire(from);
    if (wire) return write_value(*wire, problems);
    problems.add(wire.error());
    return nullptr;
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
    } else if constexpr (Converted<T>) {
        return write_converted(from, problems);
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
    } else if constexpr (Map<T>) {
        return write_map(from, problems);
    } else if constexpr (Set<T>) {
        return write_set(from, problems);
    } else if constexpr (FixedLength<T>) {
        return write_fixed(from, problems);
    } else if constexpr (is_variant<T>) {
        return write_variant(from, problems);
    } else if constexpr (DescribedStruct<T>) {
        return write_object(from, problems);
    } else {
        refuse<T>();
        return nullptr;
    }
}

}  // namespace tutti::json::detail
