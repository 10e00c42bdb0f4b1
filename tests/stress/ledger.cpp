#include "stress/ledger.hpp"

#include <utility>

namespace tutti::stress {

namespace {

constexpr std::size_t violations_max = 5;

void raise(std::atomic<Version>& to, Version version) {
    Version now = to.load(std::memory_order_relaxed);
    while (now < version && !to.compare_exchange_weak(now, version, std::memory_order_release,
                                                      std::memory_order_relaxed)) {
    }
}

}  // namespace

Ledger::Ledger(std::size_t nodes, std::size_t keys, std::size_t versions_max, Duration lease)
    : lease_(lease) {
    for (std::size_t key = 0; key < keys; ++key) rows_.emplace_back(nodes, versions_max);
}

Version Ledger::commit(std::size_t key) {
    return rows_[key].committed.fetch_add(1, std::memory_order_acq_rel) + 1;
}

Version Ledger::source(std::size_t key) const {
    return rows_[key].committed.load(std::memory_order_acquire);
}

void Ledger::invalidated(std::size_t node, std::size_t key, Version version) {
    raise(rows_[key].local[node], version);
}

void Ledger::published(std::size_t key, Version version, TimePoint when) {
    rows_[key].published_at[version].store(when.time_since_epoch().count(),
                                           std::memory_order_release);
}

void Ledger::done(std::size_t key, Version version) { raise(rows_[key].done, version); }

Ledger::Floor Ledger::floor(std::size_t node, std::size_t key) const {
    const Row& row = rows_[key];
    return {.local = row.local[node].load(std::memory_order_acquire),
            .acknowledged = row.done.load(std::memory_order_acquire),
            .bounded = bounded(row)};
}

Version Ledger::bounded(const Row& row) const {
    const Duration::rep before = (system_clock().now() - lease_).time_since_epoch().count();
    for (Version version = row.committed.load(std::memory_order_acquire); version > 0; --version) {
        const auto at = row.published_at[version].load(std::memory_order_acquire);
        if (at != 0 && at <= before) return version;
    }
    return 0;
}

void Ledger::judge(std::string_view read, const Floor& owed, std::size_t key, Version seen) {
    const auto demand = [&](Version least, const char* promise) {
        if (seen >= least) return;
        report(std::string(promise) + ": " + std::string(read) + " of key " + std::to_string(key) +
               " yielded " + std::to_string(seen) + ", " + std::to_string(least) +
               " is the least allowed");
    };
    demand(owed.local, "local");
    demand(owed.acknowledged, "acknowledged");
    demand(owed.bounded, "bounded");
    if (seen > source(key)) report("a value comes from the future");
}

void Ledger::report(std::string what) {
    kept_.store(false, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    if (violations_.size() < violations_max) violations_.push_back(std::move(what));
}

std::vector<std::string> Ledger::violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
}

}  // namespace tutti::stress
