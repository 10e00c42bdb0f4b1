// What a simulation consists of, by name: how bad the network is, which accidents happen how often,
// and which of the conditional promises hold under them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::simulation {

enum class Incident : std::uint8_t {
    pause,        // of a process; its clock goes on
    frozen,       // the clock of a node stands still, and perhaps the node with it
    cut,          // a partition, of one direction or of both
    half_open,    // a subscription that nothing arrives on and that nobody closes
    disconnect,   // of one subscription
    outage,       // the server cannot be reached
    crash,        // of a process, without a word
    stop,         // of a process, in order; another one takes its place
    evict,        // of one key of the store
    full,         // the server is out of memory
    refuse,       // the server runs no script
    replicas,     // the server can be replaced
    undecodable,  // a push that cannot be read; from here on a node has to start empty again
    restart_empty,
    restore,  // restart from an older copy
    lose_log,
    trim,
    rotate,
    lose_state,
    lose_members,
    flush_all,
    unreadable,  // the log
    failover,    // replicas, and then one of them takes over
    replaced,    // the same where their number is known, and some nodes find out late
    lose_tags,
};
inline constexpr std::size_t incident_count = static_cast<std::size_t>(Incident::lose_tags) + 1;

using Weights = std::array<double, incident_count>;
// Of each node one of these.
using LeaseChoices = std::array<Duration, 4>;

inline constexpr LeaseChoices usual_leases{std::chrono::seconds{1}, std::chrono::seconds{1},
                                           std::chrono::seconds{1}, std::chrono::seconds{1}};
inline constexpr LeaseChoices mixed_leases{std::chrono::milliseconds{500}, std::chrono::seconds{1},
                                           std::chrono::seconds{1}, std::chrono::seconds{2}};

// Between these numbers there is one for each seed.
struct Nodes {
    std::size_t least = 3;
    std::size_t most = 5;
};

struct Scenario {
    std::string_view name;
    Duration length = std::chrono::seconds{15};
    // How long after its end all is as if nothing had been: the last accident ends by itself, a
    // node starts, a load is given up, a retry comes.
    Duration settles = std::chrono::seconds{20};
    Nodes nodes{};
    Duration idle_max = std::chrono::milliseconds{10};  // between two operations
    // Times as long as usual: what is cached lives, an accident lasts, and a load is slow.
    double life_scale = 1;
    double accident_scale = 1;
    double load_scale = 1;
    testing::SeededFaults::Rates network;
    Duration incident_interval{};  // on average; zero: none
    Weights weights{};
    double load_failures = 0;
    double slow_loads = 0;  // that may outlast a wait-out
    bool foreign = false;   // other programs write too
    LeaseChoices leases = usual_leases;
    bool validated = false;  // the caches trust no clock
    double checked = 0;      // of the caches, which check each hit against the source
    double writes = 0.12;    // of the operations
    double untold = 0;       // of the writes: the source changes, and no node hears of it
    double acks = 0.3;       // of the writes that may
    std::size_t keys = 4;    // of each channel
    std::size_t key_bytes = 0;
    bool swarm = false;  // each seed has some of it

    [[nodiscard]] double weight(Incident incident) const {
        return weights.at(static_cast<std::size_t>(incident));
    }
    // Nothing goes wrong: nothing may be unconfirmed, time out or miss for no reason.
    [[nodiscard]] bool calm() const;
    // No claim of the store ends before its load, but by an invalidation or a refresh; a check is
    // one that begins unseen.
    [[nodiscard]] bool claims_survive() const;
    // The log is never lost: nobody has a reason to drop everything.
    [[nodiscard]] bool history_survives() const;
};

// Itself, or of a swarm what the seed has: about half of the accidents, each condition or not, and
// one of the networks. What two accidents do together is seldom seen where all others happen, too
// (Groce, Zhang, Eide, Chen, Regehr: "Swarm Testing", 2012).
[[nodiscard]] Scenario of_seed(const Scenario& scenario, std::uint64_t seed);

[[nodiscard]] std::span<const Scenario> scenarios();
// Requires: there is one of that name.
[[nodiscard]] const Scenario& scenario(std::string_view name);

}  // namespace tutti::simulation
