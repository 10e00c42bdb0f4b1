#include "load/cache_core.hpp"

#include <algorithm>
#include <utility>

#include "base/rules.hpp"

namespace tutti {

namespace {

// What the bookkeeping of one entry costs beside its key and value, when the bound is in bytes.
constexpr std::size_t entry_overhead_bytes = 160;
constexpr std::size_t active_max = 2;  // loads of one key

}  // namespace

CacheCore::CacheCore(detail::CacheSpec spec, LoadEnvironment environment,
                     std::shared_ptr<const Lease> lease, Publish publish)
    : spec_(std::move(spec)),
      environment_(std::move(environment)),
      lease_(std::move(lease)),
      publish_(std::move(publish)),
      memory_(memory_options(spec_, *environment_.clock)) {}

MemoryCache<std::string, CacheCore::Stored>::Options CacheCore::memory_options(
    const detail::CacheSpec& spec, const Clock& clock) {
    MemoryCache<std::string, Stored>::Options options{
        .ttl = *spec.ttl, .bound = *spec.bound, .clock = &clock};
    if (spec.bound->unit() == Bound::Unit::bytes) {
        options.weigher = [weigh = spec.weigh](const std::string& key, const Stored& stored) {
            return entry_overhead_bytes + key.size() +
                   (stored.value ? weigh(stored.value.get()) : 0);
        };
    }
    return options;
}

void CacheCore::open() { phase_.store(Phase::open); }

void CacheCore::close() {
    std::vector<std::shared_ptr<Waiter>> waiting;
    {
        const std::lock_guard lock(mutex_);
        phase_.store(Phase::closed);
        generation_.fetch_add(1);
        const auto collect = [&](const FlightPointer& flight) {
            if (!flight) return;  // no next one
            std::ranges::move(flight->waiters, std::back_inserter(waiting));
            flight->waiters.clear();
            environment_.executor->cancel(flight->timer);
        };
        for (auto& [text, slot] : slots_) {
            std::ranges::for_each(slot.active, collect);
            collect(slot.next);
        }
        for (const auto& flight : taking_off_) flight->landed = true;
        taking_off_.clear();
        slots_.clear();
    }
    for (const auto& waiter : waiting) {
        environment_.executor->cancel(waiter->timer);
        waiter->answer(fail(Errc::stopped, "get " + spec_.name, "the node was stopped"));
    }
}

CacheCore::Permission CacheCore::permission() const {
    if (!lease_) return {.effective = true, .suspect = false, .now = environment_.clock->now()};
    const TimePoint end = lease_->end();
    const TimePoint now = environment_.clock->now();
    if (now < end || !kept(Rule::serve_only_under_lease)) {
        return {.effective = true, .suspect = false, .now = now};
    }
    const bool suspect =
        spec_.on_suspect.kind() == OnSuspect::Kind::serve_up_to &&
        (now - lease_->since() <= spec_.on_suspect.age() || !kept(Rule::suspect_within_age));
    return {.effective = false, .suspect = suspect, .now = now};
}

std::string CacheCore::degraded_reason(const Permission& permission) const {
    if (permission.effective) return {};
    const auto late =
        std::chrono::duration_cast<std::chrono::milliseconds>(permission.now - lease_->since());
    return "the bus has not confirmed freshness for " + std::to_string(late.count()) + " ms";
}

std::optional<detail::RawLookup> CacheCore::look_up(std::string_view key,
                                                    const Permission& permission) {
    if (!permission.effective && !permission.suspect) return std::nullopt;
    auto found = memory_.find(key);
    if (!found) return std::nullopt;
    const bool current = found->value.generation == generation_.load();
    if (!current && kept(Rule::lookup_checks_generation)) return std::nullopt;
    return detail::RawLookup{
        .value = std::move(found->value.value),
        .age = permission.now - found->value.loaded,
        .tier = Tier::memory,
        .freshness = permission.effective ? Freshness::fresh : Freshness::suspect,
        .degraded = degraded_reason(permission),
    };
}

std::optional<Result<detail::RawLookup>> CacheCore::hit(std::string_view key) {
    const Phase phase = phase_.load(std::memory_order_acquire);
    if (phase != Phase::open) {
        const bool closed = phase == Phase::closed;
        return fail(closed ? Errc::stopped : Errc::not_started, "get " + spec_.name,
                    closed ? "the node was stopped" : "call Node::start first");
    }
    const Permission permission = this->permission();
    if (!permission.effective) {
        counters_.suspect_reads.add();
        if (spec_.on_suspect.kind() == OnSuspect::Kind::fail) {
            return fail(Errc::suspect, "get " + spec_.name, degraded_reason(permission));
        }
    }
    auto found = look_up(key, permission);
    if (!found) return std::nullopt;
    counters_.hits.add();
    return Result<detail::RawLookup>(*std::move(found));
}

void CacheCore::load(std::string text, std::shared_ptr<const void> key, Duration timeout,
                     Completion<detail::RawLookup> done) {
    counters_.misses.add();
    const Permission permission = this->permission();
    auto waiter = std::make_shared<Waiter>(std::move(done), degraded_reason(permission));
    std::optional<Result<detail::RawLookup>> answer;
    {
        const std::lock_guard lock(mutex_);
        // A flight may have landed between the reader's look and this one.
        if (auto found = look_up(text, permission)) {
            answer.emplace(*std::move(found));
        } else if (phase_.load() != Phase::open) {
            answer.emplace(fail(Errc::stopped, "get " + spec_.name, "the node was stopped"));
        } else {
            waiter->timer = environment_.executor->run_at(
                permission.now + timeout, [waiter, name = spec_.name] {
                    waiter->answer(fail(Errc::timeout, "get " + name,
                                        "the load was not done within the read's deadline"));
                });
            flight_for(text, std::move(key), permission)->waiters.push_back(waiter);
        }
    }
    if (answer) {
        waiter->answer(*std::move(answer));
    } else {
        launch();
    }
}

CacheCore::FlightPointer CacheCore::flight_for(const std::string& text,
                                               std::shared_ptr<const void> key,
                                               const Permission& permission) {
    Slot& slot = slots_[text];
    if (!slot.active.empty() && joinable(*slot.active.back(), permission)) {
        counters_.joined.add();
        return slot.active.back();
    }
    if (slot.next) {
        counters_.joined.add();
        return slot.next;
    }
    auto flight = std::make_shared<Flight>();
    flight->text = text;
    flight->key = std::move(key);
    if (slot.active.size() < active_max || !kept(Rule::two_loads_of_a_key)) {
        take_off(slot, flight);
    } else {
        slot.next = flight;
    }
    return flight;
}

bool CacheCore::joinable(const Flight& flight, const Permission& permission) const {
    if (!flight.reading) return true;
    const bool clean = !flight.poisoned && flight.generation == generation_.load();
    return (clean || !kept(Rule::join_only_clean_flights)) &&
           (permission.effective || !kept(Rule::join_only_under_lease));
}

void CacheCore::take_off(Slot& slot, const FlightPointer& flight) {
    slot.active.push_back(flight);
    taking_off_.push_back(flight);
}

void CacheCore::launch() {
    for (;;) {
        FlightPointer flight;
        {
            const std::lock_guard lock(mutex_);
            if (taking_off_.empty() || running_ >= spec_.loads_max) return;
            flight = std::move(taking_off_.front());
            taking_off_.pop_front();
            ++running_;
            // From here on it reads: what is invalidated after this line poisons it.
            flight->reading = true;
            flight->generation = generation_.load();
            flight->began = environment_.clock->now();
            flight->timer = environment_.executor->run_at(
                flight->began + spec_.load_deadline,
                [self = shared_from_this(), flight] { self->abandon(flight); });
        }
        counters_.loads.add();
        run(flight);
    }
}

void CacheCore::run(const FlightPointer& flight) {
    const LoadContext context(flight->began + spec_.load_deadline, *environment_.clock);
    if (spec_.load.asynchronous) {
        spec_.load.asynchronous(
            flight->key, context,
            [self = shared_from_this(), flight](Result<detail::RawLoaded> loaded) {
                self->land(flight, std::move(loaded));
            });
    } else {
        run_blocking(flight, context);
    }
}

void CacheCore::run_blocking(const FlightPointer& flight, LoadContext context) {
    const bool taken =
        environment_.workers->try_post([self = shared_from_this(), flight, context]() mutable {
            self->land(flight, self->spec_.load.blocking(flight->key.get(), context));
        });
    if (taken) return;
    land(flight, fail(Errc::overloaded, "load " + spec_.name,
                      "every worker is busy and the queue is full: raise NodeOptions::workers or "
                      "worker_queue_max, or lower loads_max"));
}

void CacheCore::land(const FlightPointer& flight, Result<detail::RawLoaded> loaded) {
    if (!loaded) {
        counters_.load_failures.add();
        auto error = std::move(loaded).error();
        error.operation = "load " + spec_.name;
        finish(flight, fail(std::move(error)));
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        fill(*flight, *loaded);
    }
    finish(flight, detail::RawLookup{.value = loaded->value, .degraded = {}});
}

void CacheCore::fill(const Flight& flight, const detail::RawLoaded& loaded) {
    if (phase_.load() == Phase::closed || !loaded.cacheable) return;
    const std::uint64_t generation =
        kept(Rule::capture_generation_first) ? flight.generation : generation_.load();
    const bool current = generation == generation_.load();
    if ((flight.poisoned && kept(Rule::poisoned_fill_nothing)) ||
        (!current && kept(Rule::fill_checks_generation))) {
        counters_.poisoned.add();
        return;
    }
    const Ttl usual = loaded.value ? *spec_.ttl : spec_.absent_ttl.value_or(*spec_.ttl);
    const Ttl ttl = loaded.ttl.value_or(usual);
    if (!ttl.valid()) return;
    memory_.put(flight.text, {loaded.value, generation, flight.began}, ttl);
}

void CacheCore::abandon(const FlightPointer& flight) {
    const bool late = finish(flight, fail(Errc::timeout, "load " + spec_.name,
                                          "the loader did not finish within its load_deadline"));
    if (late) counters_.load_failures.add();
}

bool CacheCore::finish(const FlightPointer& flight, const Result<detail::RawLookup>& answer) {
    std::vector<std::shared_ptr<Waiter>> waiting;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(flight->landed, true)) return false;
        --running_;
        leave_slot(flight);
        waiting = std::move(flight->waiters);
    }
    environment_.executor->cancel(flight->timer);
    for (const auto& waiter : waiting) {
        environment_.executor->cancel(waiter->timer);
        waiter->answer(answer);
    }
    launch();
    return true;
}

void CacheCore::leave_slot(const FlightPointer& flight) {
    const auto found = slots_.find(flight->text);
    if (found == slots_.end()) return;  // closed meanwhile
    Slot& slot = found->second;
    std::erase(slot.active, flight);
    if (slot.next) take_off(slot, std::exchange(slot.next, nullptr));
    if (slot.active.empty()) slots_.erase(found);
}

void CacheCore::remove(std::string_view key) {
    const std::lock_guard lock(mutex_);
    counters_.invalidations.add();
    memory_.erase(key);
    const auto found = slots_.find(std::string(key));
    if (found == slots_.end() || !kept(Rule::poison_running_flights)) return;
    for (const auto& flight : found->second.active) flight->poisoned |= flight->reading;
}

void CacheCore::flush() {
    const std::lock_guard lock(mutex_);
    counters_.flushes.add();
    generation_.fetch_add(1);
}

void CacheCore::invalidate(std::optional<std::string> key, InvalidateOptions options,
                           std::move_only_function<void(Invalidation)> done) {
    if (kept(Rule::own_removal_first)) {
        if (key) {
            remove(*key);
        } else {
            flush();
        }
    }
    if (publish_) return publish_(std::move(key), options, std::move(done));
    done({.outcome = Invalidation::Outcome::done, .position = {}, .reason = {}});
}

CacheCounters CacheCore::counters() const {
    CacheCounters snapshot = counters_.snapshot();
    snapshot.entries = memory_.size();
    snapshot.evictions = memory_.evictions();
    return snapshot;
}

}  // namespace tutti
