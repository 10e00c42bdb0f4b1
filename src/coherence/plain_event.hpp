// The JSON events that programs without Tutti publish and read, in exactly two shapes:
//   {"type":"<type>","<key>":"<text>"}   and   {"type":"all"}
// Nothing else is an event: extra members, other types, other JSON kinds are refused. Written
// compactly, in that order of members.
//
// JSON is UTF-8 and a key is bytes: a key that is not UTF-8 cannot be told, so its event is the one
// for everything. Anything that resembles the key would leave its old value in the foreign program.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/options.hpp"

namespace tutti {

inline constexpr std::string_view plain_event_of_everything = R"({"type":"all"})";

// One event in each shape, or the one for everything.
[[nodiscard]] std::vector<std::string> write_plain_events(std::span<const PlainEvent> shapes,
                                                          std::string_view key);

// nullopt: not an event of this shape.
[[nodiscard]] std::optional<KeySet> read_plain_event(const PlainEvent& shape,
                                                     std::string_view payload);

}  // namespace tutti
