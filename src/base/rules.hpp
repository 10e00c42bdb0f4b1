// The rules of the protocol that a mutant can break. In the library every rule holds, at compile
// time and at no cost; in the build that the simulator mutates (TUTTI_MUTANTS) a test switches one
// off and shows that the checker notices. A rule that no checker needs is a rule that is not
// proven.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace tutti {

enum class Rule : std::uint8_t {
    none,
    poison_running_flights,      // R3: an invalidation poisons the flights of its key
    poisoned_fill_nothing,       // R3: the value of a poisoned flight is stored nowhere
    fill_checks_generation,      // R3: a flight from before a flush fills nothing
    flush_drops_entries,         // R2: an entry from before a flush is not served
    capture_generation_first,    // R3a: a flight takes the generation before it reads any tier
    join_only_under_lease,       // R3b: no joining of a running flight without an effective lease
    join_only_clean_flights,     // R3b: no joining of a poisoned flight
    two_loads_of_a_key,          // R3b: further readers wait for one that has not begun
    own_removal_first,           // `invalidate` removes here before it returns
    own_removal_reaches_all,     // and from all caches of the channel
    serve_only_under_lease,      // R2
    lapse_deletes_nothing,       // R6: entries are suspect, and good again after a gapless replay
    suspect_within_age,          // `serve_up_to` counts from the last proof of freshness
    lease_counts_from_request,   // R1: from before RENEW was sent, not from its reply
    lease_after_catching_up,     // R1: a renewal counts when everything up to it is applied
    lease_needs_probe,           // R1: with foreign publishers the subscription must be alive
    chains_must_match,           // R1, R4: same sequence and another chain is another history
    chain_takes_candidate,       // R4: the same keys appended again at the same place are, too
    gaps_are_replayed,           // R4: entries ahead of the next one wait for the gap
    lost_gap_rejoins,            // R5: a gap that the log no longer has
    new_epoch_flushes,           // R5
    rejoin_takes_position,       // R5: sequence and chain of the new history, not only its epoch
    flush_after_reply,           // R5: not when the rejoin was decided
    undecodable_flushes,         // R8
    disconnect_flushes_foreign,  // foreign publishers cannot be replayed
    unpublished_is_retried,      // a failed PUB stays pending
    every_failed_part_is_kept,   // of a publication that was split
    wait_out_before_done,        // W1
    wait_out_from_answer,        // W1: not from when PUB was sent
    replicas_deny_done,          // a failover may lose what was published
    wait_out_counts_drift,       // W1: a member's clock may be slower than the writer's
    wait_out_for_longest_lease,  // W1: the members' leases, not only the writer's own
    lease_kept_until_it_lapses,  // W4: a member is not forgotten while it may still serve
    leases_outlive_epoch,        // W1: a rotation ends no lease
    lost_lease_is_waited_out,    // W1: what a server that lost everything no longer knows
    done_needs_every_ack,        // W2: not as soon as it is published
    ack_after_applying,          // W2: not as soon as it is asked for
    ack_counts_in_its_epoch,     // W2: what was applied in another says nothing
    ack_not_beyond_the_log,      // W2: of a history that the server has lost
    new_epoch_has_grace,         // W3: leases of the epoch before are not among its members'
    reap_only_silent_members,    // W4: not those that have renewed since, and wait for what is
                                 // missing

    // The store tier.
    one_claim_in_the_fleet,         // S1: while it stands no other load is given one
    fill_needs_claim,               // S1, S2: a value is stored only while its claim stands
    publication_empties_store,      // S2: PUB removes value and claim
    store_checks_epoch,             // the tag: what carries another epoch or generation is absent
    every_prefix_is_emptied,        // S3: PUB removes the values of caches that it does not know
    flight_covers_store_read,       // S5: a flight begins before it reads the store
    claim_before_load,              // S6: a load whose claim was not confirmed before fills nothing
    offer_waits_for_claim,          // S13: nor does an offer
    unpublished_bypasses_store,     // S7: own changes that the bus has not taken
    others_bypass_store,            // S7: so does every other cache of the channel on this node
    retry_bypasses_store,           // S7: and what is being published again is not published yet
    foreign_bypasses_store,         // S8: foreign changes until they are dropped from the store
    foreign_needs_lease_for_store,  // S8: a deaf node does not know what the store should have lost
    disconnect_empties_store,       // S8: what was missed meanwhile, or before the node joined
    lost_claim_fills_nothing,       // S9: not memory either
    older_load_yields,              // S10: a value from a load that began earlier replaces nothing
    refresh_never_joins,            // S10
    refresh_asks_source,            // S10: whatever the store has
    removal_takes_last_known_good,  // S11
    last_known_good_under_lease,    // S11
    ended_claim_wakes,              // S4: the loads that wait for it
    wake_up_while_asking_counts,    // S12

    // Reservations.
    reserve_only_if_absent,
    confirm_compares,
    release_compares,
    unknown_reservation_is_taken_back,
};

#ifdef TUTTI_MUTANTS
inline std::array<std::atomic<bool>, 256> broken_rules{};  // by the rule's number

[[nodiscard]] inline bool kept(Rule rule) noexcept {
    return !broken_rules[std::to_underlying(rule)].load(std::memory_order_relaxed);
}
// These, and no others.
inline void break_rules(std::initializer_list<Rule> rules) noexcept {
    for (auto& broken : broken_rules) broken.store(false, std::memory_order_relaxed);
    for (const Rule rule : rules) {
        broken_rules[std::to_underlying(rule)].store(rule != Rule::none, std::memory_order_relaxed);
    }
}
#else
[[nodiscard]] constexpr bool kept(Rule) noexcept { return true; }
#endif

}  // namespace tutti
