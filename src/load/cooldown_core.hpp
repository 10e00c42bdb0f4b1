// The cooldown pattern on the memory tier: the check and the claim are one update under its lock.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/home_process.hpp"
#include "load/counters.hpp"
#include "tutti/cooldown.hpp"
#include "tutti/memory_cache.hpp"

namespace tutti {

class CooldownCore final : public detail::CooldownCore {
public:
    // Requires: options without contradictions.
    CooldownCore(CooldownOptions options, const Clock& clock)
        : options_(std::move(options)),
          clock_(clock),
          claimed_({.ttl = *options_.period,
                    .bound = *options_.bound,
                    .clock = &clock,
                    .eviction = Eviction::lru}) {}

    // In a forked child: nothing is claimed.
    bool try_claim(std::string_view key) override {
        if (home_.left()) return false;
        const TimePoint now = clock_.now();
        // The memory tier keeps an entry at exactly its TTL; a claim is free again at that point.
        const bool claimed = claimed_.update(std::string(key), [&](const TimePoint* last) {
            const bool free = last == nullptr || now - *last >= *options_.period;
            return free ? std::optional(now) : std::nullopt;
        });
        (claimed ? counters_.misses : counters_.hits).add();
        return claimed;
    }

    void release(std::string_view key) override {
        if (!home_.left()) claimed_.erase(key);
    }

    void sweep() { claimed_.sweep(); }

    [[nodiscard]] const CooldownOptions& options() const noexcept { return options_; }

    // A hit is a refused claim, a miss a granted one.
    [[nodiscard]] CacheCounters counters() const {
        CacheCounters snapshot = counters_.snapshot();
        snapshot.entries = claimed_.size();
        snapshot.evictions = claimed_.evictions();
        return snapshot;
    }

private:
    const CooldownOptions options_;
    const Clock& clock_;
    const HomeProcess home_;
    MemoryCache<std::string, TimePoint> claimed_;
    LoadCounters counters_;
};

}  // namespace tutti
