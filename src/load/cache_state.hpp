// What of one cache changes, and the one mutex under which it does. "Poisoned? generation? insert"
// and "remove and poison" are one step each with respect to the other (R3), and so are the end of
// memory's generation and of the flights' (R2).
//
// Lock order: mutex -> the memory tier's own, and the executor's and the workers'. No user code
// runs under it: values are weighed before, and keys, values and completions leave under it and are
// destroyed after it (`Leavings`).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/store_gate.hpp"
#include "load/alarm.hpp"
#include "load/cache_basis.hpp"
#include "load/flight.hpp"
#include "load/flights.hpp"
#include "load/leavings.hpp"
#include "load/own_publications.hpp"
#include "load/shelf.hpp"
#include "load/shelf_front.hpp"
#include "load/spot_samples.hpp"
#include "load/worker_line.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

struct CacheState {
    CacheState(const std::shared_ptr<CacheBasis>& basis, std::shared_ptr<const StoreGate> gate)
        : front(basis),
          shelf(basis, front),
          flights(
              {.running_max = basis->spec.loads_max, .waiting_max = basis->spec.loads_queued_max}),
          publications(
              basis->spec.store ? std::move(gate) : nullptr,
              basis->spec.tagged ? OwnPublications::Tags::some : OwnPublications::Tags::none),
          alarm(*basis->environment.executor),
          samples(basis->counters.checked_overtaken),
          samples_alarm(*basis->environment.executor) {
        if (!basis->spec.load.blocking && !basis->spec.load_many) return;
        line.emplace(*basis->environment.workers, basis->spec.name, basis->spec.loads_max);
    }

    // Removes it and poisons its loads.
    void forget(const std::string& text, Leavings& leavings) TUTTI_REQUIRES(mutex) {
        shelf.remove(text, leavings);
        flights.poison(text);
        samples.overtake(text);
    }
    // The same of what carries the tag.
    void forget_tagged(const std::string& tag, Leavings& leavings) TUTTI_REQUIRES(mutex) {
        shelf.remove_tagged(tag, leavings);
        flights.poison_tag(tag);
        samples.overtake_tag(tag);
    }
    // The same of everything. Returns what there is to sweep.
    [[nodiscard]] Dropped drop() TUTTI_REQUIRES(mutex) {
        flights.poison_all();
        samples.overtake_all();
        return shelf.drop();
    }
    // After a sample was found to differ, or when the alarm of the samples has rung.
    void watch_samples() TUTTI_REQUIRES(mutex) { samples_alarm.set(samples.earliest_end()); }
    // As Flights::end.
    [[nodiscard]] Flight::Readers end(Flight& flight) TUTTI_REQUIRES(mutex) {
        if (line) line->leave(flight);
        return flights.end(flight);
    }
    // After a deadline was set.
    void watch_deadlines() TUTTI_REQUIRES(mutex) { alarm.set(flights.earliest_deadline()); }

    const ShelfFront front;
    mutable detail::Mutex mutex;
    Shelf shelf TUTTI_GUARDED_BY(mutex);
    Flights flights TUTTI_GUARDED_BY(mutex);
    OwnPublications publications TUTTI_GUARDED_BY(mutex);
    std::optional<WorkerLine> line TUTTI_GUARDED_BY(mutex);  // for a loader that blocks
    Alarm alarm TUTTI_GUARDED_BY(mutex);                     // of the flights' deadlines
    // What has begun and asks the store first: `Loads::launch` does that, for all at once.
    std::vector<FlightPointer> to_ask TUTTI_GUARDED_BY(mutex);
    SpotSamples samples TUTTI_GUARDED_BY(mutex);
    Alarm samples_alarm TUTTI_GUARDED_BY(mutex);  // of their ends
};

}  // namespace tutti
