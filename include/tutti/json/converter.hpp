// How a type takes part in JSON when the walk over its members is not what one wants: it is written
// as another type. And the names of a variant's alternatives.
//
//     template <>
//     struct tutti::json::Converter<Color> {
//         using Wire = std::string;  // any type that takes part in JSON
//         static Wire to_wire(const Color& color) { return color.hex(); }
//         static std::expected<Color, std::string> from_wire(const Wire& text);
//     };
//
//     template <>
//     inline constexpr std::array tutti::json::alternatives<Content>{"text", "picture"};
//
// `to_wire` may also return std::expected<Wire, std::string>: what has no form on the wire is a
// problem as any other. A problem's text is told with the path of the value in front of it, so it
// says what was expected and does not repeat the value. Both are called from several threads at
// once, and what they throw leaves the call; a codec's caller treats that as a failure (codec.hpp).
#pragma once

#include <expected>
#include <string>

namespace tutti::json {

template <class T>
struct Converter {};

// Specialise for a std::variant: one name for each alternative, in order, none of them twice. A
// variant is written as an object with one member, {"picture": {...}}, and a std::monostate as
// null, whatever its name.
template <class Variant>
inline constexpr int alternatives = 0;

}  // namespace tutti::json
