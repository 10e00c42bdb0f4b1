#include "simulation/fleet_near.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "embedded/server.hpp"
#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

// The server may be away: then there is none.
void FleetNear::write() {
    const Version version = written_.size() + 1;
    const std::string key(Process::document_key);
    if (!fleet_.hub_->server().put(key, std::to_string(version), {.ttl = 1h})) return;
    written_.push_back(fleet_.now());
}

void FleetNear::read(std::size_t place, std::size_t key, Duration deadline) {
    Process& process = fleet_.node(place);
    if (!process.serving()) return;
    ++fleet_.counts_.reads;
    // It counts from when the document arrived, which its request may have preceded by a deadline.
    const TimePoint oldest =
        fleet_.now() - process.stretched(Process::near_ttl + 1s) - process.stalled();
    const auto owed =
        static_cast<Version>(std::ranges::upper_bound(written_, oldest) - written_.begin());
    const std::uint64_t id = fleet_.wait(process, Trace::nobody, deadline);
    process.near().get(
        fleet_.keys_[key], GetOptions{.deadline = deadline},
        [=, this, &process](const Result<Lookup<Version>>& answer) {
            fleet_.answered(id);
            if (!answer)
                return fleet_.judge_error(process, Fleet::users, Trace::nobody, answer.error());
            // A document that is lost, with the server or by its operator, tells nothing.
            if (!*answer) return;
            if (**answer < owed && fleet_.options_.history_survives) {
                fleet_.violated("near: no answer is older than its TTL", std::to_string(**answer));
            }
        });
}

}  // namespace tutti::simulation
