// Which loads of a key there are, who joins which, and when each has its turn or is given up.
#include <utility>

#include "base/node_thread.hpp"
#include "base/rules.hpp"
#include "load/cache_core.hpp"
#include "load/token.hpp"

namespace tutti {

namespace {

constexpr std::size_t active_max = 2;  // loads of one key

}  // namespace

CacheCore::FlightPointer CacheCore::flight_for(const std::string& text,
                                               const std::shared_ptr<const void>& key,
                                               const Intent& intent, const Permission& permission) {
    if (const auto found = slots_.find(text); found != slots_.end()) {
        const Slot& slot = found->second;
        const bool active =
            !slot.active.empty() && joinable(*slot.active.back(), intent, permission);
        if (active || slot.next) {
            const FlightPointer& joined = active ? slot.active.back() : slot.next;
            if (!joined->reading) joined->intent.also(intent);
            counters_.joined.add();
            return joined;
        }
    }
    if (queue_.full()) return nullptr;
    auto flight = std::make_shared<Flight>();
    flight->text = text;
    flight->key = key;
    flight->intent = intent;
    flight->asked = permission.now;
    Slot& slot = slots_[text];
    if (slot.active.size() < active_max || !kept(Rule::two_loads_of_a_key)) {
        take_off(slot, flight);
    } else {
        slot.next = flight;
    }
    return flight;
}

bool CacheCore::joinable(const Flight& flight, const Intent& intent,
                         const Permission& permission) const {
    if (!flight.reading) return true;
    if (intent.is_refresh() && kept(Rule::refresh_never_joins)) return false;
    // This node does not hear what changes in a store without a bus: a load that has begun may be
    // older.
    const bool told = lease_ ? permission.effective : !store_;
    return (clean(flight) || !kept(Rule::join_only_clean_flights)) &&
           (told || !kept(Rule::join_only_under_lease));
}

bool CacheCore::clean(const Flight& flight) const {
    return !flight.poisoned && flight.generation == generation_.load();
}

void CacheCore::take_off(Slot& slot, const FlightPointer& flight) {
    slot.active.push_back(flight);
    queue_.push(flight);
}

void CacheCore::leave_slot(const FlightPointer& flight) {
    const auto found = slots_.find(flight->text);
    if (found == slots_.end()) return;  // closed meanwhile
    Slot& slot = found->second;
    if (slot.next == flight) {
        slot.next.reset();
        return;
    }
    std::erase(slot.active, flight);
    if (slot.next) take_off(slot, std::exchange(slot.next, nullptr));
    if (slot.active.empty()) slots_.erase(found);
}

void CacheCore::retire(const FlightPointer& flight) {
    flight->landed = true;
    queue_.leave(*flight);
    if (worker_line_) worker_line_->leave(*flight);
    if (flight->reading) queue_.ended();
    leave_slot(flight);
}

void CacheCore::launch() {
    // Loaders run here that do not block, and completions of those that have their answer at once.
    const NodeThreadMark mark;
    launching_.run([this] {
        const FlightPointer flight = begin_next();
        if (flight) run(flight);
        return flight != nullptr;
    });
}

CacheCore::FlightPointer CacheCore::begin_next() {
    const std::lock_guard lock(mutex_);
    const TimePoint now = environment_.clock->now();
    FlightPointer flight = queue_.take(now);
    if (!flight) return nullptr;
    // From here on it reads: what is invalidated after this line poisons it.
    flight->reading = true;
    flight->asks = true;
    flight->generation = generation_.load();
    flight->began = now;
    if (may_use_store(flight->text)) {
        flight->token = random_token(environment_.random);
    } else if (store_) {
        flight->degraded = "the store has not heard of a change yet; the source was asked";
    }
    return flight;
}

// A reader whose deadline has passed. On the executor.
void CacheCore::leave(const FlightPointer& flight, const Waiter& waiter) {
    {
        const std::lock_guard lock(mutex_);
        if (!flight->remove(waiter) || !flight->waiters.empty()) return;
        if (flight->asks || flight->landed) return;
        retire(flight);
    }
    give_up(flight);
}

// It was retired before the source was asked, and no reader waits for it: nothing else changes it
// now.
void CacheCore::give_up(const FlightPointer& flight) {
    environment_.executor->cancel(flight->timer);
    if (flight->claim_timer != Executor::TimerId::none) {
        store_->stop_waiting(flight->text, flight->claim_timer);
    }
    const bool open = phase_.load() == Phase::open;
    if (open && !flight->token.empty()) store_->release(flight->text, flight->token);
    launch();
}

}  // namespace tutti
