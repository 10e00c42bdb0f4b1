// A fleet under random load and random accidents, from one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "simulation/fleet.hpp"
#include "simulation/scenario.hpp"

namespace tutti::simulation {

struct Outcome {
    std::uint64_t hash = 0;
    Counts counts;
    Duration simulated{};
    std::string report;  // empty: every promise was kept

    [[nodiscard]] bool kept() const noexcept { return report.empty(); }
};

class Storm {
public:
    Storm(const Scenario& scenario, std::uint64_t seed);

    [[nodiscard]] Outcome run();

private:
    static FleetOptions options(const Scenario& scenario, std::uint64_t seed);

    void schedule_operation();
    void schedule_incident();
    void schedule_snapshot();
    void operate();
    void document();
    void offer(std::size_t key);
    void write();
    void strike();
    void strike_server(Incident incident);
    void evict();
    void change_mood(Event event, void (*set)(ServerMood& mood, bool on));
    void gain_replicas(const std::function<void()>& then);
    [[nodiscard]] Incident pick_incident();
    [[nodiscard]] LoadPlan plan_load();
    void demand_hit_rate(const Counts& before_settling);

    const Scenario scenario_;
    Fleet fleet_;
    Random& random_;
    TimePoint end_;
    std::size_t hot_key_ = 0;
    std::deque<std::pair<TimePoint, testing::EmbeddedSnapshot>> snapshots_;
};

[[nodiscard]] inline Outcome simulate(const Scenario& scenario, std::uint64_t seed) {
    return Storm(scenario, seed).run();
}

}  // namespace tutti::simulation
