#include "simulation/fleet_checks.hpp"

#include <chrono>
#include <utility>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr Duration judged_each = 200ms;

std::uint64_t ended(const CacheCounters& of) {
    return of.checked_same + of.checked_stale + of.checked_overtaken + of.checked_failed;
}

}  // namespace

FleetChecks::FleetChecks(Fleet& fleet) : fleet_(fleet) {
    const FleetOptions& options = fleet_.options_;
    if (options.checked == 0) return;
    Random random(options.seed ^ 0x8ebc6af09c88c6e3);
    for (std::size_t cache = 0; cache < Fleet::cache_count; ++cache)
        caches_.push_back(random.chance(options.checked));
}

void FleetChecks::judge() {
    if (caches_.empty() || fleet_.now() < judged_at_ + judged_each) return;
    const TimePoint judged_before = std::exchange(judged_at_, fleet_.now());
    for (Process* process : fleet_.nodes_) {
        if (process == nullptr) continue;
        for (std::size_t cache = 0; cache < Fleet::cache_count; ++cache) {
            if (process->plan().caches[cache].checked) judge(*process, cache, judged_before);
        }
    }
}

void FleetChecks::judge(Process& process, std::size_t cache, TimePoint judged_before) {
    Counts& counts = fleet_.counts_;
    const CacheCounters is = process.counters(cache);
    const CacheCounters was = std::exchange(process.judged[cache], is);
    counts.checks += ended(is) - ended(was);
    if (is.checked_stale == was.checked_stale) return;
    counts.stale_checks += is.checked_stale - was.checked_stale;
    fleet_.note(Event::stale_check, process, Trace::nobody, cache);
    // The check has ended since `judged_before`, under a lease; and its load had ended a while
    // earlier, because no node's clock is faster than the true one.
    const TimePoint heard = judged_before - process.stretched(process.plan().lease);
    const TimePoint loaded = fleet_.now() - check_within;
    for (std::size_t key = 0; key < fleet_.options_.keys; ++key) {
        const std::size_t row = fleet_.row(Fleet::channel_of(cache), key);
        if (fleet_.checker_.may_differ(row, loaded, heard)) return;
    }
    fleet_.violated("a spot check finds stale only what was not published",
                    process.plan().member + ", " + process.plan().caches[cache].name);
}

}  // namespace tutti::simulation
