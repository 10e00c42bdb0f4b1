// The node's metrics page: what its caches count and how its channels stand.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "coherence/channel.hpp"
#include "tutti/clock.hpp"
#include "tutti/inventory.hpp"

namespace tutti {

// Invalidations of a cache without a bus that the store has not heard of yet.
struct Unpublished {
    std::string channel;
    std::size_t count = 0;
    Duration standing{};
};

[[nodiscard]] std::string metrics_text(std::span<const InventoryRow> rows,
                                       std::span<const ChannelStatus> channels,
                                       std::span<const Unpublished> unpublished);

}  // namespace tutti
