#include "bot-client/shard/identify_budget.hpp"

#include <algorithm>

namespace tutti::services::bot::shard {

Duration InProcessIdentifyBudget::take(const SessionStarts& starts, std::uint32_t shard_id,
                                       TimePoint now) {
    const detail::Lock lock(mutex_);
    if (starts.remaining <= reserve(options_, starts)) {
        return std::max<Duration>(starts.reset_after, ask_again);
    }
    const std::int64_t rest = rest_of(starts, shard_id);
    for (const auto& [other, begin] : begun_) {
        if (begin.rest != rest || begin.free_at <= now) continue;
        return begin.free_at == TimePoint::max() ? ask_again : begin.free_at - now;
    }
    const Duration every = options_.every;
    const TimePoint spent = std::max(spent_until_, now) + every;
    const TimePoint affordable = now + saturating_multiply(every, options_.at_once);
    if (spent > affordable) return spent - affordable;
    spent_until_ = spent;
    begun_.insert_or_assign(shard_id, Begin{.rest = rest, .free_at = TimePoint::max()});
    return Duration::zero();
}

bool InProcessIdentifyBudget::spend(std::uint32_t shard_id, TimePoint now) {
    const detail::Lock lock(mutex_);
    const auto found = begun_.find(shard_id);
    if (found == begun_.end()) return false;
    found->second.free_at = now + apart;
    return true;
}

void InProcessIdentifyBudget::give_back(std::uint32_t shard_id) {
    const detail::Lock lock(mutex_);
    if (begun_.erase(shard_id) > 0) spent_until_ -= options_.every;
}

}  // namespace tutti::services::bot::shard
