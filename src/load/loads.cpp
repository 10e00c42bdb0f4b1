#include "load/loads.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "base/node_thread.hpp"
#include "load/bulk_load.hpp"
#include "load/flights.hpp"
#include "load/leavings.hpp"
#include "load/pilot.hpp"
#include "load/shelf_front.hpp"
#include "load/worker_line.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/detail/spec.hpp"

namespace tutti {

namespace {

constexpr const char* source_slow_reason = "the source has not answered yet";

}  // namespace

std::shared_ptr<Loads> Loads::make(std::shared_ptr<CacheBasis> basis,
                                   std::shared_ptr<CacheState> state,
                                   std::shared_ptr<StoreAccess> store) {
    const std::shared_ptr<Loads> made(
        new Loads(std::move(basis), std::move(state), std::move(store)));
    const detail::Lock lock(made->state_->mutex);
    made->state_->alarm.rings([weak = made->weak_from_this()] {
        if (const auto self = weak.lock()) self->deadline_passed();
    });
    return made;
}

Loads::Loads(std::shared_ptr<CacheBasis> basis, std::shared_ptr<CacheState> state,
             std::shared_ptr<StoreAccess> store)
    : basis_(std::move(basis)), state_(std::move(state)), store_(std::move(store)) {}

void Loads::read(std::string text, std::shared_ptr<const void> key, const How& how,
                 Completion<detail::RawLookup> done) {
    const Intent& intent = how.intent;
    if (intent.is_refresh()) basis_->counters.refreshes.add();
    const ShelfFront& front = state_->front;
    const Permission permission = how.permission ? *how.permission : front.permission();
    Flights::Ask ask{.text = std::move(text),
                     .key = std::move(key),
                     .intent = intent,
                     .now = permission.now,
                     // It does not hear what changes in a store without a bus.
                     .told = basis_->lease ? permission.effective : !store_,
                     .batch = how.batch};
    const auto reader =
        std::make_shared<Waiter>(std::move(done), front.degraded_reason(permission), intent,
                                 measured(intent, how.asked.value_or(permission.now)));
    std::optional<Answered> answer;
    bool loads = false;
    auto carried = how.carried ? how.carried : basis_->user.carried();
    Leavings leavings;
    {
        const detail::Lock lock(state_->mutex);
        if (auto found = look_again(ask, permission, leavings)) {
            answer.emplace(*std::move(found));
        } else if (!basis_->is_open()) {
            answer.emplace(fail(Errc::stopped, "get " + basis_->spec.name, "the node was stopped"));
        } else if (how.timeout <= Duration::zero()) {
            answer = without_a_load(how, ask.text, permission, leavings);
        } else if (const auto joined = state_->flights.join(ask); !joined.flight) {
            answer.emplace(overloaded(state_->flights.waiting()));
        } else {
            loads = true;
            if (joined.is_new) joined.flight->carried.swap(carried);
            if (!joined.is_new) basis_->counters.joined.add();
            answer = take_in(reader, *joined.flight, how, permission, leavings);
        }
    }
    if (answer) reader->answer(*std::move(answer));
    if (loads) how.others_follow ? begin() : launch();
}

// What nobody has read is not waited for.
Waiter::Measured Loads::measured(const Intent& intent, TimePoint asked) const {
    if (intent.is_refresh()) return {};
    return {
        .clock = basis_->environment.clock, .times = &basis_->counters.wait_times, .asked = asked};
}

// A flight may have landed between the reader's look and this one.
std::optional<detail::RawLookup> Loads::look_again(const Flights::Ask& ask,
                                                   const Permission& permission,
                                                   Leavings& leavings) const {
    if (ask.intent.is_refresh()) return std::nullopt;
    auto found = state_->front.look_up(ask.text, permission, Past::refused, leavings);
    if (!found || ask.intent.accepts(found->age)) return found;
    leavings.values.push_back(std::move(found->value));
    return std::nullopt;
}

std::optional<Loads::Answered> Loads::take_in(const std::shared_ptr<Waiter>& reader, Flight& flight,
                                              const How& how, const Permission& permission,
                                              Leavings& leavings) const {
    std::optional<Answered> answer;
    reader->stale_from = stale_from(how, flight.asked, permission.now);
    if (reader->stale_from <= permission.now) {
        if (auto stale = meanwhile(flight, permission, leavings)) answer = *std::move(stale);
    }
    // With its answer it stands for those who come after it, unless there is one already.
    if (answer) reader->stale_from = TimePoint::max();
    if (!answer || flight.readers.empty()) {
        const TimePoint until = saturating_add(permission.now, how.timeout);
        state_->flights.add(flight, reader, until, permission.now);
        state_->watch_deadlines();
    }
    return answer;
}

void Loads::refresh_ahead(std::string text, std::shared_ptr<const void> key, Duration age) {
    {
        const detail::Lock lock(state_->mutex);
        if (state_->flights.knows(text)) return;
    }
    const detail::CacheSpec& spec = basis_->spec;
    Duration age_max{};
    if (spec.store) {
        const double part = spec.refresh->on_hit_after * (1 - spec.ttl_jitter);
        const auto near_end = [part](const Ttl& ttl) {
            return std::chrono::duration_cast<Duration>(ttl.lifetime() * part);
        };
        // What the store has will do while it is not near its end, too.
        age_max = near_end(*spec.store->ttl);
        // The end of this value is its own (Loaded::keep_for), and so is that of the store's copy.
        const bool ends_early = spec.ttl && !spec.ttl->is_never() && age < near_end(*spec.ttl);
        if (ends_early) age_max = std::min(age_max, age / 2);
    }
    read(std::move(text), std::move(key),
         {.intent = Intent::scheduled(age_max), .timeout = refresh_deadline()},
         [](const Answered&) {});
}

Duration Loads::refresh_deadline() const {
    const Duration once =
        saturating_add(basis_->spec.load_deadline, basis_->environment.command_deadline);
    return saturating_multiply(once, 4);
}

void Loads::close(const std::shared_ptr<Batch>& batch) {
    if (batch) {
        const detail::Lock lock(state_->mutex);
        state_->flights.close(batch);
    }
    launch();
}

TimePoint Loads::stale_from(const How& how, TimePoint asked, TimePoint now) const {
    const auto& stale = basis_->spec.stale_if_error;
    if (!stale || how.intent.wants_news()) return TimePoint::max();
    if (how.soft_deadline) return saturating_add(now, *how.soft_deadline);
    if (!stale->when_slower_than) return TimePoint::max();
    return saturating_add(asked, *stale->when_slower_than);
}

std::optional<detail::RawLookup> Loads::meanwhile(const Flight& flight,
                                                  const Permission& permission,
                                                  Leavings& leavings) const {
    return known_good(flight.text, permission, state_->flights.last_good(flight, permission.now),
                      leavings);
}

std::optional<detail::RawLookup> Loads::known_good(const std::string& text,
                                                   const Permission& permission,
                                                   const std::optional<detail::RawLookup>& stored,
                                                   Leavings& leavings) const {
    auto good = state_->shelf.known_good(text, permission, stored, leavings);
    if (!good || good->freshness != Freshness::stale) return good;
    if (good->degraded.empty()) good->degraded = source_slow_reason;
    basis_->stale_served(text);
    return good;
}

Loads::Answered Loads::without_a_load(const How& how, const std::string& text,
                                      const Permission& permission, Leavings& leavings) const {
    if (stale_from(how, permission.now, permission.now) <= permission.now) {
        if (auto stale = known_good(text, permission, std::nullopt, leavings)) {
            return *std::move(stale);
        }
    }
    return timed_out();
}

Loads::Answered Loads::timed_out() const {
    return fail(Errc::timeout, "get " + basis_->spec.name,
                "the load was not done within the read's deadline");
}

Loads::Answered Loads::overloaded(std::size_t waiting) const {
    return fail(Errc::overloaded, "get " + basis_->spec.name,
                std::to_string(waiting) +
                    " loads wait for their turn already: the source is slower than its readers; "
                    "ask again later, or raise CacheOptions::loads_max or loads_queued_max");
}

// Loaders run here that do not block, and completions of those that have their answer at once.
void Loads::launch() {
    const NodeThreadMark mark;
    launching_.run(
        [this] { return take_off() || (store_ && Pilot::ask_store(shared_from_this())); });
}

void Loads::launch_later() {
    basis_->environment.executor->post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->launch();
    });
}

void Loads::begin() {
    const NodeThreadMark mark;
    launching_.run([this] {
        return take_off() || (store_ && Pilot::ask_store(shared_from_this(), Pilot::together));
    });
}

bool Loads::take_off() {
    return BulkLoad::take_off(shared_from_this()) || Pilot::take_off(shared_from_this());
}

void Loads::give_up(Flight& flight) {
    if (flight.claim_timer != Executor::TimerId::none) {
        store_->stop_waiting(flight.text, flight.claim_timer);
    }
    if (basis_->is_open() && !flight.token.empty()) store_->release(flight.text, flight.token);
    launch();
}

void Loads::answer(const Flight::Readers& readers, const Answered& strict,
                   const Answered& lenient) const {
    for (const auto& reader : readers) {
        reader->answer(reader->wants_news() ? strict : lenient);
    }
}

void Loads::deadline_passed() {
    std::vector<Flights::Late> late;
    std::vector<std::optional<detail::RawLookup>> stale;  // for each of them
    std::vector<FlightPointer> given_up;
    Leavings leavings;
    const Permission permission = state_->front.permission();
    {
        const detail::Lock lock(state_->mutex);
        const TimePoint now = basis_->now();
        state_->alarm.rang(now);
        late = state_->flights.take_late(now);
        for (const auto& [flight, reader, waits_on] : late) {
            auto& good = stale.emplace_back();
            if (reader && reader->stale_from != TimePoint::max()) {
                good = meanwhile(*flight, permission, leavings);
                if (good && waits_on) state_->flights.settled(*flight, *reader);
            }
            const bool wanted = !reader || !flight->readers.empty();
            if (wanted || !flight->stands_still()) continue;
            (void)state_->end(*flight);
            given_up.push_back(flight);
        }
        state_->watch_deadlines();
    }
    for (const auto& flight : given_up) give_up(*flight);
    for (std::size_t i = 0; i < late.size(); ++i) {
        const auto& [flight, reader, waits_on] = late[i];
        if (!reader) {
            Pilot(shared_from_this(), flight).abandon();
        } else if (stale[i]) {
            reader->answer(*std::move(stale[i]));
        } else if (!waits_on) {
            reader->answer(timed_out());
        }
    }
}

void Loads::serve_worker() {
    std::optional<WorkerLine::Waiting> next;
    {
        const TimePoint now = basis_->now();
        const detail::Lock lock(state_->mutex);
        next = state_->line->next(now);
    }
    if (next) Pilot(shared_from_this(), next->flight).call_blocking_loader(next->deadline);
}

void Loads::release_claims() {
    std::vector<FlightPointer> running;
    {
        const detail::Lock lock(state_->mutex);
        running = state_->flights.with_token();
    }
    for (const auto& flight : running) store_->release(flight->text, flight->token);
}

void Loads::end() {
    Flights::Ended ended;
    std::list<WorkerLine::Waiting> in_line;  // destroyed after the lock
    Dropped dropped;
    {
        const detail::Lock lock(state_->mutex);
        basis_->serving->close();
        dropped = state_->drop();
        if (state_->line) in_line = state_->line->clear();
        ended = state_->flights.end_all();
        state_->alarm.stop();
    }
    const Answered stopped =
        fail(Errc::stopped, "get " + basis_->spec.name, "the node was stopped");
    answer(ended.readers, stopped, stopped);
    if (dropped.entries > 0) state_->front.memory()->sweep();
}

}  // namespace tutti
