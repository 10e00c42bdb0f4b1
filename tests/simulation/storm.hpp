// A fleet under random load and random accidents, from one seed.
//
// Operations and accidents are numbered as they come, and each draws from a source of its own: a
// storm that leaves some of them out is otherwise the same one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulation/fleet.hpp"
#include "simulation/scenario.hpp"

namespace tutti::simulation {

struct Outcome {
    std::uint64_t hash = 0;
    Counts counts;
    Duration simulated{};
    std::size_t actions = 0;  // that came, also those that were left out
    std::string broken;       // the first promise that was
    std::string report;       // empty: every promise was kept

    [[nodiscard]] bool kept() const noexcept { return report.empty(); }
};

// The numbers of the actions that take place, in ascending order; nothing: all.
using Only = std::optional<std::vector<std::size_t>>;

class Storm {
public:
    // Of a swarm the seed chooses the scenario.
    Storm(const Scenario& scenario, std::uint64_t seed, Only only = {});

    [[nodiscard]] Outcome run();

private:
    static FleetOptions options(const Scenario& scenario, std::uint64_t seed);

    void schedule_operation();
    void schedule_incident();
    void schedule_snapshot();
    void act(Random random, void (Storm::*action)(Random random));
    void operate(Random random);
    void document(Random random);
    void offer(std::size_t key, Random random);
    [[nodiscard]] Rows pick_rows(std::size_t cache, Random& random) const;
    void write(Random random);
    [[nodiscard]] CacheRow pick_beside(std::size_t cache, Random random) const;
    void strike(Random random);
    void strike_server(Incident incident, Random random);
    void evict(Random random);
    // What is usual for an accident, or for what is cached, in this scenario.
    [[nodiscard]] Duration lasting(Duration usual) const;
    [[nodiscard]] Duration living(Duration usual) const;
    void change_mood(Event event, Duration length, void (*set)(ServerMood& mood, bool on));
    void replace_primary(Random random);
    void fail_over(Random random);
    void gain_replicas(Duration length, const std::function<void()>& then);
    [[nodiscard]] Incident pick_incident(Random random) const;
    [[nodiscard]] LoadPlan plan_load();
    void demand_hit_rate(const Counts& before_settling);

    const Scenario scenario_;
    const Only only_;
    Fleet fleet_;
    // Each draws at times of its own, so that none depends on what the fleet does.
    Random operations_;
    Random incidents_;
    Random snapshots_random_;
    TimePoint end_;
    std::size_t actions_ = 0;
    std::size_t hot_key_ = 0;
    std::deque<std::pair<TimePoint, testing::EmbeddedSnapshot>> snapshots_;
};

[[nodiscard]] inline Outcome simulate(const Scenario& scenario, std::uint64_t seed,
                                      Only only = {}) {
    return Storm(scenario, seed, std::move(only)).run();
}

}  // namespace tutti::simulation
