// From a parsed document to a value: problems are collected, and the walk ends when no more of them
// would be told. So an element that is wrong costs a struct only a few times.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>
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
void read_name(std::string_view name, T& to, Problems& problems) {
    if (const auto found = enumerator_named<T>(name)) {
        to = *found;
        return;
    }
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        names.append(names.empty() ? "" : ", ").append(wire_name<T>(enumerator.name));
    });
    problems.add("expected one of " + names);
}

template <DescribedEnum T>
void read_enumerator(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_string()) return problems.expected("a string", from);
    read_name({from.get_string().data(), from.get_string().size()}, to, problems);
}

template <class T>
void read_element(const boost::json::array& array, std::size_t index, T& to, Problems& problems) {
    problems.enter(index);
    read_value(array[index], to, problems);
    problems.leave();
}

template <class T>
void read_array(const boost::json::value& from, std::vector<T>& to, Problems& problems) {
    if (!from.is_array()) return problems.expected("an array", from);
    const auto& array = from.get_array();
    to.clear();
    to.reserve(array.size());
    for (std::size_t i = 0; i < array.size() && !problems.full(); ++i) {
        T element{};
        read_element(array, i, element, problems);
        to.push_back(std::move(element));
    }
}

template <Set T>
void read_set(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_array()) return problems.expected("an array", from);
    const auto& array = from.get_array();
    to.clear();
    for (std::size_t i = 0; i < array.size() && !problems.full(); ++i) {
        typename T::key_type element{};
        const std::size_t known = problems.count();
        problems.enter(i);
        read_value(array[i], element, problems);
        if (!to.insert(std::move(element)).second && problems.count() == known)
            problems.add("the same as another element");
        problems.leave();
    }
}

template <FixedLength T>
void read_fixed(const boost::json::value& from, T& to, Problems& problems) {
    constexpr std::size_t length = std::tuple_size_v<T>;
    if (!from.is_array()) return problems.expected("an array", from);
    const auto& array = from.get_array();
    if (array.size() != length) {
        return problems.add("expected " + std::to_string(length) + " elements, found " +
                            std::to_string(array.size()));
    }
    std::apply(
        [&](auto&... elements) {
            std::size_t index = 0;
            (read_element(array, index++, elements, problems), ...);
        },
        to);
}

// What is written otherwise than it would be written here is no key: "01" and "1" would be one.
template <class K>
void read_key(std::string_view text, K& to, Problems& problems) {
    if constexpr (std::same_as<K, std::string>) {
        to = text;
    } else if constexpr (DescribedEnum<K>) {
        read_name(text, to, problems);
    } else {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
        if (error == std::errc::result_out_of_range) return problems.add("integer out of range");
        if (error != std::errc{} || std::to_string(to) != text)
            problems.add("expected an integer as the key");
    }
}

template <Map T>
void read_map(const boost::json::value& from, T& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    to.clear();
    for (const auto& member : from.get_object()) {
        if (problems.full()) return;
        const std::string_view text(member.key().data(), member.key().size());
        problems.enter_key(text);
        typename T::key_type key{};
        read_key(text, key, problems);
        read_value(member.value(), to.try_emplace(std::move(key)).first->second, problems);
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

// Of an object exactly one member is an alternative; others belong to a newer program.
template <class T>
void read_alternative(const boost::json::object& object, T& to, Problems& problems) {
    constexpr auto names = names_of_alternatives<T>();
    int found = 0;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<names.size()>>([&](auto index) {
        using A = std::variant_alternative_t<index, T>;
        if constexpr (!std::same_as<A, std::monostate>) {
            if (!object.contains(names[index]) || ++found > 1) return;
            A alternative{};
            read_member(object, names[index], alternative, problems);
            to.template emplace<index>(std::move(alternative));
        }
    });
    if (found == 1) return;
    std::string all;
    for (const std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
    problems.add((found == 0 ? "expected one of " : "expected only one of ") + all);
}

template <class T>
void read_variant(const boost::json::value& from, T& to, Problems& problems) {
    if constexpr (has_monostate<T>) {
        if (from.is_null()) {
            to = std::monostate{};
            return;
        }
    }
    if (!from.is_object()) return problems.expected("an object", from);
    read_alternative(from.get_object(), to, problems);
}

template <Converted T>
void read_converted(const boost::json::value& from, T& to, Problems& problems) {
    typename Converter<T>::Wire wire{};
    const std::size_t known = problems.count();
    read_value(from, wire, problems);
    if (problems.count() != known) return;
    std::expected<T, std::string> value = Converter<T>::from_wire(wire);
    if (!value) return problems.add(value.error());
    to = *std::move(value);
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
    } else if constexpr (Converted<T>) {
        read_converted(from, to, problems);
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
    } else if constexpr (Map<T>) {
        read_map(from, to, problems);
    } else if constexpr (Set<T>) {
        read_set(from, to, problems);
    } else if constexpr (FixedLength<T>) {
        read_fixed(from, to, problems);
    } else if constexpr (is_variant<T>) {
        read_variant(from, to, problems);
    } else if constexpr (DescribedStruct<T>) {
        read_object(from, to, problems);
    } else {
        refuse<T>();
    }
}

}  // namespace tutti::json::detail
