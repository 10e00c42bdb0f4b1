// The rules of the protocol that a mutant can break. In the library every rule holds, at compile time
// and at no cost; in the build that the simulator mutates (TUTTI_MUTANTS) a test switches one off and
// shows that the checker notices. A rule that no checker needs is a rule that nobody has proven.
#pragma once

#include <atomic>
#include <cstdint>

namespace tutti {

enum class Rule : std::uint8_t {
    none,
    poison_running_flights,     // R3: an invalidation poisons the flights of its key
    fill_checks_generation,     // R3: a flight from before a flush fills nothing that is served
    capture_generation_first,   // R3a: a flight takes the generation before it reads any tier
    join_only_under_lease,      // R3b: no joining of a running flight without an effective lease
    join_only_clean_flights,    // R3b: no joining of a poisoned flight
    serve_only_under_lease,     // R2
    lease_counts_from_request,  // R1: from before RENEW was sent, not from its reply
    lease_after_catching_up,    // R1: a renewal counts when everything up to it is applied
    chains_must_match,          // R1, R4: same sequence and another chain is another history
    gaps_are_replayed,          // R4: entries ahead of the next one wait for the gap
    lost_gap_rejoins,           // R5: a gap that the log no longer has
    new_epoch_flushes,          // R5
    rewound_log_flushes,        // R5: RENEW's sequence is below what its request carried
    flush_after_reply,          // R5: not when the rejoin was decided
    undecodable_flushes,        // R8
    disconnect_flushes_foreign,  // foreign publishers cannot be replayed
    unpublished_is_retried,      // a failed PUB stays pending
    wait_out_before_done,        // W1
};

#ifdef TUTTI_MUTANTS
inline std::atomic<Rule> broken_rule{Rule::none};
[[nodiscard]] inline bool kept(Rule rule) noexcept {
    return broken_rule.load(std::memory_order_relaxed) != rule;
}
#else
[[nodiscard]] constexpr bool kept(Rule) noexcept { return true; }
#endif

}  // namespace tutti
