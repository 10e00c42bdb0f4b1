// The cooldown pattern on the memory tier: the check and the claim are one update under its lock.
// What is past its period is swept out now and then, while the node runs.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/home_process.hpp"
#include "load/counters.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "tutti/cooldown.hpp"
#include "tutti/memory_cache.hpp"

namespace tutti {

class CooldownCore final : public detail::CooldownCore,
                           public Declared,
                           public std::enable_shared_from_this<CooldownCore> {
public:
    // Requires: options without contradictions.
    CooldownCore(const CooldownOptions& options, const LoadEnvironment& environment)
        : period_(*options.period),
          clock_(*environment.clock),
          executor_(environment.executor),
          claimed_({.ttl = *options.period,
                    .bound = *options.bound,
                    .clock = &clock_,
                    .eviction = Eviction::lru}) {}

    void open() override { sweep_later(); }
    void close() override { executor_->cancel(sweep_); }
    void end_calls() override {}  // none waits
    void woken(std::string_view) override {}
    // A hit is a refused claim, a miss a granted one.
    [[nodiscard]] CacheCounters counters() const override {
        CacheCounters snapshot = counters_.snapshot();
        snapshot.entries = claimed_.size();
        snapshot.evictions = claimed_.evictions();
        return snapshot;
    }

    // In a forked child: nothing is claimed.
    bool try_claim(std::string_view key) override {
        if (home_.left()) return false;
        const TimePoint now = clock_.now();
        // The memory tier keeps an entry at exactly its TTL; a claim is free again at that point.
        const bool claimed = claimed_.update(std::string(key), [&](const TimePoint* last) {
            const bool free = last == nullptr || now - *last >= period_;
            return free ? std::optional(now) : std::nullopt;
        });
        (claimed ? counters_.misses : counters_.hits).add();
        return claimed;
    }

    void release(std::string_view key) override {
        if (!home_.left()) claimed_.erase(key);
    }

    void sweep() { claimed_.sweep(); }

private:
    static constexpr Duration sweep_period_min = std::chrono::seconds{1};  // it reads every key

    void sweep_later() {
        sweep_ =
            executor_->run_at(saturating_add(clock_.now(), std::max(period_, sweep_period_min)),
                              [weak = weak_from_this()] {
                                  const auto self = weak.lock();
                                  if (!self) return;
                                  self->sweep();
                                  self->sweep_later();
                              });
    }

    const Duration period_;
    const Clock& clock_;
    const std::shared_ptr<Executor> executor_;
    const HomeProcess home_;
    MemoryCache<std::string, TimePoint> claimed_;
    LoadCounters counters_;
    Executor::TimerId sweep_ = Executor::TimerId::none;  // on the executor
};

}  // namespace tutti
