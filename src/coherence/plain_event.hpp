// The JSON events that programs without Tutti publish and read, in exactly two shapes:
//   {"type":"<type>","<key>":"<text>"}   and   {"type":"all"}
// Nothing else is an event: extra members, other types, other JSON kinds are refused. Written compactly,
// in that order of members.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tutti/bus.hpp"
#include "tutti/options.hpp"

namespace tutti {

// One event for each key, or the one for all.
[[nodiscard]] std::vector<std::string> write_plain_events(const PlainEvent& shape,
                                                          const KeySet& changed);

// nullopt: not an event of this shape.
[[nodiscard]] std::optional<KeySet> read_plain_event(const PlainEvent& shape,
                                                     std::string_view payload);

}  // namespace tutti
