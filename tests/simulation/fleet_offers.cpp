// Offers of the fleet's processes: values that a process has come by otherwise than by a load.
#include <memory>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

void Fleet::offer(std::size_t place, std::size_t cache, std::size_t row) {
    Process& process = node(place);
    const Version version = source_.read(row);
    if (!process.serving() || Source::is_absent(version)) return;
    note(Event::offer, process, row, version);
    ++disturbances_[row];  // it takes the claim over
    constexpr Duration deadline = 5s;
    const std::uint64_t id = wait(process, row, deadline);
    const std::size_t offer = checker_.offered(row, version);
    process.raw_cache(cache).offer(key_of(row), std::make_shared<const Version>(version), deadline,
                                   [=, this](const Result<Filled>&) {
                                       checker_.offer_ended(row, offer, now());
                                       disturbed_[row] = now();
                                       --disturbances_[row];
                                       answered(id);
                                   });
}

}  // namespace tutti::simulation
