#include "simulation/fleet_demands.hpp"

#include <memory>
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
        truth(place);
        if (fleet_.kept()) hits(place);
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
// published.
void FleetDemands::truth(std::size_t place) {
    for (const auto& [cache, row] : everything()) {
        const auto seen = fleet_.peek(place, cache, row);
        const Version least = fleet_.checker_.covered(row);
        if (!seen) {
            fleet_.get_at_least(place, cache, row, least);
        } else if (!fleet_.checker_.allows(row, least, *seen)) {
            fleet_.violated("A4: memory equals the source", "node " + std::to_string(place), row);
        }
    }
    fleet_.run_for(500ms);  // however often the thread is held up
}

// A cache that never answers from memory would keep every other promise. What is not there may have
// been near its end when it was read, so that is read once more.
void FleetDemands::hits(std::size_t place) {
    if (!fleet_.node(place).serving()) return;
    const std::vector<CacheRow> missing = not_in_memory(place, everything());
    if (missing.empty()) return;
    for (const auto& [cache, row] : missing)
        fleet_.get_at_least(place, cache, row, fleet_.checker_.covered(row));
    fleet_.run_for(500ms);
    for (const auto& [cache, row] : not_in_memory(place, missing)) {
        fleet_.violated("A7: what was just read is in memory", "cache " + std::to_string(cache),
                        row);
    }
}

std::vector<CacheRow> FleetDemands::everything() const {
    std::vector<CacheRow> all;
    for (std::size_t cache = 0; cache < Fleet::cache_count; ++cache) {
        for (std::size_t key = 0; key < fleet_.options_.keys; ++key)
            all.push_back({cache, fleet_.row(Fleet::channel_of(cache), key)});
    }
    return all;
}

std::vector<CacheRow> FleetDemands::not_in_memory(std::size_t place,
                                                  const std::vector<CacheRow>& of) {
    const auto missing = std::make_shared<std::vector<CacheRow>>();
    for (const CacheRow& one : of) {
        if (!has_memory(one.cache)) continue;
        if (fleet_.node(place).plan().caches[one.cache].validated) {
            fleet_.node(place).cache(one.cache).get(
                fleet_.key_of(one.row), {}, [missing, one](const Result<Lookup<Version>>& answer) {
                    if (!answer || answer->tier() != Tier::memory) missing->push_back(one);
                });
        } else if (!fleet_.peek(place, one.cache, one.row)) {
            missing->push_back(one);
        }
    }
    if (fleet_.options_.validated) fleet_.run_for(200ms);
    return *missing;
}

}  // namespace tutti::simulation
