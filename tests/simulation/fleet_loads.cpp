#include "simulation/fleet_loads.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t loads_of_a_key_max = 2;

}  // namespace

Loaded<Version> FleetLoads::read_source(const Process& process, std::size_t cache,
                                        std::size_t row) {
    const Version version = fleet_.source_.read(row);
    fleet_.note(Event::source_read, process, row, version);
    Loaded<Version> loaded = version;
    if (process.plan().caches[cache].negative_ttl && Source::is_negative(version)) {
        loaded = negative("do not ask");
    }
    if (Source::is_absent(version)) loaded = absent;
    if (process.plan().caches[cache].tagged) {
        for (std::string& tag : fleet_.tags_of(row)) loaded.tag(std::move(tag));
    }
    return fleet_.options_.cacheable ? loaded : loaded.do_not_cache();
}

Result<LoadedRows> FleetLoads::load_now(Process& process, std::size_t cache,
                                        std::span<const std::string> keys) {
    ++fleet_.counts_.loads;
    const LoadPlan plan = fleet_.plan_load();
    let_pass(process, plan.reads_after);
    LoadedRows loaded;
    for (const std::string& key : keys)
        loaded.emplace_back(key, read_source(process, cache, fleet_.row_of(cache, key)));
    let_pass(process, plan.takes - plan.reads_after);
    if (plan.fails) return fail(Errc::load_failed, "load", "the source is moody");
    return loaded;
}

// The world goes on while a loader blocks its worker. One at a time: what is called meanwhile takes
// no time.
void FleetLoads::let_pass(Process& process, Duration length) {
    if (blocked_ != nullptr) return;
    blocked_ = &process;
    fleet_.run_for(length);
    while (process.paused() && fleet_.kept()) fleet_.run_for(1ms);
    blocked_ = nullptr;
}

void FleetLoads::load(Process& process, std::size_t cache, const std::string& key,
                      std::function<void(Result<Loaded<Version>>)> done) {
    ++fleet_.counts_.loads;
    const LoadPlan plan = fleet_.plan_load();
    const std::size_t of = fleet_.row_of(cache, key);
    auto& running = process.loading[cache][of];
    while (!running.empty() && fleet_.now() - running.front() >= fleet_.options_.load_deadline)
        running.pop_front();
    running.push_back(fleet_.now());
    fleet_.note(Event::load, process, of, cache);
    if (running.size() > loads_of_a_key_max) {
        fleet_.violated("A5: loads of a key at a time", std::to_string(running.size()), of);
    }
    judge(process, cache, of);
    auto value = std::make_shared<Loaded<Version>>(absent);
    fleet_.after(plan.reads_after,
                 [this, &process, cache, of, value] { *value = read_source(process, cache, of); });
    fleet_.after(plan.takes, [this, &process, &running, of, plan, value, began = fleet_.now(),
                              done = std::move(done)] {
        if (const auto it = std::ranges::find(running, began); it != running.end())
            running.erase(it);
        fleet_.note(Event::loaded, process, of);
        if (plan.fails) return done(fail(Errc::load_failed, "load", "the source is moody"));
        done(*value);
    });
}

// The store hands out one claim for a key. A second load begins only when the first one's may have
// ended.
void FleetLoads::judge(const Process& process, std::size_t cache, std::size_t row) {
    const CachePlan& plan = process.plan().caches[cache];
    const bool claimed = plan.store_ttl && !plan.blocking_loader;
    if (!claimed || !fleet_.options_.claims_survive || fleet_.disturbances_[row] > 0) return;
    constexpr Duration longest_question = 300ms;  // between the claim and the load
    for (const auto& other : fleet_.processes_) {
        for (const TimePoint began : other->loading[cache][row]) {
            if (other.get() == &process && began == fleet_.now()) continue;
            if (fleet_.disturbed_[row] + longest_question >= began) continue;
            if (fleet_.now() - began >= fleet_.options_.load_deadline) continue;  // given up
            fleet_.violated("S1: one load of a key in the fleet",
                            "beside " + other->plan().member + "'s", row);
        }
    }
}

}  // namespace tutti::simulation
