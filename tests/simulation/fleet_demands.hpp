// What is demanded of a fleet when every accident is over and time has passed: all is as if nothing
// had been (A4, A7). The first demand that is not met ends it, as the fleet's time stands still
// then.
#pragma once

#include <cstddef>
#include <vector>

namespace tutti::simulation {

class Fleet;
class Process;
struct CacheRow;

class FleetDemands {
public:
    explicit FleetDemands(Fleet& fleet) : fleet_(fleet) {}

    void check();

private:
    void channels(Process& process);
    void publications(Process& process);
    void truth(std::size_t place);
    void hits(std::size_t place);
    [[nodiscard]] std::vector<CacheRow> everything() const;
    [[nodiscard]] std::vector<CacheRow> not_in_memory(std::size_t place,
                                                      const std::vector<CacheRow>& of);

    Fleet& fleet_;
};

}  // namespace tutti::simulation
