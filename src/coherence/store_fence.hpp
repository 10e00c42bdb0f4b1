// W5: where a server may have been replaced, a value of its store is served only under a lease that
// the same incarnation of the channel has granted. What a primary that was replaced still keeps is
// then served no longer than what is in memory.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class StoreFence {
public:
    // This node renews its lease of the channel. Values of other channels are not fenced: nothing
    // is promised of them.
    void guard(std::string channel) { leases_.try_emplace(std::move(channel)); }

    [[nodiscard]] bool guards(std::string_view channel) const { return leases_.contains(channel); }

    // A renewal that was sent at `since` has counted. One of another epoch than what has counted
    // meanwhile is late.
    void renewed(std::string_view channel, Epoch epoch, TimePoint since, Duration lease) {
        const auto place = leases_.find(channel);
        if (place == leases_.end()) return;
        if (epoch != place->second.epoch && since < place->second.known) return;
        place->second = {.epoch = epoch, .known = since, .until = saturating_add(since, lease)};
    }

    // A publication has counted, which the incarnations of other epochs do not have: what they
    // answer is older than this node's own change.
    void published(std::string_view channel, Epoch epoch, TimePoint now) {
        const auto place = leases_.find(channel);
        if (place == leases_.end() || epoch == place->second.epoch) return;
        place->second = {.epoch = epoch, .known = now, .until = {}};
    }

    // Whether a value may be served that the channel of this epoch has answered.
    [[nodiscard]] bool covers(std::string_view channel, Epoch epoch, TimePoint now) const {
        const auto place = leases_.find(channel);
        if (place == leases_.end()) return true;
        return epoch == place->second.epoch && now < place->second.until;
    }

private:
    struct Lease {
        Epoch epoch = Epoch::none;
        TimePoint known{};  // from when on
        TimePoint until{};
    };

    std::map<std::string, Lease, std::less<>> leases_;
};

}  // namespace tutti
