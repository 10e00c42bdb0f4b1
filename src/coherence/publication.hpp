// What one publication may hold, and how a change that is too much for one is split: the one place
// that knows. Both adapters of the bus refuse by `check` what `split` never makes.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/error.hpp"
#include "tutti/options.hpp"

namespace tutti::publication {

// In which of a channel's shapes foreign programs are told: the position of one, or absent for all
// of them, when the cache has none of its own and shares the channel with caches that do.
using Shape = std::optional<std::size_t>;

// What is told in one shape.
struct Change {
    KeySet keys;
    Shape shape;
};

struct Part {
    Change change;
    std::vector<std::string> plain_events;
};

struct Split {
    std::vector<Part> parts;
    std::size_t oversized_events = 0;  // left out: larger than Bus::plain_event_bytes_max
};

// Parts that the bus takes, in order. A key is named once, except where its events need several
// parts; a key that no publication can hold makes the change one of everything.
[[nodiscard]] Split split(Change change, std::span<const PlainEvent> shapes);

// nullopt: the bus takes it. `operation` is part of the error.
[[nodiscard]] std::optional<Error> check(std::string_view operation, const PublishRequest& request);
[[nodiscard]] std::optional<Error> check(std::string_view operation, const RenewRequest& request);
// Of a channel's member.
[[nodiscard]] std::optional<Error> check_member(std::string_view operation,
                                                std::string_view channel, std::string_view member);

}  // namespace tutti::publication
