#include "load/flight.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace tutti {

namespace {

constexpr Duration wait_least = std::chrono::milliseconds{1};
// A server that has lost the claim, and who waits for it, wakes nobody. All that wait look at the
// same moments, so that they ask together.
TimePoint next_look(TimePoint now) {
    using std::chrono::seconds;
    return saturating_add(std::chrono::floor<seconds>(now), seconds{2});
}

}  // namespace

Flight::Flight(std::string of, std::shared_ptr<const void> typed_key, const Intent& wanted,
               TimePoint now)
    : text(std::move(of)), key(std::move(typed_key)), intent(wanted), asked(now) {
    deadline.flight = this;
}

bool Flight::brings(const Intent& wanted, TimePoint now) const noexcept {
    if (wanted.is_refresh()) return false;
    if (!wanted.wants_news()) return true;
    const bool asks_store = state_ == State::asking_store || state_ == State::awaiting_claim;
    return wanted.accepts(now - began) && !(asks_store && intent.age_max > wanted.age_max);
}

bool Flight::stands_still() const noexcept {
    return state_ == State::waiting || state_ == State::awaiting_claim ||
           state_ == State::awaiting_worker;
}

void Flight::begin(TimePoint now, std::uint64_t of_generation, LoadToken claim) {
    generation = of_generation;
    began = now;
    token = std::move(claim);
    move(State::waiting, token.empty() ? State::asking_source : State::asking_store);
}

void Flight::claimed() { move(State::asking_store, State::asking_source); }

std::optional<TimePoint> Flight::claimed_elsewhere(TimePoint now, Duration claim_left,
                                                   Duration patience) {
    if (claim_wait_ends_ == TimePoint{}) claim_wait_ends_ = saturating_add(now, patience);
    if (now >= claim_wait_ends_) {
        go_alone("another instance has not finished its load; the source was asked");
        return std::nullopt;
    }
    move(State::asking_store, State::awaiting_claim);
    const TimePoint claim_ends = saturating_add(now, std::max(claim_left, wait_least));
    return std::min({claim_ends, next_look(now), claim_wait_ends_});
}

void Flight::claim_ended(bool may_use_store) {
    claim_timer = Executor::TimerId::none;
    if (!may_use_store) token.clear();
    move(State::awaiting_claim, may_use_store ? State::asking_store : State::asking_source);
}

void Flight::go_alone(std::string why) {
    token.clear();
    degraded = std::move(why);
    move(State::asking_store, State::asking_source);
}

void Flight::await_worker() { move(State::asking_source, State::awaiting_worker); }

void Flight::worker_came(TimePoint now) {
    move(State::awaiting_worker, State::asking_source);
    source_asked(now);
}

void Flight::source_asked(TimePoint now) {
    assert(state_ == State::asking_source);
    source_asked_at = now;
}

void Flight::store_asked() { move(State::asking_source, State::storing); }

void Flight::end() {
    assert(!has_ended());
    state_ = State::ended;
}

void Flight::move([[maybe_unused]] State from, State to) {
    assert(state_ == from);
    state_ = to;
}

}  // namespace tutti
