// A cache without types: memory tier, single flight, and the rules that keep a value that was loaded
// before an invalidation out of memory after it.
//
// Mechanism. A read looks into memory under the lease (`hit`). A miss joins the key's flight or starts
// one (`load`). An invalidation removes the entry and poisons the flights of its key in one critical
// section (`remove`); a fill asks "poisoned? generation?" and inserts in one (`land`). `flush` counts
// the generation up: entries and flights of an older one are dead wherever they are, in O(1).
//
// Per key at most two loads run at once, the second only for readers who may not join the first
// (it was poisoned, or there is no effective lease); whoever may join neither waits for a third that
// has not begun. Per cache at most `loads_max` run; the others wait their turn in order.
//
// Lock order: mutex_ -> the memory tier's own. No user code runs under either.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/cache_sink.hpp"
#include "base/lease.hpp"
#include "base/workers.hpp"
#include "load/counters.hpp"
#include "load/flight.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/memory_cache.hpp"
#include "tutti/options.hpp"

namespace tutti {

// Where a cache's work runs.
struct LoadEnvironment {
    const Clock* clock = nullptr;
    Executor* executor = nullptr;  // timers
    Workers* workers = nullptr;    // loaders that are plain functions
    // Owns what the others point to: an asynchronous loader may answer after its node has gone.
    std::shared_ptr<void> keep_alive;
};

class CacheCore final : public detail::Cache,
                        public CacheSink,
                        public std::enable_shared_from_this<CacheCore> {
public:
    // How an invalidation leaves this node; empty for a cache without a bus.
    using Publish = std::function<void(std::optional<std::string> key, InvalidateOptions options,
                                       std::move_only_function<void(Invalidation)> done)>;

    // `lease` is null for a cache that needs none. Requires: a spec without contradictions.
    CacheCore(detail::CacheSpec spec, LoadEnvironment environment,
              std::shared_ptr<const Lease> lease, Publish publish);

    // Until `open` every read answers not_started, after `close` stopped. `close` answers everybody
    // who waits.
    void open();
    void close();

    std::optional<Result<detail::RawLookup>> hit(std::string_view key) override;
    void load(std::string text, std::shared_ptr<const void> key, Duration timeout,
              Completion<detail::RawLookup> done) override;
    void invalidate(std::optional<std::string> key, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override;

    void remove(std::string_view key) override;
    void flush() override;

    [[nodiscard]] const detail::CacheSpec& spec() const noexcept { return spec_; }
    [[nodiscard]] CacheCounters counters() const;

private:
    struct Stored {
        std::shared_ptr<const void> value;  // null: known absent
        std::uint64_t generation;
        TimePoint loaded;  // when its load began
    };
    using FlightPointer = std::shared_ptr<Flight>;
    // Flights of one key. Every active one is found here by an invalidation; only the newest may be
    // joined. `next` waits until fewer are active.
    struct Slot {
        std::vector<FlightPointer> active;
        FlightPointer next;
    };

    static MemoryCache<std::string, Stored>::Options memory_options(const detail::CacheSpec& spec,
                                                                    const Clock& clock);

    struct Permission {
        bool effective = false;  // the lease: may serve from memory and join flights
        bool suspect = false;    // may serve from memory all the same, and say so
        TimePoint now;
    };
    [[nodiscard]] Permission permission() const;
    [[nodiscard]] std::string degraded_reason(const Permission& permission) const;
    [[nodiscard]] std::optional<detail::RawLookup> look_up(std::string_view key,
                                                           const Permission& permission);

    // All require mutex_.
    FlightPointer flight_for(const std::string& text, std::shared_ptr<const void> key,
                             const Permission& permission);
    [[nodiscard]] bool joinable(const Flight& flight, const Permission& permission) const;
    void take_off(Slot& slot, const FlightPointer& flight);
    void leave_slot(const FlightPointer& flight);

    void launch();  // starts what may start, without the lock held
    void run(const FlightPointer& flight);
    void run_blocking(const FlightPointer& flight, LoadContext context);
    void land(const FlightPointer& flight, Result<detail::RawLoaded> loaded);
    void abandon(const FlightPointer& flight);
    // False: the flight had been answered before.
    bool finish(const FlightPointer& flight, const Result<detail::RawLookup>& answer);
    void fill(const Flight& flight, const detail::RawLoaded& loaded);

    const detail::CacheSpec spec_;
    const LoadEnvironment environment_;
    const std::shared_ptr<const Lease> lease_;
    const Publish publish_;

    enum class Phase : std::uint8_t { declared, open, closed };
    std::atomic<Phase> phase_ = Phase::declared;  // pairs with itself

    MemoryCache<std::string, Stored> memory_;
    std::atomic<std::uint64_t> generation_ = 1;  // written under mutex_, read without

    mutable std::mutex mutex_;  // guards all below
    std::unordered_map<std::string, Slot> slots_;
    std::deque<FlightPointer> taking_off_;  // their turn has not come
    std::size_t running_ = 0;

    LoadCounters counters_;
};

}  // namespace tutti
