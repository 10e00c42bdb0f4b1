#include "simulation/scenario.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "simulation/fleet.hpp"
#include "simulation/random.hpp"

namespace tutti::simulation {

namespace {

using namespace std::chrono_literals;
using enum Incident;
using Rates = testing::SeededFaults::Rates;

Weights weights(std::initializer_list<std::pair<Incident, double>> given) {
    Weights all{};
    for (const auto& [incident, weight] : given)
        all.at(static_cast<std::size_t>(incident)) = weight;
    return all;
}

constexpr Rates bad_network{.request_lost = 0.05,
                            .reply_lost = 0.05,
                            .request_overtakes = 0.1,
                            .push_lost = 0.15,
                            .push_duplicated = 0.15,
                            .push_overtakes = 0.2,
                            .delayed = 0.9,
                            .delay_max = 120ms};
constexpr Rates shaky_network{.request_lost = 0.01,
                              .reply_lost = 0.01,
                              .request_overtakes = 0.02,
                              .push_lost = 0.03,
                              .push_duplicated = 0.03,
                              .push_overtakes = 0.05,
                              .delayed = 0.9,
                              .delay_max = 15ms};
constexpr Rates terrible_network{.request_lost = 0.25,
                                 .reply_lost = 0.15,
                                 .request_overtakes = 0.2,
                                 .push_lost = 0.4,
                                 .push_duplicated = 0.2,
                                 .push_overtakes = 0.2,
                                 .delayed = 0.8,
                                 .delay_max = 700ms};

// Each seed has some of the accidents.
Scenario swarm() {
    return {.name = "swarm",
            .network = bad_network,
            .incident_interval = 600ms,
            .weights =
                weights({{pause, 2},         {cut, 2},         {half_open, 2},    {disconnect, 2},
                         {outage, 1},        {undecodable, 1}, {crash, 1},        {stop, 1},
                         {restart_empty, 1}, {restore, 1},     {lose_log, 1},     {trim, 1},
                         {rotate, 1},        {lose_state, 1},  {lose_members, 1}, {flush_all, 1},
                         {evict, 2},         {full, 1},        {refuse, 1},       {replicas, 1},
                         {unreadable, 1},    {failover, 1},    {replaced, 1},     {lose_tags, 1}}),
            .load_failures = 0.03,
            .slow_loads = 0.06,
            .foreign = true,
            .leases = mixed_leases,
            .checked = 0.5,
            .swarm = true};
}

// The same in a sixth of the processor's time: most of what a storm finds it finds early, so that
// many short ones find more than few long ones.
Scenario brief() {
    Scenario shorter = swarm();
    shorter.name = "brief";
    shorter.length = 2s;
    shorter.settles = 14s;
    shorter.nodes = {.least = 2, .most = 3};
    shorter.accident_scale = shorter.load_scale = 0.4;
    return shorter;
}

std::vector<Scenario> all_scenarios() {
    return {
        {.name = "calm", .network = good_network},
        {.name = "lossy", .network = bad_network, .load_failures = 0.02, .slow_loads = 0.02},
        {.name = "terrible",
         .network = terrible_network,
         .slow_loads = 0.05,
         .leases = mixed_leases},
        {.name = "partition",
         .network = good_network,
         .incident_interval = 700ms,
         .weights = weights({{cut, 4}, {half_open, 1}, {disconnect, 1}}),
         .slow_loads = 0.08,
         .leases = mixed_leases},
        {.name = "pauses",
         .network = shaky_network,
         .incident_interval = 500ms,
         .weights = weights({{pause, 1}}),
         .slow_loads = 0.05,
         .leases = mixed_leases},
        // Of no node the clock can be trusted, and on nothing else does a lease stand.
        {.name = "frozen",
         .network = shaky_network,
         .incident_interval = 500ms,
         .weights = weights({{frozen, 6},
                             {pause, 1},
                             {cut, 1},
                             {half_open, 1},
                             {disconnect, 1},
                             {outage, 0.5},
                             {crash, 0.2},
                             {stop, 0.2},
                             {restart_empty, 0.2},
                             {rotate, 0.2}}),
         .load_failures = 0.02,
         .slow_loads = 0.05,
         .foreign = true,
         .leases = mixed_leases,
         .validated = true},
        {.name = "restart",
         .network = shaky_network,
         .incident_interval = 1500ms,
         .weights = weights({{restart_empty, 2}, {restore, 3}, {outage, 2}, {disconnect, 1}}),
         .slow_loads = 0.03},
        {.name = "eviction",
         .network = shaky_network,
         .incident_interval = 800ms,
         .weights = weights({{lose_log, 1},
                             {trim, 2},
                             {rotate, 1},
                             {lose_state, 1},
                             {lose_members, 1},
                             {lose_tags, 1},
                             {lose_tags, 2},
                             {flush_all, 1},
                             {undecodable, 2},
                             {unreadable, 1},
                             {cut, 2}}),
         .slow_loads = 0.03},
        {.name = "moods",
         .network = shaky_network,
         .incident_interval = 400ms,
         .weights = weights({{evict, 4}, {full, 2}, {refuse, 2}, {replicas, 1}, {cut, 1}}),
         .load_failures = 0.02,
         .slow_loads = 0.03},
        {.name = "failover",
         .network = shaky_network,
         .incident_interval = 1500ms,
         .weights = weights({{failover, 3}, {evict, 3}, {disconnect, 1}, {cut, 1}}),
         .slow_loads = 0.03},
        {.name = "replaced",
         .network = shaky_network,
         .incident_interval = 2s,
         .weights = weights({{replaced, 4}, {disconnect, 1}, {cut, 1}, {pause, 1}}),
         .slow_loads = 0.03,
         .leases = mixed_leases,
         .acks = 0.8},
        {.name = "foreign",
         .network = good_network,
         .incident_interval = 700ms,
         .weights = weights({{half_open, 3}, {disconnect, 3}, {cut, 1}, {pause, 1}, {outage, 0.5}}),
         .slow_loads = 0.03,
         .foreign = true},
        {.name = "membership",
         .network = shaky_network,
         .incident_interval = 1500ms,
         .weights = weights({{crash, 1}, {stop, 2}, {pause, 1}, {cut, 1}})},
        // Members that come, go, die and are silent, epochs that end, and writers that have just
        // begun.
        {.name = "acks",
         .network = bad_network,
         .incident_interval = 500ms,
         .weights = weights({{pause, 2},
                             {cut, 3},
                             {half_open, 1},
                             {crash, 1},
                             {stop, 1},
                             {rotate, 1},
                             {lose_members, 0.5},
                             {restore, 0.5}}),
         .leases = mixed_leases,
         .writes = 0.2,
         .acks = 0.8},
        // Readers of all nodes come for the same values, and the source is slow.
        {.name = "herd", .network = good_network, .slow_loads = 0.3, .writes = 0.01, .keys = 2},
        // What waits to be published is more than one publication carries.
        {.name = "backlog",
         .network = shaky_network,
         .incident_interval = 1500ms,
         .weights = weights({{cut, 3}, {outage, 1}}),
         .writes = 0.7,
         .keys = 24,
         .key_bytes = 3600},
        {.name = "everything",
         .network = bad_network,
         .incident_interval = 600ms,
         .weights = weights(
             {{pause, 3},           {cut, 3},           {half_open, 1},      {disconnect, 1},
              {outage, 0.5},        {undecodable, 0.5}, {crash, 0.4},        {stop, 0.4},
              {restart_empty, 0.4}, {restore, 0.5},     {lose_log, 0.3},     {trim, 0.5},
              {rotate, 0.3},        {lose_state, 0.2},  {lose_members, 0.2}, {flush_all, 0.3},
              {evict, 1},           {full, 0.5},        {refuse, 0.5},       {replicas, 0.3},
              {unreadable, 0.3},    {failover, 0.3},    {lose_tags, 0.2}}),
         .load_failures = 0.02,
         .slow_loads = 0.04,
         .foreign = true,
         .checked = 0.3},
        // Hours of few operations, for what time alone does: what is cached ends, members lapse,
        // and leases of the default length and of the longest meet on clocks that drift.
        // The server forgets no lease (W1).
        {.name = "lives",
         .length = 2h,
         .settles = 1h,
         .nodes = {.least = 2, .most = 3},
         .idle_max = 20s,
         .life_scale = 300,
         .accident_scale = 300,
         .network = shaky_network,
         .incident_interval = 8min,
         .weights = weights({{pause, 3},
                             {cut, 3},
                             {half_open, 1},
                             {disconnect, 1},
                             {outage, 0.5},
                             {crash, 1},
                             {stop, 1},
                             {trim, 0.5},
                             {rotate, 0.5},
                             {lose_members, 0.3},
                             {evict, 1}}),
         .load_failures = 0.02,
         .slow_loads = 0.03,
         .foreign = true,
         .leases = {3s, 150s, 300s, 600s},
         .writes = 0.2,
         .untold = 0.2,
         .acks = 0.5},
        swarm(),
        brief(),
    };
}

// Whether the server may come out of an accident without leases that it has granted.
bool loses_leases(const Scenario& scenario) {
    constexpr std::array losses{restart_empty, restore, lose_state, flush_all, failover, replaced};
    return std::ranges::any_of(losses, [&](Incident loss) {
        return scenario.weights.at(static_cast<std::size_t>(loss)) > 0;
    });
}

}  // namespace

bool Scenario::calm() const {
    return incident_interval == Duration::zero() && load_failures == 0 && slow_loads == 0 &&
           network.request_lost == 0 && network.reply_lost == 0 && network.push_lost == 0;
}

bool Scenario::claims_survive() const {
    return incident_interval == Duration::zero() && load_failures == 0 && checked == 0 &&
           network.request_lost == 0 && network.reply_lost == 0;
}

bool Scenario::history_survives() const {
    const auto forgets = [&](std::size_t incident) { return weights.at(incident) > 0; };
    for (auto incident = static_cast<std::size_t>(undecodable); incident < incident_count;
         ++incident) {
        if (forgets(incident)) return false;
    }
    return true;
}

Scenario of_seed(const Scenario& scenario, std::uint64_t seed) {
    if (!scenario.swarm) return scenario;
    constexpr std::array networks{good_network, shaky_network, bad_network, terrible_network};
    Random random(seed ^ 0xa0761d6478bd642f);
    Scenario drawn = scenario;
    const auto drop = [&](Incident incident) {
        drawn.weights.at(static_cast<std::size_t>(incident)) = 0;
    };
    for (std::size_t incident = 0; incident < incident_count; ++incident) {
        if (scenario.weights.at(incident) == 0) continue;
        if (random.chance(0.5)) drop(static_cast<Incident>(incident));
    }
    // How many replicas a server has is known, or it is not.
    if (random.chance(0.5)) {
        drop(replaced);
    } else {
        drop(failover);
        drop(replicas);
    }
    drawn.network = random.pick(networks);
    drawn.incident_interval =
        std::chrono::duration_cast<Duration>(random.magnitude(200ms, 3s) * scenario.accident_scale);
    if (random.chance(0.5)) drawn.load_failures = 0;
    if (random.chance(0.5)) drawn.slow_loads = 0;
    drawn.foreign = random.chance(0.5);
    drawn.leases = random.chance(0.5) ? mixed_leases : usual_leases;
    if (random.chance(0.3)) drawn.writes *= 3;
    if (random.chance(0.3)) drawn.acks = 0.8;
    // `done` across the loss of leases takes a fleet of one length: a writer that has just started
    // has not heard of the longer ones (W1).
    if (drawn.leases != usual_leases && loses_leases(drawn)) drawn.acks = 0;
    if (random.chance(0.2)) drawn.keys = 2;
    const bool empty = std::ranges::all_of(drawn.weights, [](double one) { return one == 0; });
    if (empty) drawn.incident_interval = {};
    if (random.chance(0.5)) drawn.checked = 0;
    return drawn;
}

std::span<const Scenario> scenarios() {
    static const std::vector<Scenario> all = all_scenarios();
    return all;
}

const Scenario& scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
    if (found == scenarios().end()) throw std::invalid_argument("no scenario " + std::string(name));
    return *found;
}

}  // namespace tutti::simulation
