// Where the value of a load lands: whether the answer of the source is one, the store under the
// claim, memory, the readers.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "load/pilot.hpp"
#include "tutti/detail/spec.hpp"

namespace tutti {

namespace {

std::optional<Error> wrong_with_tags(const detail::RawLoaded& loaded,
                                     const detail::CacheSpec& spec) {
    const auto wrong = [](std::string why) { return Error{Errc::load_failed, {}, std::move(why)}; };
    if (loaded.tags.empty()) return std::nullopt;
    if (!spec.tagged)
        return wrong(
            "the loader has given its answer a tag, and the cache is not declared "
            "`tagged`: no invalidation of the tag would reach it");
    const std::size_t tags_max = spec.tagged->tags_max;
    if (loaded.tags.size() > tags_max)
        return wrong("the loader has given its answer " + std::to_string(loaded.tags.size()) +
                     " tags, allowed are " + std::to_string(tags_max) + ": raise tagged.tags_max");
    if (std::ranges::all_of(loaded.tags, is_tag)) return std::nullopt;
    return wrong("a tag must have 1 to " + std::to_string(tag_bytes_max) + " bytes");
}

}  // namespace

void Pilot::land(Result<detail::RawLoaded> loaded, TimePoint now) const {
    std::vector<Storing> storing;
    land(std::move(loaded), now, storing);
    store(loads_, std::move(storing));
}

void Pilot::land(Result<detail::RawLoaded> loaded, TimePoint now,
                 std::vector<Storing>& storing) const {
    const auto operation = [&] { return "load " + basis_.spec.name; };
    if (loaded) {
        if (auto wrong = wrong_with_tags(*loaded, basis_.spec)) loaded = fail(*std::move(wrong));
    }
    if (loaded && loaded->not_modified) loaded = renewed(*std::move(loaded));
    if (!loaded) {
        auto error = std::move(loaded).error();
        error.operation = operation();
        error.unsent = false;  // of a call of the loader's, which is a part of the load
        return fail_with(error, fail(error));
    }
    if (loaded->answer == Answer::unknown || loaded->guessed) {
        detail::RawLookup unknown = lookup_of(*loaded);
        unknown.degraded = loaded->detail;
        return fail_with({Errc::unavailable, operation(), loaded->detail}, unknown);
    }
    if (loaded->value) {
        if (const auto good = basis_.user.admitted(loaded->value.get()); !good) {
            const Error error{Errc::load_failed, operation(), good.error().cause};
            return fail_with(error, fail(error));
        }
    }
    loaded->weight = basis_.user.weight_of(loaded->value.get());
    settle(*std::move(loaded), now, storing);
}

Result<detail::RawLoaded> Pilot::renewed(detail::RawLoaded confirmed) const {
    if (!flight_->former.value)
        return fail(Errc::load_failed, {},
                    "the loader has answered not_modified, and was given no former value: load it "
                    "whole when LoadContext::former has none");
    confirmed.value = flight_->former.value;
    confirmed.answer = Answer::found;
    if (confirmed.tags.empty()) confirmed.tags = flight_->former.tags;
    return confirmed;
}

// With a store the flight goes on until that has answered, because memory may keep the value only
// when the claim has stood. Readers of a cache with a bus have their answer when the store was
// asked; those of a shared cache when the store has it too: what one instance has read the others
// can read.
void Pilot::settle(detail::RawLoaded loaded, TimePoint now, std::vector<Storing>& storing) const {
    const detail::CacheSpec& spec = basis_.spec;
    const auto kept_for = spec.ttl ? lifetime(loaded, *spec.ttl) : std::nullopt;
    const bool storable = loads_->store_ && loads_->store_->holds(loaded);
    const auto stored_for = storable ? lifetime(loaded, *spec.store->ttl) : std::nullopt;
    detail::RawLookup lookup = lookup_of(loaded);
    LoadToken claim;
    bool stores = false;
    Flight::Readers readers;
    Leavings leavings;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        state_.shelf.wake(flight_->text);
        lookup.degraded = flight_->degraded;
        claim = flight_->token;
        tell_refreshed();
        stores = stored_for && !claim.empty() && state_.flights.may_keep(*flight_, loaded.tags);
        if (stores) {
            flight_->store_asked();
            state_.flights.clear_deadline(*flight_);
        } else {
            if (kept_for) keep(of_load(loaded, *kept_for, now), now, leavings);
            readers = state_.end(*flight_);
        }
    }
    if (loaded.answer == Answer::absent) basis_.counters.absent_loads.add();
    if (stores) {
        const Ttl& fresh_for = stored_for->is_never() ? *spec.store->ttl : *stored_for;
        storing.push_back({.flight = flight_,
                           .loaded = std::move(loaded),
                           .fresh_for = fresh_for.lifetime(),
                           .answer = std::move(lookup)});
        return;
    }
    release(claim);
    tell(readers, lookup, lookup);
}

void Pilot::store(const std::shared_ptr<Loads>& loads, std::vector<Storing> storing) {
    if (storing.empty()) return;
    std::vector<StoreAccess::Filling> fillings;
    fillings.reserve(storing.size());
    for (Storing& one : storing) {
        const Flight& flight = *one.flight;
        fillings.push_back(
            {.text = flight.text,
             .claimed = {.token = flight.token, .over_unreadable = flight.unreadable},
             .loaded = one.loaded,
             .fresh_for = one.fresh_for,
             .done = [pilot = Pilot(loads, one.flight), loaded = std::move(one.loaded)](
                         const Result<Filled>& filled) { pilot.stored(loaded, filled); }});
    }
    loads->store_->fill(std::move(fillings));
    if (!loads->basis_->lease) return;
    std::vector<Flight::Readers> readers;
    readers.reserve(storing.size());
    {
        const detail::Lock lock(loads->state_->mutex);
        Flights& flights = loads->state_->flights;
        for (const Storing& one : storing) readers.push_back(flights.take_readers(*one.flight));
    }
    for (std::size_t i = 0; i < storing.size(); ++i)
        loads->answer(readers[i], storing[i].answer, storing[i].answer);
}

void Pilot::stored(const detail::RawLoaded& loaded, const Result<Filled>& filled) const {
    const bool lost = filled && *filled == Filled::claim_lost;
    const bool better = filled && *filled == Filled::kept_better;
    const auto& usual = basis_.spec.ttl;
    const auto ttl = usual ? lifetime(loaded, *usual) : std::nullopt;
    const TimePoint now = basis_.now();
    Flight::Readers readers;
    Leavings leavings;
    {
        const detail::Lock lock(state_.mutex);
        if (flight_->has_ended()) return;
        if (lost) basis_.counters.poisoned.add();
        if (better) state_.shelf.give_way(flight_->text, leavings);
        const bool kept = !better && !lost;
        if (ttl && kept) keep(of_load(loaded, *ttl, now), now, leavings);
        readers = state_.end(*flight_);
    }
    detail::RawLookup lookup = lookup_of(loaded);
    if (!filled) lookup.degraded = filled.error().message();
    tell(readers, lookup, lookup);
}

std::optional<Ttl> Pilot::lifetime(const detail::RawLoaded& loaded, const Ttl& usual) const {
    const double jitter = basis_.spec.ttl_jitter;
    const auto whole = lifetime_of(loaded, usual, basis_.spec);
    if (!whole || whole->is_never() || jitter == 0) return whole;
    return shortened(*whole, jitter * basis_.environment.random_fraction());
}

Shelf::Fill Pilot::of_load(const detail::RawLoaded& loaded, const Ttl& ttl, TimePoint now) const {
    return {.text = flight_->text,
            .loaded = loaded,
            .began = flight_->began,
            .began_by = flight_->began,
            .fresh_until = end_of(ttl, now)};
}

void Pilot::keep(const Shelf::Fill& fill, TimePoint now, Leavings& leavings) const {
    if (!state_.flights.may_keep(*flight_, fill.loaded.tags)) return basis_.counters.poisoned.add();
    state_.shelf.fill(fill, now, leavings);
}

}  // namespace tutti
