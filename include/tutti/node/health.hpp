// What a node says of itself, and of its end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"

namespace tutti {

// Whether the node does its job, for a health endpoint.
struct Health {
    bool live = false;  // started and not stopped
    // Every channel is subscribed, its lease is effective, and what is published goes out:
    // invalidations that the bus has not taken became fewer within the last 10 s.
    bool ready = false;
    std::vector<std::string> reasons;  // why it is not ready; a channel may have two
    // The server that is connected, and what `done` means there, for people (describe_promise).
    std::string promise = {};
};

// What had not ended when a stop returned.
struct Stopped {
    std::vector<std::string> left = {};  // for people; empty: everything has ended
    [[nodiscard]] bool complete() const noexcept { return left.empty(); }
};

template <>
struct detail::NoAnswer<Stopped> {
    static Stopped because(Errc, std::string why) { return {.left = {std::move(why)}}; }
};

}  // namespace tutti
