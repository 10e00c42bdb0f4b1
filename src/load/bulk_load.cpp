#include "load/bulk_load.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "load/cache_basis.hpp"
#include "load/cache_state.hpp"
#include "load/pilot.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/lookup.hpp"

namespace tutti {

bool BulkLoad::take_off(const std::shared_ptr<Loads>& loads) {
    std::shared_ptr<Batch> batch;
    {
        const detail::Lock lock(loads->state_->mutex);
        batch = loads->state_->flights.take_batch();
    }
    if (!batch) return false;
    BulkLoad(loads, std::move(batch)).post();
    return true;
}

void BulkLoad::post() const {
    CacheState& state = *loads_->state_;
    const bool posted = [&] {
        const detail::Lock lock(state.mutex);
        return batch_->at_source.empty() || state.line->try_post([load = *this] { load.call(); });
    }();
    if (posted) return;
    for (const FlightPointer& flight : take(std::numeric_limits<std::size_t>::max()).flights)
        Pilot(loads_, flight).refuse();
}

void BulkLoad::call() const {
    const CacheBasis& basis = *loads_->basis_;
    const auto [flights, until] = take(basis.spec.load_many_keys_max);
    if (flights.empty()) return;
    std::vector<detail::RawKey> keys;
    keys.reserve(flights.size());
    for (const FlightPointer& flight : flights)
        keys.push_back({.text = flight->text, .typed = flight->key.get()});
    LoadContext context(until, *basis.environment.clock);
    loads_->basis_->counters.loads.add();
    loads_->basis_->counters.loaded_keys.add(flights.size());
    const TimePoint began = basis.now();
    auto answers = [&] {
        const auto entered = basis.user.entered(*flights.front());
        return basis.spec.load_many(keys, context);
    }();
    const TimePoint ended = basis.now();
    loads_->basis_->counters.load_times.add(ended - began);
    std::vector<Pilot::Storing> storing;
    for (std::size_t i = 0; i < flights.size(); ++i) {
        Pilot(loads_, flights[i])
            .land(answers ? std::move((*answers)[i]) : fail(answers.error()), ended, storing);
        if (storing.size() == Pilot::together) Pilot::store(loads_, std::exchange(storing, {}));
    }
    Pilot::store(loads_, std::move(storing));
    post();
}

BulkLoad::Taken BulkLoad::take(std::size_t count) const {
    const CacheBasis& basis = *loads_->basis_;
    const TimePoint now = basis.now();
    Taken taken;
    std::vector<FlightPointer> gone;  // destroyed after the lock
    const detail::Lock lock(loads_->state_->mutex);
    auto& waiting = batch_->at_source;
    while (!waiting.empty() && taken.flights.size() < count) {
        FlightPointer flight = std::move(waiting.front());
        waiting.pop_front();
        if (flight->has_ended()) {
            gone.push_back(std::move(flight));
            continue;
        }
        const TimePoint end = saturating_add(flight->source_asked_at, basis.spec.load_deadline);
        taken.until = std::max(taken.until, end);
        flight->worker_came(now);
        taken.flights.push_back(std::move(flight));
    }
    return taken;
}

}  // namespace tutti
