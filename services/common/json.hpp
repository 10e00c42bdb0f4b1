// JSON of described structs, both ways. Boost.JSON parses; its own conversion refuses a missing and
// an unknown member, so the walk over the members is ours.
//
// A struct takes part with BOOST_DESCRIBE_STRUCT(Type, (), (members)). A member `guild_id` is
// spelled "guildId" on the wire, unless `json::naming<Type>` says otherwise. Reading ignores
// unknown members and reports every problem at once, each with its path: "activations[3].channelId:
// expected a string, found null". Member types and what they mean:
//   bool, integers, double, std::string   required; integers are checked for range
//   std::vector<T>, a described struct    required
//   std::optional<T>                      may be missing or null; left out when empty
//   json::Nullable<T>                     may be missing or null; written as null when empty
//
//     auto body = json::read<ActivateChannelRequest>(request.body);   // Result
//     std::string text = json::write(ErrorBody{...});
//
// Bounds: nesting 32 deep; the caller bounds the text. Include in .cpp files: it brings Boost.JSON
// along.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "common/nullable.hpp"
#include "tutti/error.hpp"

namespace tutti::services::json {

enum class Naming : std::uint8_t { camel_case, as_is };

// Specialise for a foreign contract: `template <> inline constexpr auto naming<ChatRequest> =
// Naming::as_is;`
template <class T>
inline constexpr Naming naming = Naming::camel_case;

// What goes wrong while reading, with the path to it. Keeps the first few; says how many more there
// were.
class Problems {
public:
    void enter(std::string_view member);
    void enter(std::size_t index);
    void leave();
    void add(std::string_view text);
    // A value of the wrong kind: "expected a string, found null".
    void expected(std::string_view kind, const boost::json::value& found);

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    // Joined with "; ".
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string path_;
    std::vector<std::size_t> ends_;  // lengths of path_ to go back to
    std::string text_;
    std::size_t count_ = 0;
};

// Errors: protocol, "not JSON at byte 17: syntax error".
[[nodiscard]] Result<boost::json::value> parse(std::string_view text);
[[nodiscard]] std::string serialize(const boost::json::value& value);
// "is_activated" -> "isActivated".
[[nodiscard]] std::string camel_case(std::string_view member);
// A JSON string must be UTF-8: bytes that are not become question marks.
[[nodiscard]] boost::json::value text_value(std::string_view text);

namespace detail {

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_nullable = false;
template <class T>
inline constexpr bool is_nullable<Nullable<T>> = true;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
std::string wire_name(const char* member) {
    return naming<T> == Naming::camel_case ? camel_case(member) : std::string(member);
}

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

template <class T>
void read_array(const boost::json::value& from, std::vector<T>& to, Problems& problems) {
    if (!from.is_array()) return problems.expected("an array", from);
    const auto& array = from.get_array();
    to.clear();
    to.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) {
        problems.enter(i);
        read_value(array[i], to.emplace_back(), problems);
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

template <class T>
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
    } else if constexpr (std::same_as<T, double>) {
        if (!from.is_number()) return problems.expected("a number", from);
        to = from.template to_number<double>();
    } else {
        read_object(from, to, problems);
    }
}

template <class T>
boost::json::value write_value(const T& from) {
    if constexpr (is_optional<T> || is_nullable<T>) {
        return from ? write_value(*from) : boost::json::value(nullptr);
    } else if constexpr (is_vector<T>) {
        boost::json::array array;
        array.reserve(from.size());
        for (const auto& element : from) array.push_back(write_value(element));
        return array;
    } else if constexpr (std::same_as<T, std::string>) {
        return text_value(from);
    } else if constexpr (std::is_arithmetic_v<T>) {
        return boost::json::value(from);
    } else {
        boost::json::object object;
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            const auto& value = from.*member.pointer;
            if constexpr (is_optional<std::remove_cvref_t<decltype(value)>>) {
                if (!value) return;
            }
            object.emplace(wire_name<T>(member.name), write_value(value));
        });
        return object;
    }
}

}  // namespace detail

// Errors: protocol; the cause names every problem with its path. Values are not repeated in it.
template <class T>
[[nodiscard]] Result<T> read(std::string_view text) {
    const auto value = parse(text);
    if (!value) return fail(value.error());
    Result<T> result(std::in_place);
    Problems problems;
    detail::read_value(*value, *result, problems);
    if (!problems.empty()) return fail(Errc::protocol, "read json", problems.text());
    return result;
}

template <class T>
[[nodiscard]] std::string write(const T& value) {
    return serialize(detail::write_value(value));
}

}  // namespace tutti::services::json
