// One shard and a Discord on virtual time, with a network between them that loses, delays and cuts,
// and a Discord that closes, invalidates and repeats. What must hold:
//
//   - every event of a session is passed on once and in order, also over resumes, until Discord has
//     ended the session
//   - a session that Discord keeps is resumed, or counted as given up
//   - a heartbeat says the number of the last event that was passed on
//   - one identify in a connection, none within five seconds of another, no more than were granted
//   - Discord's limit of payloads is kept, as Discord counts
//   - when the network is back for good the shard is live within 30 s, with one identify at most
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tutti::simulation {

struct ShardScenario {
    std::string_view name;
    double silences = 0;    // of a link that then carries nothing, for each step of the accidents
    double cuts = 0;        // of a link
    double outages = 0;     // of the network, up to a minute
    double closings = 0;    // by Discord, with a code
    double reconnects = 0;  // opcode 7
    double invalid = 0;     // opcode 9, either kind
    double mutes = 0;       // of a hello, an identify or a resume that Discord leaves unanswered
    double repeats = 0;     // of an event that is sent
    double requests = 0;    // opcode 1, many at once
    bool compressed = false;
    // A Discord that breaks its word, to show that the checker notices.
    bool forgetful_replay = false;
    bool acknowledges = true;
};

[[nodiscard]] std::span<const ShardScenario> shard_scenarios();

struct ShardOutcome {
    std::string violation;  // empty: everything held
    std::uint64_t events = 0;
    std::uint64_t connects = 0;
    std::uint64_t resumes = 0;
    std::uint64_t identifies = 0;
    std::uint64_t given_up = 0;
};

[[nodiscard]] ShardOutcome simulate_shard(const ShardScenario& scenario, std::uint64_t seed);

}  // namespace tutti::simulation
