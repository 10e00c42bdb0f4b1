// A cache without types: memory tier, single flight, and the rules that keep a value that was
// loaded before an invalidation out of memory after it.
//
// What it is made of: the shelf is what memory may serve, the flights are the loads, the own
// publications say when the store may not be used. They are plain objects, and `CacheState` has the
// one mutex that guards them. `Loads` gives flights their turn, and a `Pilot` carries one through
// from its turn to its end.
//
// A handle looks into the memory by itself (`detail::TypedMemory`): what comes here has not plainly
// been hit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cache_sink.hpp"
#include "base/lease.hpp"
#include "base/publisher.hpp"
#include "base/store_gate.hpp"
#include "base/validator.hpp"
#include "load/cache_basis.hpp"
#include "load/cache_state.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "load/loads.hpp"
#include "load/pending.hpp"
#include "load/refresher.hpp"
#include "load/spot_checks.hpp"
#include "load/store_access.hpp"
#include "load/warming_up.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/memory.hpp"
#include "tutti/detail/spec.hpp"

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
        std::weak_ptr<Validator> validator = {};  // the same; with `validate_on_read`
    };

    // Requires: a spec without contradictions.
    CacheCore(detail::CacheSpec spec, LoadEnvironment environment, const Coherence& coherence);

    void open() override;
    void close() override;
    void end_calls() override;
    void woken(std::string_view store_key) override;
    [[nodiscard]] CacheCounters counters() const override;
    [[nodiscard]] std::string unready() const override {
        return warming_up_ ? warming_up_->unready() : std::string();
    }

    [[nodiscard]] std::optional<Holding> holding(std::string_view key) const override;

    [[nodiscard]] std::string_view name() const noexcept override { return spec().name; }
    void report(std::string_view function, const Error& error) noexcept override {
        basis_->user.tell(function, error);
    }
    [[nodiscard]] detail::Memory* memory() const noexcept override {
        return state_->front.memory().get();
    }
    std::optional<Result<detail::RawLookup>> hit(std::string_view key, Duration age_max) override;
    [[nodiscard]] std::optional<TimePoint> watch_begins() const override;
    void was_hit(std::string_view key, TimePoint began) override;
    void load(std::string text, std::shared_ptr<const void> key, const GetOptions& options,
              Completion<detail::RawLookup> done) override;
    void load_many(std::vector<detail::RawRead> reads, const GetOptions& options) override;
    void refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                 Completion<detail::RawLookup> done) override;
    void refresh_ahead(std::string text, std::shared_ptr<const void> key, Duration age) override;
    void check(std::string text, std::shared_ptr<const void> key) override;
    void offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
               Completion<Filled> done) override;
    void invalidate(KeySet changed, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override;
    [[nodiscard]] Destination destination() const override;
    [[nodiscard]] bool takes_at_once(const KeySet& changed) const override;

    void remove(std::string_view key) override;
    void flush() override;
    void remove_tagged(std::string_view tag) override;
    void publication_begins(const KeySet& changed) override;
    void publication_ended(const KeySet& changed) override;

    [[nodiscard]] const detail::CacheSpec& spec() const noexcept { return basis_->spec; }

private:
    void drop(std::string_view key);
    void drop_tagged(std::string_view tag);
    [[nodiscard]] std::optional<Result<detail::RawLookup>> remembered(std::string_view key,
                                                                      const Permission& permission,
                                                                      const Intent& intent,
                                                                      TimePoint began);
    // R10.
    void validate(std::vector<detail::RawRead> reads, const GetOptions& options);
    void read_validated(std::vector<detail::RawRead> reads, Loads::How how);
    void read_missing(std::vector<detail::RawRead> reads, Loads::How how);
    [[nodiscard]] Loads::How how(const GetOptions& options) const;
    void measure_hit(TimePoint began);
    [[nodiscard]] bool rests(std::string_view key, TimePoint now) const;
    void store_offered(const std::string& text, const detail::RawLoaded& loaded, Duration timeout,
                       Completion<Filled> done);

    const std::shared_ptr<CacheBasis> basis_;
    const std::shared_ptr<CacheState> state_;
    const std::shared_ptr<StoreAccess> store_;  // null without the store
    const std::shared_ptr<Loads> loads_;
    const std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();  // offers, validations
    const std::shared_ptr<Refresher> refresher_;                            // null: none
    const std::shared_ptr<WarmingUp> warming_up_;                           // null: none
    const std::shared_ptr<SpotChecks> checks_;                              // null: none
    const std::optional<std::weak_ptr<Publisher>> publisher_;
    const std::weak_ptr<Validator> validator_;
};

}  // namespace tutti
