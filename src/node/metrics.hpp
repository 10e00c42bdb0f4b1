// The node's metrics page: what its caches count and how its channels stand.
#pragma once

#include <span>
#include <string>

#include "coherence/channel.hpp"
#include "tutti/inventory.hpp"

namespace tutti {

[[nodiscard]] std::string metrics_text(std::span<const InventoryRow> rows,
                                       std::span<const ChannelStatus> channels);

}  // namespace tutti
