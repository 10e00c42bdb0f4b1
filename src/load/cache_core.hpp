// A cache without types: memory tier, single flight, and the rules that keep a value that was
// loaded before an invalidation out of memory after it.
//
// Mechanism. A read looks into memory under the lease (`hit`). A miss joins the key's flight or
// starts one (`load`). An invalidation removes the entry and poisons the flights of its key in one
// critical section (`remove`); a fill asks "poisoned? generation?" and inserts in one (`land`).
// `flush` takes the whole memory out and counts the generation up: flights of an older one fill
// nothing. Both are O(1).
//
// With a store a flight asks it first, and its answer is a value, a claim to load, or that another
// instance loads, which is waited for. The flight begins before that read, so that an invalidation
// poisons it, too. A loaded value is given to the readers at once, stored under the claim, and
// enters memory only when the claim has stood.
//
// A last known good is an entry past its TTL. It is found only when a load has failed for a passing
// reason, by the same rules as any entry; there is no second place that an invalidation could
// forget.
//
// Per key at most two loads run at once, the second only for readers who may not join the first
// (it was poisoned, or there is no effective lease); a reader that may join neither waits for a
// third that has not begun. Per cache at most `loads_max` run; the others wait their turn in
// `LoadQueue`. A flight that no reader waits for any more is given up, unless the source is being
// asked for it already.
//
// A load may end inside the call that begins it, and set off the next: `launch` is a loop, not a
// recursion.
//
// Lock order: mutex_ -> the memory tier's own. No user code runs under either: values are weighed
// before, and keys, values and completions leave under the lock and are destroyed after it
// (`Leavings`).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/cache_sink.hpp"
#include "base/home_process.hpp"
#include "base/lease.hpp"
#include "base/publisher.hpp"
#include "base/store_gate.hpp"
#include "base/trampoline.hpp"
#include "base/workers.hpp"
#include "load/cache_memory.hpp"
#include "load/counters.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "load/flight.hpp"
#include "load/load_queue.hpp"
#include "load/pending.hpp"
#include "load/refresher.hpp"
#include "load/store_access.hpp"
#include "load/worker_line.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/options.hpp"

namespace tutti {

class CacheCore final : public detail::Cache,
                        public CacheSink,
                        public Declared,
                        public std::enable_shared_from_this<CacheCore> {
public:
    // What a cache shares with the channel that it belongs to.
    struct Coherence {
        std::shared_ptr<const Lease> lease = nullptr;     // null: it needs none
        std::shared_ptr<const StoreGate> gate = nullptr;  // null without a store
        std::string channel = {};                         // whose epoch its stored values carry
        std::string prefix = {};                          // of their keys
        // Belongs to the node, and goes with it. Absent: invalidations concern this cache alone.
        std::optional<std::weak_ptr<Publisher>> publisher = std::nullopt;
    };

    // Requires: a spec without contradictions.
    CacheCore(detail::CacheSpec spec, LoadEnvironment environment, Coherence coherence);

    void open() override;
    void close() override;
    void end_calls() override;
    void woken(std::string_view store_key) override;
    [[nodiscard]] CacheCounters counters() const override;

    [[nodiscard]] std::string_view name() const noexcept override { return spec_.name; }
    void report(std::string_view function, const Error& error) noexcept override {
        tell(function, error);
    }
    std::optional<Result<detail::RawLookup>> hit(std::string_view key) override;
    void load(std::string text, std::shared_ptr<const void> key, Duration timeout,
              Completion<detail::RawLookup> done) override;
    void refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                 Completion<detail::RawLookup> done) override;
    void offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
               Completion<Filled> done) override;
    void invalidate(std::optional<std::string> key, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override;

    void remove(std::string_view key) override;
    void flush() override;
    void publication_begins(const KeySet& changed) override;
    void publication_ended(const KeySet& changed) override;

    [[nodiscard]] const detail::CacheSpec& spec() const noexcept { return spec_; }

private:
    // What leaves under the mutex: declared before it is locked, and so destroyed after.
    struct Leavings {
        CacheMemory::Removed entries;
        std::vector<std::shared_ptr<const void>> values;
    };
    using FlightPointer = std::shared_ptr<Flight>;
    using Answered = Result<detail::RawLookup>;
    // Flights of one key. Every active one is found here by an invalidation; only the newest may be
    // joined. `next` waits until fewer are active.
    struct Slot {
        std::vector<FlightPointer> active;
        FlightPointer next;
    };

    struct Permission {
        bool effective = false;  // the lease: may serve from memory and join flights
        bool suspect = false;    // may serve from memory all the same, and say so
        TimePoint now;
    };
    enum class Past : std::uint8_t { refused, allowed };  // of the TTL

    [[nodiscard]] std::unique_ptr<CacheMemory> make_memory() const;
    [[nodiscard]] std::size_t weight_of(const void* value) const;
    // What the user's function of this name returns; `otherwise`, and a line in the log, when it
    // throws.
    template <class T, class Call>
    [[nodiscard]] T guarded_or(std::string_view name, T otherwise, Call call) const {
        const auto returned = detail::guarded({.name = name}, call);
        if (!returned) tell(name, returned.error());
        return returned ? T(*returned) : otherwise;
    }
    void tell(std::string_view function, const Error& error) const noexcept;  // the log
    [[nodiscard]] std::shared_ptr<StoreAccess> make_store(const Coherence& coherence);
    [[nodiscard]] std::shared_ptr<Refresher> make_refresher();

    [[nodiscard]] bool serves() const noexcept {
        return phase_.load(std::memory_order_acquire) == Phase::open && !home_.left();
    }
    // Requires: it does not serve.
    [[nodiscard]] Error refusal(const std::string& operation) const;
    [[nodiscard]] Permission permission() const;
    [[nodiscard]] std::string degraded_reason(const Permission& permission) const;
    [[nodiscard]] std::optional<detail::RawLookup> look_up(std::string_view key,
                                                           const Permission& permission, Past past,
                                                           Leavings& leavings);
    [[nodiscard]] bool must_wait_to_retry(std::string_view key, TimePoint now) const;
    void forget(const std::string& text);  // here: removes, and poisons the loads
    void read(const std::string& text, const std::shared_ptr<const void>& key, const Intent& intent,
              Duration timeout, Completion<detail::RawLookup> done);

    // These require mutex_.
    // Null: a further load would have to wait, and too many do.
    FlightPointer flight_for(const std::string& text, const std::shared_ptr<const void>& key,
                             const Intent& intent, const Permission& permission);
    [[nodiscard]] bool joinable(const Flight& flight, const Intent& intent,
                                const Permission& permission) const;
    void take_off(Slot& slot, const FlightPointer& flight);
    void leave_slot(const FlightPointer& flight);
    void retire(const FlightPointer& flight);  // it has ended, or never begins
    [[nodiscard]] bool clean(const Flight& flight) const;
    [[nodiscard]] bool may_use_store(const std::string& text) const;
    [[nodiscard]] bool waits_to_retry(std::string_view key, TimePoint now) const;
    [[nodiscard]] std::optional<detail::RawLookup> last_good_at_rest(const Flight& flight) const;
    void forget(const std::string& text, Leavings& leavings);
    void fill(const Flight& flight, const detail::RawLoaded& loaded, TimePoint began, Ttl ttl,
              Leavings& leavings);
    [[nodiscard]] std::optional<detail::RawLookup> last_known_good(const Flight& flight,
                                                                   const Error& error,
                                                                   Leavings& leavings);

    void launch();  // starts what may start, without the lock held
    [[nodiscard]] FlightPointer begin_next();
    void release_claims();  // on the executor
    void leave(const FlightPointer& flight, const Waiter& waiter);
    void give_up(const FlightPointer& flight);
    void run(const FlightPointer& flight);
    void ask_store(const FlightPointer& flight);
    void store_answered(const FlightPointer& flight, Result<StoreAccess::Decoded> answer);
    void take_stored(const FlightPointer& flight, StoreAccess::Decoded answer);
    void wait_for_claim(const FlightPointer& flight, Duration claim_left);
    void claim_ended(const FlightPointer& flight);
    void ask_source(const FlightPointer& flight);
    bool await_worker(const FlightPointer& flight, const LoadContext& context);
    void serve_next();  // on a worker
    void land(const FlightPointer& flight, Result<detail::RawLoaded> loaded);
    void settle(const FlightPointer& flight, const detail::RawLoaded& loaded);
    void store_filled(const FlightPointer& flight, const detail::RawLoaded& loaded,
                      const Result<Filled>& filled);
    void fail_flight(const FlightPointer& flight, const Error& error, const Answered& otherwise);
    void abandon(const FlightPointer& flight);
    // False: the flight had been answered before. Refreshes get `strict`, other readers `lenient`.
    bool finish(const FlightPointer& flight, const Answered& strict, const Answered& lenient);
    void answer(const std::vector<std::shared_ptr<Waiter>>& waiting, const Answered& strict,
                const Answered& lenient);

    // Errors: refused, and load_failed when `admit` threw; the caller names the operation.
    [[nodiscard]] Result<void> admitted(const void* value);
    [[nodiscard]] bool transient(const Error& error) const;
    [[nodiscard]] std::optional<Ttl> lifetime(const detail::RawLoaded& loaded,
                                              const Ttl& usual) const;
    [[nodiscard]] detail::RawLookup lookup_of(const detail::RawLoaded& loaded) const;

    const detail::CacheSpec spec_;
    const LoadEnvironment environment_;
    const std::shared_ptr<const Lease> lease_;
    const std::shared_ptr<const StoreGate> gate_;
    const std::optional<std::weak_ptr<Publisher>> publisher_;
    LoadCounters counters_;

    enum class Phase : std::uint8_t { declared, open, closed };
    std::atomic<Phase> phase_ = Phase::declared;  // pairs with itself
    const HomeProcess home_;

    const std::unique_ptr<CacheMemory> memory_;  // null without the memory tier
    std::optional<Workers::Lane> dropping_;      // what is destroyed on a worker
    const std::shared_ptr<StoreAccess> store_;   // null without the store
    const std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();  // offers
    std::shared_ptr<Refresher> refresher_;                                  // on the executor
    std::atomic<std::uint64_t> generation_ = 1;  // written under mutex_, read without
    const Trampoline launching_;

    mutable std::mutex mutex_;  // guards all below
    std::unordered_map<std::string, Slot> slots_;
    LoadQueue queue_;
    std::optional<WorkerLine> worker_line_;  // for a loader that blocks
    // Own invalidations whose publication is under way: the store is as it was before them.
    std::unordered_map<std::string, std::size_t> publishing_;
    std::size_t publishing_all_ = 0;
    // Keys whose load has just failed: their last known goods are served without asking.
    std::unordered_map<std::string, TimePoint> retry_at_;
};

}  // namespace tutti
