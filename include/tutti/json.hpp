// JSON of described structs, both ways, and the codec on it. Boost.JSON parses; its own conversion
// refuses a missing and an unknown member, so the walk over the members is ours.
//
// A struct takes part with BOOST_DESCRIBE_STRUCT(Type, (), (members)), an enumeration with
// BOOST_DESCRIBE_ENUM. A member `guild_id` is spelled "guildId" on the wire, and so are
// enumerators, unless `json::naming<Type>` says otherwise. Reading ignores unknown members and
// reports every problem at once, each with its path: "activations[3].channelId: expected a string,
// found null". Member types and what they mean:
//   bool, integers, double, std::string   required; numbers are checked for range
//   a described enumeration               required; its enumerator's name
//   std::vector<T>, a described struct    required
//   sets                                  required; an array in order, no element twice
//   std::array, std::pair, std::tuple     required; an array of exactly so many elements
//   maps                                  required; an object in the order of its keys, which are
//                                         strings, integers or a described enumeration
//   std::variant                          required; {"name": ...}, see json/converter.hpp
//   durations, times of the system clock  required; text, see json/time.hpp
//   what has a json::Converter            as what it is written as
//   std::optional<T>                      may be missing or null; left out when empty
//   json::Nullable<T>                     may be missing or null; written as null when empty
//
//     auto body = tutti::json::read<ActivateChannelRequest>(request.body);   // Result
//     std::string text = tutti::json::write(ErrorBody{...});
//     auto codec = tutti::json_codec<Personality>();                         // examples/codec.cpp
//
// The text of a value is always the same, byte for byte. Thread-safety: functions of their
// arguments. Include in .cpp files: it brings Boost.JSON along.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/codec.hpp"
#include "tutti/detail/json_read.hpp"
#include "tutti/detail/json_text.hpp"  // IWYU pragma: export
#include "tutti/detail/json_write.hpp"
#include "tutti/error.hpp"
#include "tutti/json/converter.hpp"  // IWYU pragma: export
#include "tutti/json/limits.hpp"     // IWYU pragma: export
#include "tutti/json/nullable.hpp"   // IWYU pragma: export
#include "tutti/json/time.hpp"       // IWYU pragma: export

namespace tutti {
namespace json {

// For texts whose size was bounded where they came in.
inline constexpr JsonLimits any_length{.bytes_max = std::numeric_limits<std::size_t>::max()};

// From the tree of a document. Errors: protocol; the cause names every problem with its path.
// Values are not repeated in it.
template <class T>
[[nodiscard]] Result<T> from_document(const boost::json::value& document,
                                      const JsonLimits& limits = any_length) {
    Result<T> result(std::in_place);
    Problems problems(limits.depth_max);
    detail::read_value(document, *result, problems);
    if (!problems.empty()) return fail(Errc::protocol, "read json", problems.text());
    return result;
}

// As `from_document`. Errors besides: too_large: more than `limits.bytes_max` or
// `limits.values_max`. Cost: the text is parsed into a tree first.
template <class T>
[[nodiscard]] Result<T> read(std::string_view text, const JsonLimits& limits = any_length) {
    const auto document = parse(text, limits);
    if (!document) return fail(document.error());
    return from_document<T>(*document, limits);
}

// For answers that must be sent whatever is in them: what JSON cannot hold is replaced (bytes that
// are not UTF-8 by question marks; a number that is not finite, an enumeration's value without a
// name and what is nested too deeply by null).
template <class T>
[[nodiscard]] std::string write(const T& value) {
    Problems ignored(any_length.depth_max);
    // Qualified: who includes all of Boost.JSON has another `serialize` for a tree.
    return json::serialize(detail::write_value(value, ignored));
}

// What could not be read back as it is, is an error: protocol with every path; too_large.
template <class T>
[[nodiscard]] Result<boost::json::value> to_document(const T& value,
                                                     const JsonLimits& limits = any_length) {
    Problems problems(limits.depth_max);
    boost::json::value document = detail::write_value(value, problems);
    if (!problems.empty()) return fail(Errc::protocol, "write json", problems.text());
    if (problems.values() > limits.values_max) return too_many_values("write json", limits);
    return document;
}

// As text. Errors: those of `to_document`, and too_large for the text.
template <class T>
[[nodiscard]] Result<std::string> write_exactly(const T& value,
                                                const JsonLimits& limits = any_length) {
    const auto document = to_document(value, limits);
    if (!document) return fail(document.error());
    std::string text = json::serialize(*document);
    if (text.size() > limits.bytes_max) return too_large("write json", text.size(), limits);
    return text;
}

}  // namespace json

template <class V>
[[nodiscard]] Codec<V> json_codec(JsonLimits limits = {}) {
    return {
        .encode = [limits](const V& value) { return json::write_exactly(value, limits); },
        .decode = [limits](std::string_view text) { return json::read<V>(text, limits); },
        .name = "json",
    };
}

}  // namespace tutti
