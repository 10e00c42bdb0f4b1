// A document that other programs keep in the store, and what readers of it in the fleet are
// answered.
#pragma once

#include <cstddef>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class Fleet;

class FleetNear {
public:
    explicit FleetNear(Fleet& fleet) : fleet_(fleet) {}

    // Another program replaces the document.
    void write();
    void read(std::size_t place, std::size_t key, Duration deadline);

private:
    Fleet& fleet_;
    std::vector<TimePoint> written_;  // when each was; the first is version 1
};

}  // namespace tutti::simulation
