#include "simulation/fleet_demands.hpp"

#include <string>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

void FleetDemands::check() {
    for (Process* process : fleet_.nodes_) {
        channels(*process);
        publications(*process);
    }
    for (std::size_t place = 0; fleet_.kept() && place < fleet_.size(); ++place) {
        const std::vector<CacheRow> just_read = truth(place);
        if (fleet_.kept()) hits(place, just_read);
    }
    if (!fleet_.kept()) return;
    for (const auto& [id, one] : fleet_.waiting_) fleet_.violated("nothing hangs", "", one.row);
}

void FleetDemands::channels(Process& process) {
    if (!process.serving())
        return fleet_.violated("A4: every node serves again", process.plan().member);
    for (const ChannelStatus& status : process.engine().channels()) {
        if (!status.effective)
            fleet_.violated("A4: every channel is effective again", status.failure);
        if (status.unpublished > 0)
            fleet_.violated("A4: nothing stays unpublished", status.channel);
        if (status.lag > 0) fleet_.violated("A4: nothing is left to apply", status.channel);
        const bool replayable = status.channel == Fleet::channel_name(Fleet::rows_channel);
        if (fleet_.options_.history_survives && replayable && status.rejoins > 1) {
            fleet_.violated("R6: nothing is dropped while the log is there",
                            std::to_string(status.rejoins));
        }
    }
}

void FleetDemands::publications(Process& process) {
    for (const auto& promise : process.invalidated) {
        if (fleet_.checker_.executed_since(promise.row, promise.called)) continue;
        fleet_.violated("A4: an invalidation of a living node is published", process.plan().member,
                        promise.row);
    }
}

// Every node answers what the source has, unless the writer of the last version died before it
// published. Returns what it had to read for that: it was not in memory.
std::vector<CacheRow> FleetDemands::truth(std::size_t place) {
    std::vector<CacheRow> read;
    for (std::size_t cache = 0; cache < Fleet::cache_count; ++cache) {
        for (std::size_t key = 0; key < fleet_.options_.keys; ++key) {
            const std::size_t of = fleet_.row(Fleet::channel_of(cache), key);
            const auto seen = fleet_.peek(place, cache, of);
            if (!seen) {
                fleet_.get_at_least(place, cache, of, fleet_.checker_.covered(of));
                read.push_back({cache, of});
            } else if (!fleet_.checker_.allows(of, fleet_.checker_.covered(of), *seen)) {
                fleet_.violated("A4: memory equals the source", "node " + std::to_string(place),
                                of);
            }
        }
    }
    fleet_.run_for(500ms);  // however often the thread is held up
    return read;
}

// A cache that never answers from memory would keep every other promise. What was there
// before has shown that it is no such cache, and its life may have ended meanwhile.
void FleetDemands::hits(std::size_t place, const std::vector<CacheRow>& just_read) {
    if (!fleet_.node(place).serving()) return;
    const auto is_hit = [this](std::size_t row) {
        return [this, row](const Result<Lookup<Version>>& answer) {
            if (!answer || answer->tier() != Tier::memory)
                fleet_.violated("A7: what was just read is validated in memory", "", row);
        };
    };
    for (const auto& [cache, of] : just_read) {
        if (!has_memory(cache)) continue;
        if (fleet_.node(place).plan().caches[cache].validated) {
            fleet_.node(place).cache(cache).get(fleet_.key_of(of), {}, is_hit(of));
        } else if (!fleet_.peek(place, cache, of)) {
            fleet_.violated("A7: what was just read is in memory", "", of);
        }
    }
    if (fleet_.options_.validated) fleet_.run_for(200ms);
}

}  // namespace tutti::simulation
