// What a node will use on its server, so that a check can try it before anything relies on it.
#pragma once

#include <string>
#include <vector>

#include "tutti/bus.hpp"

namespace tutti {

struct Usage {
    // Heard and published on; `plain`: plain events, too.
    std::vector<Subscription> channels = {};
    // Published on only.
    std::vector<std::string> logs = {};
    // In front of the keys of values, with the claim and the era beside each.
    std::vector<std::string> prefixes = {};

    [[nodiscard]] bool empty() const {
        return channels.empty() && logs.empty() && prefixes.empty();
    }
};

}  // namespace tutti
