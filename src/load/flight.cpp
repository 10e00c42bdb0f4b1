// How a flight goes: the store, the source, and where its value lands.
#include <algorithm>
#include <utility>

#include "base/rules.hpp"
#include "load/cache_core.hpp"

namespace tutti {

namespace {

constexpr Duration wait_least = std::chrono::milliseconds{1};

Ttl shorter(const Ttl& left, const Ttl& right) {
    if (left.is_never()) return right;
    if (right.is_never()) return left;
    return left.lifetime() < right.lifetime() ? left : right;
}

}  // namespace

void CacheCore::run(const FlightPointer& flight) {
    if (flight->token.empty()) {
        ask_source(flight);
    } else {
        ask_store(flight);
    }
}

void CacheCore::ask_store(const FlightPointer& flight) {
    store_->fetch(flight->text, flight->token, flight->intent,
                  [self = shared_from_this(), flight](Result<StoreAccess::Decoded> answer) {
                      self->store_answered(flight, std::move(answer));
                  });
}

void CacheCore::store_answered(const FlightPointer& flight, Result<StoreAccess::Decoded> answer) {
    std::optional<detail::RawLookup> former;  // destroyed after the lock
    std::optional<detail::RawLookup> rested;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed || phase_.load() == Phase::closed) return;
        if (!kept(Rule::flight_covers_store_read)) {
            flight->poisoned = false;
            flight->generation = generation_.load();
        }
        if (answer) flight->unreadable = answer->unreadable;
        if (!answer) {
            // Whether the claim was taken is not known, nor when: it must not cover what is loaded
            // from now on.
            flight->degraded = answer.error().message();
            store_->take_back(flight->text, flight->token, answer.error());
            if (kept(Rule::claim_before_load)) flight->token.clear();
        } else if (answer->value && answer->claim != Fetched::Claim::none &&
                   answer->value->answer == Answer::found) {
            former = std::exchange(flight->last_good, lookup_of(*answer->value));
            flight->last_good->age = answer->age;
            flight->last_good->tier = Tier::store;
            flight->last_good->freshness = Freshness::stale;
        }
        rested = last_good_at_rest(*flight);
    }
    if (rested) {
        counters_.stale_served.add();
        if (answer->claim == Fetched::Claim::ours) store_->release(flight->text, flight->token);
        finish(flight, *rested, *rested);
        return;
    }
    if (!answer || answer->claim == Fetched::Claim::ours) return ask_source(flight);
    if (answer->claim == Fetched::Claim::theirs) return wait_for_claim(flight, answer->claim_left);
    take_stored(flight, *std::move(answer));
}

void CacheCore::take_stored(const FlightPointer& flight, StoreAccess::Decoded answer) {
    counters_.store_hits.add();
    detail::RawLookup lookup = lookup_of(*answer.value);
    lookup.age = answer.age;
    lookup.tier = Tier::store;
    answer.value->weight = weight_of(answer.value->value.get());
    Leavings leavings;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        retry_at_.erase(flight->text);
        const auto usual = spec_.ttl ? lifetime(*answer.value, *spec_.ttl) : std::nullopt;
        if (usual && answer.fresh > Duration::zero()) {
            const TimePoint began = environment_.clock->now() - answer.age;
            fill(*flight, *answer.value, began, shorter(*usual, answer.fresh), leavings);
        }
    }
    finish(flight, lookup, lookup);
}

void CacheCore::wait_for_claim(const FlightPointer& flight, Duration claim_left) {
    const TimePoint now = environment_.clock->now();
    if (flight->claim_wait_ends == TimePoint{}) {
        // The claim of one that has died, and of one that has taken over.
        flight->claim_wait_ends =
            saturating_add(now, saturating_multiply(store_->options().claim_for, 2));
    }
    if (now >= flight->claim_wait_ends) {
        flight->degraded = "another instance has not finished its load; the source was asked";
        flight->token.clear();
        return ask_source(flight);
    }
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed || phase_.load() == Phase::closed) return;
        if (!flight->waiters.empty()) {
            const TimePoint until = std::min(saturating_add(now, std::max(claim_left, wait_least)),
                                             flight->claim_wait_ends);
            flight->asks = false;
            // Weak: the list of those who wait belongs to this cache.
            flight->claim_timer =
                store_->wait(flight->text, until, [weak = weak_from_this(), flight] {
                    if (const auto self = weak.lock()) self->claim_ended(flight);
                });
            return;
        }
        retire(flight);
    }
    give_up(flight);
}

void CacheCore::claim_ended(const FlightPointer& flight) {
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        flight->asks = true;
        flight->claim_timer = Executor::TimerId::none;
        if (!may_use_store(flight->text)) flight->token.clear();
    }
    run(flight);
}

void CacheCore::ask_source(const FlightPointer& flight) {
    const TimePoint deadline = saturating_add(environment_.clock->now(), spec_.load_deadline);
    const LoadContext context(deadline, *environment_.clock);
    bool wanted = true;
    bool waits = true;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed || phase_.load() == Phase::closed) return;
        wanted = !flight->waiters.empty();
        if (wanted) {
            flight->timer = environment_.executor->run_at(
                deadline, [self = shared_from_this(), flight] { self->abandon(flight); });
            if (worker_line_) waits = await_worker(flight, context);
        } else {
            retire(flight);
        }
    }
    if (!wanted) return give_up(flight);
    if (!worker_line_) {
        counters_.loads.add();
        return spec_.load.asynchronous(
            flight->key, context,
            [self = shared_from_this(), flight](Result<detail::RawLoaded> loaded) {
                self->land(flight, std::move(loaded));
            });
    }
    if (!waits) {
        land(flight, fail(Errc::overloaded, "load " + spec_.name,
                          "too many of its loads wait for a worker: raise NodeOptions::workers or "
                          "worker_queue_max, or lower loads_max"));
    }
}

// Requires mutex_. False: too many wait.
bool CacheCore::await_worker(const FlightPointer& flight, const LoadContext& context) {
    const auto call = [self = shared_from_this()] { self->serve_next(); };
    flight->asks = !worker_line_->join({.flight = flight, .context = context}, call);
    return !flight->asks;
}

void CacheCore::serve_next() {
    std::optional<WorkerLine::Waiting> next;
    {
        const std::lock_guard lock(mutex_);
        next = worker_line_->next();
        if (!next) return;
        next->flight->asks = true;
    }
    counters_.loads.add();
    land(next->flight, spec_.load.blocking(next->flight->key.get(), next->context));
}

void CacheCore::land(const FlightPointer& flight, Result<detail::RawLoaded> loaded) {
    const std::string operation = "load " + spec_.name;
    if (!loaded) {
        auto error = std::move(loaded).error();
        error.operation = operation;
        return fail_flight(flight, error, fail(error));
    }
    if (loaded->answer == Answer::unknown || loaded->guessed) {
        detail::RawLookup unknown = lookup_of(*loaded);
        unknown.degraded = loaded->detail;
        const Error error{Errc::unavailable, operation, loaded->detail};
        return fail_flight(flight, error, unknown);
    }
    if (loaded->value) {
        if (const auto good = admitted(loaded->value.get()); !good) {
            const Error error{Errc::load_failed, operation, good.error().cause};
            return fail_flight(flight, error, fail(error));
        }
    }
    loaded->weight = weight_of(loaded->value.get());
    settle(flight, *loaded);
}

// The flight goes on until the store has answered, because memory may keep the value only when the
// claim has stood. Readers of a cache with a bus have their answer when the store was asked; those
// of a shared cache when the store has it too: what one instance has read the others can read.
void CacheCore::settle(const FlightPointer& flight, const detail::RawLoaded& loaded) {
    detail::RawLookup lookup = lookup_of(loaded);
    LoadToken token;
    std::optional<Ttl> store_ttl;
    std::vector<std::shared_ptr<Waiter>> waiting;
    Leavings leavings;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        retry_at_.erase(flight->text);
        lookup.degraded = flight->degraded;
        if (phase_.load() == Phase::open) token = flight->token;
        if (!token.empty() && clean(*flight) && store_->holds(loaded)) {
            store_ttl = lifetime(loaded, *spec_.store->ttl);
        }
        if (store_ttl) {
            if (lease_) waiting = std::exchange(flight->waiters, {});
            environment_.executor->cancel(flight->timer);
        } else if (const auto ttl = spec_.ttl ? lifetime(loaded, *spec_.ttl) : std::nullopt) {
            fill(*flight, loaded, flight->began, *ttl, leavings);
        }
    }
    if (!store_ttl) {
        if (!token.empty()) store_->release(flight->text, token);
        finish(flight, lookup, lookup);
        return;
    }
    const Duration fresh_for = (store_ttl->is_never() ? *spec_.store->ttl : *store_ttl).lifetime();
    store_->fill(flight->text, {.token = std::move(token), .over_unreadable = flight->unreadable},
                 loaded, fresh_for,
                 [self = shared_from_this(), flight, loaded](const Result<Filled>& filled) {
                     self->store_filled(flight, loaded, filled);
                 });
    // Last: a reader may end the node, and then the claim would stand for others to wait for.
    answer(waiting, lookup, lookup);
}

void CacheCore::store_filled(const FlightPointer& flight, const detail::RawLoaded& loaded,
                             const Result<Filled>& filled) {
    const bool lost = filled && *filled == Filled::claim_lost;
    const bool better = filled && *filled == Filled::kept_better;
    Leavings leavings;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        if (lost) counters_.poisoned.add();
        if (better && memory_) memory_->erase(flight->text, leavings.entries);
        const auto ttl = spec_.ttl ? lifetime(loaded, *spec_.ttl) : std::nullopt;
        const bool keep = !better && (!lost || !kept(Rule::lost_claim_fills_nothing));
        if (ttl && keep) fill(*flight, loaded, flight->began, *ttl, leavings);
    }
    detail::RawLookup lookup = lookup_of(loaded);
    if (!filled) lookup.degraded = filled.error().message();
    finish(flight, lookup, lookup);
}

// `otherwise` is for readers when there is no last known good; a refresh gets it in any case.
void CacheCore::fail_flight(const FlightPointer& flight, const Error& error,
                            const Answered& otherwise) {
    const bool unknown = otherwise.has_value();
    const bool passing = spec_.stale_if_error && (unknown || transient(error));
    LoadToken token;
    Answered lenient = otherwise;
    Leavings leavings;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return;
        if (phase_.load() == Phase::open) token = flight->token;
        if (passing) {
            if (auto good = last_known_good(*flight, error, leavings)) lenient = *std::move(good);
        }
    }
    counters_.load_failures.add();
    if (flight->intent.is_refresh()) counters_.refresh_failures.add();
    if (!token.empty()) store_->release(flight->text, token);
    finish(flight, otherwise, lenient);
}

void CacheCore::abandon(const FlightPointer& flight) {
    const bool began = [&] {
        const std::lock_guard lock(mutex_);
        return !flight->awaits_worker;
    }();
    const Error late{Errc::timeout, "load " + spec_.name,
                     began ? "the loader did not finish within its load_deadline"
                           : "no worker was free within its load_deadline: its other loads occupy "
                             "those it may have; raise NodeOptions::workers, or lower loads_max"};
    fail_flight(flight, late, fail(late));
}

bool CacheCore::finish(const FlightPointer& flight, const Answered& strict,
                       const Answered& lenient) {
    std::vector<std::shared_ptr<Waiter>> waiting;
    {
        const std::lock_guard lock(mutex_);
        if (flight->landed) return false;
        retire(flight);
        waiting = std::move(flight->waiters);
    }
    environment_.executor->cancel(flight->timer);
    answer(waiting, strict, lenient);
    launch();
    return true;
}

void CacheCore::answer(const std::vector<std::shared_ptr<Waiter>>& waiting, const Answered& strict,
                       const Answered& lenient) {
    for (const auto& waiter : waiting) {
        environment_.executor->cancel(waiter->timer);
        waiter->answer(waiter->wants() == Intent::Kind::refresh ? strict : lenient);
    }
}

Result<void> CacheCore::admitted(const void* value) {
    if (!spec_.admit) return {};
    const auto good = detail::guarded({.name = "admit"}, [&] { return spec_.admit(value); });
    if (good && *good) return {};
    counters_.refused.add();
    if (good) return fail(Errc::refused, {}, "admit refused the value");
    tell("admit", good.error());
    return fail(good.error());
}

bool CacheCore::transient(const Error& error) const {
    const auto& classify = spec_.stale_if_error->transient;
    if (!classify) return error.retryable();
    return guarded_or("stale_if_error.transient", false, [&] { return classify(error); });
}

// How long a tier with this usual TTL keeps the answer; nullopt: not at all.
std::optional<Ttl> CacheCore::lifetime(const detail::RawLoaded& loaded, const Ttl& usual) const {
    if (!loaded.cacheable) return std::nullopt;
    std::optional<Ttl> ttl = usual;
    if (loaded.answer == Answer::absent) ttl = spec_.absent_ttl.value_or(usual);
    if (loaded.answer == Answer::unknown) return std::nullopt;
    if (loaded.answer == Answer::negative) {
        if (!spec_.negative) return std::nullopt;
        const auto& categories = spec_.negative->categories;
        const auto found = categories.find(loaded.detail);
        ttl = found != categories.end() ? std::optional(found->second) : spec_.negative->otherwise;
    }
    if (loaded.ttl) ttl = *loaded.ttl;
    if (!ttl || !ttl->valid()) return std::nullopt;
    if (loaded.answer == Answer::negative) return shorter(*ttl, *spec_.negative->ceiling);
    return ttl;
}

detail::RawLookup CacheCore::lookup_of(const detail::RawLoaded& loaded) const {
    return {.value = loaded.value,
            .answer = loaded.answer,
            .category = loaded.answer == Answer::negative ? loaded.detail : std::string(),
            .degraded = {}};
}

}  // namespace tutti
