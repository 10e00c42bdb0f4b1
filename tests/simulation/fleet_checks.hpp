// What the spot checks of a fleet's caches have found stale, and whether they may.
//
// A node does not say of which row it was. So of its channel some row must have a change that the
// checked load may have seen, and of which the node need not have heard when the check ended. Both
// moments are known within bounds only, which are taken so that what is reported is wrong.
#pragma once

#include <cstddef>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class Fleet;
class Process;

class FleetChecks {
public:
    // Which caches have them is the seed's decision.
    explicit FleetChecks(Fleet& fleet);

    [[nodiscard]] bool has(std::size_t cache) const { return !caches_.empty() && caches_[cache]; }
    // As often as the fleet likes, and as much as is worth it.
    void judge();

private:
    void judge(Process& process, std::size_t cache, TimePoint judged_before);

    Fleet& fleet_;
    std::vector<bool> caches_;  // empty: none
    TimePoint judged_at_;
};

}  // namespace tutti::simulation
