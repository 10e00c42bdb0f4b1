// The rules of the job protocol that a mutant can break, as src/base/rules.hpp has them for
// coherence. Every one holds at compile time and at no cost; where TUTTI_MUTANTS is defined a test
// switches one off, and shows that the checker of tests/simulation/jobs notices.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace tutti::services::jobs {

enum class JobRule : std::uint8_t {
    none,
    enqueue_only_unknown,      // a job that is known is not enqueued again
    lapsed_lease_is_free,      // what a worker that is gone had is claimed by another one
    held_lease_is_not_free,    // and not before its lease has lapsed
    claim_takes_token,         // each claim has a token of its own
    renew_compares_token,      // a lost lease is not renewed
    renew_extends_lease,       // a held one is
    give_back_compares_token,  // what another worker has by now is not given back
    give_back_spends_none,     // of the attempts
    end_compares_token,        // a late end changes nothing, and announces nothing
    end_announces,             // with the result, in one step
    end_drops_ticket,          // an ended job is not handed out again
    attempts_end,              // the last one leaves a dead letter
    retry_is_later,            // a failure that may be retried is no end while attempts are left
    parent_waits,              // a parent is handed out when all its children have ended
    failed_child_counts,       // one that failed has ended
    child_is_kept,             // what a parent will read is kept until it has ended
    paid_call_is_marked,       // before it is made
    unknown_is_not_asked,      // what an earlier attempt began is not paid for again
    stored_before_used,        // an answer is used when it is stored
    late_answer_is_taken,      // from the attempt that began the call, also when its lease is lost
};

#ifdef TUTTI_MUTANTS
inline std::array<std::atomic<bool>, 64> broken_rules{};  // by the rule's number

[[nodiscard]] inline bool kept(JobRule rule) noexcept {
    return !broken_rules[std::to_underlying(rule)].load(std::memory_order_relaxed);
}
// These, and no others.
inline void break_rules(std::initializer_list<JobRule> rules) noexcept {
    for (auto& broken : broken_rules) broken.store(false, std::memory_order_relaxed);
    for (const JobRule rule : rules) {
        broken_rules[std::to_underlying(rule)].store(rule != JobRule::none,
                                                     std::memory_order_relaxed);
    }
}
#else
[[nodiscard]] constexpr bool kept(JobRule) noexcept { return true; }
#endif

}  // namespace tutti::services::jobs
