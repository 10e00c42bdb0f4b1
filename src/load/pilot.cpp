#include "load/pilot.hpp"

#include <string>
#include <utility>
#include <vector>

#include "load/token.hpp"
#include "load/worker_line.hpp"

namespace tutti {

Pilot::Pilot(std::shared_ptr<Loads> loads, FlightPointer flight)
    : loads_(std::move(loads)),
      flight_(std::move(flight)),
      basis_(*loads_->basis_),
      state_(*loads_->state_) {}

detail::RawLookup Pilot::lookup_of(const detail::RawLoaded& loaded) {
    return {.value = loaded.value,
            .answer = loaded.answer,
            .category = loaded.answer == Answer::negative ? loaded.detail : std::string(),
            .degraded = {}};
}

detail::RawLookup Pilot::lookup_of(const StoreAccess::Decoded& stored, TimePoint now) {
    detail::RawLookup lookup = lookup_of(*stored.value);
    lookup.age = now - stored.stored;
    lookup.tier = Tier::store;
    return lookup;
}

bool Pilot::take_off(std::shared_ptr<Loads> loads) {
    Pilot pilot(std::move(loads), nullptr);
    Next next = Next::nothing;
    Leavings leavings;
    {
        const detail::Lock lock(pilot.state_.mutex);
        const TimePoint now = pilot.basis_.now();
        pilot.flight_ = pilot.state_.flights.take(now);
        if (!pilot.flight_) return false;
        pilot.flight_->former = pilot.state_.shelf.former(pilot.flight_->text, now, leavings);
        next = pilot.begin(now);
    }
    pilot.go(next);
    return true;
}

// The time is taken under the mutex: of two loads the later one has the later time (S10).
Pilot::Next Pilot::begin(TimePoint now) const {
    const bool may_use_store = state_.publications.may_use_store(flight_->text, now);
    flight_->begin(now, state_.flights.generation(),
                   may_use_store ? random_token(basis_.environment.random) : LoadToken());
    flight_->tag_changes = state_.flights.tag_changes();
    if (may_use_store) return to_store();
    if (loads_->store_) {
        flight_->degraded = "the store has not heard of a change yet; the source was asked";
    }
    return to_source(now);
}

void Pilot::go(Next next) const {
    switch (next) {
    case Next::nothing: return;
    case Next::call_loader: return call_loader();
    case Next::launch: return loads_->launch();
    case Next::give_up: return loads_->give_up(*flight_);
    case Next::refuse: return refuse();
    }
}

void Pilot::refuse() const {
    land(fail(Errc::overloaded, "load " + basis_.spec.name,
              "too many of its loads wait for a worker: raise NodeOptions::workers or "
              "worker_queue_max, or lower loads_max"),
         basis_.now());
}

Pilot::Next Pilot::to_store() const {
    state_.to_ask.push_back(flight_);
    return Next::launch;
}

bool Pilot::ask_store(const std::shared_ptr<Loads>& loads, std::size_t at_least) {
    std::vector<FlightPointer> begun;
    std::vector<FlightPointer> ended;  // destroyed after the lock
    {
        const detail::Lock lock(loads->state_->mutex);
        if (loads->state_->to_ask.size() < at_least) return false;
        begun.swap(loads->state_->to_ask);
        std::erase_if(begun, [&](const FlightPointer& flight) {
            if (flight->has_ended()) ended.push_back(flight);
            return flight->has_ended();
        });
    }
    if (begun.empty()) return false;
    std::vector<StoreAccess::Question> questions;
    questions.reserve(begun.size());
    const TimePoint now = loads->basis_->now();
    for (const FlightPointer& flight : begun) {
        questions.push_back(
            {.text = flight->text,
             .token = flight->token,
             .intent = flight->intent,
             .asked = now,
             .done = [pilot = Pilot(loads, flight)](Result<StoreAccess::Decoded> answer) {
                 pilot.store_answered(std::move(answer));
             }});
    }
    loads->store_->fetch(std::move(questions));
    return true;
}

void Pilot::store_answered(Result<StoreAccess::Decoded> answer) const {
    const TimePoint now = basis_.now();
    const auto claim = answer ? answer->claim : Fetched::Claim::none;
    const bool is_last_good = answer && answer->value && claim != Fetched::Claim::none &&
                              answer->value->answer == Answer::found;
    Replaced replaced;  // destroyed after the lock
    std::optional<detail::RawLookup> rested;
    LoadToken token;
    Flight::Readers readers;
    Next next = Next::nothing;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        token = flight_->token;
        if (!answer) flight_->go_alone(answer.error().message());
        if (answer) flight_->unreadable = answer->unreadable;
        if (is_last_good) replaced = note_last_good(*answer, now);
        rested = last_good_at_rest(now);
        if (rested) {
            readers = state_.end(*flight_);
        } else if (!answer) {
            next = to_source(now);
        } else if (claim == Fetched::Claim::ours) {
            flight_->claimed();
            next = to_source(now);
        } else if (claim == Fetched::Claim::theirs) {
            next = await_claim(answer->claim_left, now);
        }
    }
    // Whether the claim was taken is not known, nor when: it must not cover what is loaded from now
    // on.
    if (!answer) loads_->store_->take_back(flight_->text, token, answer.error());
    if (rested) {
        basis_.stale_served(flight_->text);
        if (claim == Fetched::Claim::ours) release(token);
        return tell(readers, *rested, *rested);
    }
    if (answer && claim == Fetched::Claim::none) return take_stored(*std::move(answer));
    go(next);
    if (is_last_good) tell_meanwhile();
}

Pilot::Replaced Pilot::note_last_good(StoreAccess::Decoded& stored, TimePoint now) const {
    std::vector<std::string>& tags = stored.value->tags;
    Replaced replaced{.last_good = std::exchange(flight_->last_good, lookup_of(stored, now)),
                      .tags = std::exchange(flight_->last_good_tags, tags),
                      .former = {}};
    flight_->last_good->freshness = Freshness::stale;
    flight_->last_good_stored = stored.stored;
    if (!flight_->former.value || flight_->former.loaded < stored.stored) {
        replaced.former = std::exchange(
            flight_->former, {flight_->last_good->value, stored.stored, std::move(tags)});
    }
    return replaced;
}

void Pilot::tell_meanwhile() const {
    const Permission permission = state_.front.permission();
    std::optional<detail::RawLookup> good;
    Flight::Readers readers;
    Leavings leavings;
    {
        const detail::Lock lock(loads_->state_->mutex);
        Flights& flights = loads_->state_->flights;
        if (!flights.is_hasty(*flight_, permission.now)) return;
        good = loads_->meanwhile(*flight_, permission, leavings);
        if (good) readers = flights.settle(*flight_, permission.now);
    }
    if (good) loads_->answer(readers, *good, *good);
}

Pilot::Next Pilot::await_claim(Duration claim_left, TimePoint now) const {
    // The claim of one that has died, and of one that has taken over.
    const Duration patience = saturating_multiply(loads_->store_->options().claim_for, 2);
    const auto until = flight_->claimed_elsewhere(now, claim_left, patience);
    state_.flights.leave_batch(*flight_);
    if (!until) return to_source(now);
    if (flight_->readers.empty()) {
        (void)state_.end(*flight_);
        return Next::give_up;
    }
    // Weak: the list of those who wait belongs to this cache.
    const auto again = [weak = std::weak_ptr(loads_), flight = flight_] {
        if (auto loads = weak.lock()) Pilot(std::move(loads), flight).claim_ended();
    };
    flight_->claim_timer = loads_->store_->wait(flight_->text, *until, again);
    return Next::launch;  // the batch that it has left may have waited for it alone
}

void Pilot::claim_ended() const {
    const TimePoint now = basis_.now();
    Next next = Next::nothing;
    bool is_first = false;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        const bool may_use_store = state_.publications.may_use_store(flight_->text, now);
        flight_->claim_ended(may_use_store);
        is_first = may_use_store && state_.to_ask.empty();
        next = may_use_store ? to_store() : to_source(now);
    }
    if (next != Next::launch) return go(next);
    if (is_first) loads_->launch_later();
}

void Pilot::take_stored(StoreAccess::Decoded answer) const {
    basis_.counters.store_hits.add();
    const TimePoint now = basis_.now();
    const detail::RawLookup lookup = lookup_of(answer, now);
    detail::RawLoaded& value = *answer.value;
    value.weight = basis_.user.weight_of(value.value.get());
    const auto& usual = basis_.spec.ttl;
    const auto ttl = usual ? lifetime(value, *usual) : std::nullopt;
    Flight::Readers readers;
    Leavings leavings;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        state_.shelf.wake(flight_->text);
        if (ttl && answer.fresh_until > now) {
            keep({.text = flight_->text,
                  .loaded = value,
                  .began = answer.stored,
                  .began_by = answer.stored_by,
                  .fresh_until = std::min(end_of(*ttl, now), answer.fresh_until)},
                 now, leavings);
        }
        tell_refreshed();
        readers = state_.end(*flight_);
    }
    tell(readers, lookup, lookup);
}

Pilot::Next Pilot::to_source(TimePoint now) const {
    if (flight_->readers.empty()) {
        (void)state_.end(*flight_);
        return Next::give_up;
    }
    const TimePoint deadline = saturating_add(now, basis_.spec.load_deadline);
    state_.flights.set_deadline(*flight_, deadline);
    state_.watch_deadlines();
    flight_->source_asked(now);
    if (flight_->loads_with_batch) {
        state_.flights.reach_source(*flight_);
        return Next::launch;
    }
    if (!basis_.spec.load.blocking) return Next::call_loader;
    const auto call = [loads = loads_] { loads->serve_worker(); };
    const bool waits = state_.line->join({.flight = flight_, .deadline = deadline}, call);
    return waits ? Next::nothing : Next::refuse;
}

// What was invalidated since the flight began, by a tag of its own too, is given to no loader, and
// can be confirmed by none; and neither is what a spot check holds against the loader's answer.
LoadContext Pilot::context(TimePoint deadline) const {
    detail::RawFormer gone;  // destroyed after the lock
    const detail::Lock lock(state_.mutex);
    const bool told =
        state_.flights.may_keep(*flight_, flight_->former.tags) && !flight_->intent.whole;
    if (!told) gone = std::exchange(flight_->former, {});
    return {deadline, *basis_.environment.clock, flight_->former};
}

void Pilot::call_loader() const {
    basis_.counters.loads.add();
    basis_.counters.loaded_keys.add();
    const TimePoint deadline = saturating_add(flight_->source_asked_at, basis_.spec.load_deadline);
    LoadContext told = context(deadline);
    const auto entered = basis_.user.entered(*flight_);
    basis_.spec.load.asynchronous(flight_->key, std::move(told),
                                  [pilot = *this](Result<detail::RawLoaded> loaded) {
                                      pilot.loader_answered(std::move(loaded));
                                  });
}

void Pilot::call_blocking_loader(TimePoint deadline) const {
    basis_.counters.loads.add();
    basis_.counters.loaded_keys.add();
    LoadContext told = context(deadline);
    loader_answered([&] {
        const auto entered = basis_.user.entered(*flight_);
        return basis_.spec.load.blocking(flight_->key.get(), told);
    }());
}

void Pilot::loader_answered(Result<detail::RawLoaded> loaded) const {
    const TimePoint now = basis_.now();
    basis_.counters.load_times.add(now - flight_->source_asked_at);
    land(std::move(loaded), now);
}

void Pilot::fail_with(const Error& error, const Answered& strict, Late is_late) const {
    const detail::CacheSpec& spec = basis_.spec;
    const bool passing = spec.stale_if_error && (strict || basis_.user.transient(error));
    const Permission permission = passing ? state_.front.permission() : Permission{};
    LoadToken claim;
    Answered lenient = strict;
    Flight::Readers readers;
    Leavings leavings;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        claim = flight_->token;
        if (passing) {
            auto good = state_.shelf.last_known_good(
                flight_->text, permission, state_.flights.last_good(*flight_, permission.now),
                error, leavings);
            if (good) lenient = *std::move(good);
        }
        readers = state_.end(*flight_);
    }
    basis_.counters.load_failures.add();
    if (is_late == Late::yes) basis_.counters.load_timeouts.add();
    if (basis_.tells(CacheEvent::Kind::load_failed)) {
        basis_.events->tell({.cache = {},
                             .kind = CacheEvent::Kind::load_failed,
                             .key = flight_->text,
                             .error = error});
    }
    if (flight_->intent.is_refresh()) basis_.counters.refresh_failures.add();
    release(claim);
    tell(readers, strict, lenient);
}

void Pilot::abandon() const {
    const char* const why = [&] {
        const detail::Lock lock(state_.mutex);
        if (flight_->state() != Flight::State::awaiting_worker)
            return "the loader did not finish within its load_deadline";
        return flight_->batch
                   ? "load_many was not called for it within its load_deadline: no worker was "
                     "free, or the calls for the keys before it took too long; raise "
                     "load_deadline, load_many_keys_max or NodeOptions::workers"
                   : "no worker was free within its load_deadline: its other loads occupy those it "
                     "may have; raise NodeOptions::workers, or lower loads_max";
    }();
    const Error late{Errc::timeout, "load " + basis_.spec.name, why};
    fail_with(late, fail(late), Late::yes);
}

std::optional<detail::RawLookup> Pilot::last_good_at_rest(TimePoint now) const {
    const bool at_rest = !flight_->intent.wants_news() && state_.shelf.rests(flight_->text, now);
    if (!at_rest) return std::nullopt;
    auto found = state_.flights.last_good(*flight_, now);
    if (found) found->degraded = source_failed_reason;
    return found;
}

void Pilot::tell(const Flight::Readers& readers, const Answered& strict,
                 const Answered& lenient) const {
    loads_->answer(readers, strict, lenient);
    loads_->launch();
}

void Pilot::tell_refreshed() const {
    if (!flight_->intent.is_refresh()) return;
    basis_.tell(CacheEvent::Kind::refreshed, flight_->text);
}

void Pilot::release(const LoadToken& claim) const {
    if (!claim.empty()) loads_->store_->release(flight_->text, claim);
}

}  // namespace tutti
