#include "load/flights.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tutti {

namespace {

constexpr std::size_t active_max = 2;  // loads of one key

void join_batch(Flight& flight, std::shared_ptr<Batch> batch) {
    if (!batch) return;
    ++batch->on_the_way;
    flight.batch = std::move(batch);
    flight.loads_with_batch = true;
}

}  // namespace

Flights::Joined Flights::join(Ask& ask) {
    if (const auto found = slots_.find(ask.text); found != slots_.end()) {
        const Slot& slot = found->second;
        const bool active = !slot.active.empty() && joinable(*slot.active.back(), ask);
        if (active || slot.next) {
            const FlightPointer& joined = active ? slot.active.back() : slot.next;
            if (!joined->has_begun()) joined->intent.also(ask.intent);
            return {.flight = joined};
        }
    }
    const bool admitted = ask.batch && ask.batch->flights > 0;  // with the first of its batch
    if (!admitted && queue_.full()) return {};
    Slot& slot = slots_[ask.text];
    auto flight =
        std::make_shared<Flight>(std::move(ask.text), std::move(ask.key), ask.intent, ask.now);
    if (slot.active.size() < active_max) {
        join_batch(*flight, std::move(ask.batch));
        activate(slot, flight);
    } else {
        slot.next = flight;
    }
    return {.flight = std::move(flight), .is_new = true};
}

bool Flights::joinable(const Flight& flight, const Ask& ask) const {
    if (!flight.has_begun()) return true;
    return is_clean(flight) && ask.told && flight.brings(ask.intent, ask.now);
}

std::optional<TimePoint> Flights::joined_since(const std::string& text) const {
    const auto found = slots_.find(text);
    if (found == slots_.end() || found->second.active.empty()) return std::nullopt;
    const Flight& flight = *found->second.active.back();
    if (!flight.has_begun() || !is_clean(flight)) return std::nullopt;
    return flight.began;
}

void Flights::add(Flight& flight, std::shared_ptr<Waiter> reader, TimePoint until, TimePoint now) {
    reader->place = flight.readers.size();
    reader->deadline.flight = &flight;
    reader->deadline.reader = reader.get();
    reader->until = until;
    const bool waits_for_stale = now < reader->stale_from;
    deadlines_.set(reader->deadline, waits_for_stale ? std::min(reader->stale_from, until) : until);
    flight.readers.push_back(std::move(reader));
    flight.wanted_until = std::max(flight.wanted_until, until);
}

FlightPointer Flights::take(TimePoint now) {
    Flight* const flight = queue_.take(now);
    return flight == nullptr ? nullptr : flight->shared_from_this();
}

void Flights::poison(const std::string& text) {
    const auto found = slots_.find(text);
    if (found == slots_.end()) return;
    for (const auto& flight : found->second.active) flight->poisoned |= flight->has_begun();
}

void Flights::poison_tag(const std::string& tag) {
    const std::uint64_t change = ++tag_changes_;
    if (changed_tags_.size() >= changed_tags_max) {
        const std::uint64_t oldest = oldest_running();
        std::erase_if(changed_tags_, [&](const auto& known) { return known.second <= oldest; });
    }
    if (changed_tags_.size() >= changed_tags_max) {
        poison_all();
        changed_tags_.clear();
    }
    changed_tags_.insert_or_assign(tag, change);
}

std::uint64_t Flights::oldest_running() const {
    std::uint64_t oldest = tag_changes_;
    for (const auto& [text, slot] : slots_) {
        for (const auto& flight : slot.active) {
            if (flight->has_begun() && is_current(*flight))
                oldest = std::min(oldest, flight->tag_changes);
        }
    }
    return oldest;
}

bool Flights::may_keep(const Flight& flight, std::span<const std::string> tags) const {
    const auto is_behind = [&](const std::string& tag) {
        const auto found = changed_tags_.find(tag);
        return found != changed_tags_.end() && found->second > flight.tag_changes;
    };
    return is_current(flight) && std::ranges::none_of(tags, is_behind);
}

std::optional<detail::RawLookup> Flights::last_good(const Flight& flight, TimePoint now) const {
    if (!may_keep(flight, flight.last_good_tags)) return std::nullopt;
    std::optional<detail::RawLookup> good = flight.last_good;
    if (good) good->age = std::max(now - flight.last_good_stored, Duration::zero());
    return good;
}

void Flights::activate(Slot& slot, const FlightPointer& flight) {
    slot.active.push_back(flight);
    queue_.push(*flight);
}

Flights::Readers Flights::end(Flight& flight) {
    leave_batch(flight);
    if (flight.has_begun()) {
        queue_.ended(flight);
    } else {
        queue_.leave(flight);
    }
    flight.end();
    flight.batch.reset();
    clear_deadline(flight);
    Readers readers = take_readers(flight);
    leave_slot(flight);
    return readers;
}

void Flights::leave_slot(const Flight& flight) {
    const auto found = slots_.find(flight.text);
    Slot& slot = found->second;
    if (slot.next.get() == &flight) {
        slot.next.reset();
        return;
    }
    slot.active.erase(std::ranges::find(slot.active, &flight, &FlightPointer::get));
    if (slot.next) activate(slot, std::exchange(slot.next, nullptr));
    if (slot.active.empty()) slots_.erase(found);
}

Flights::Ended Flights::end_all() {
    Ended ended;
    while (!slots_.empty()) {
        const Slot& slot = slots_.begin()->second;
        const FlightPointer& flight =
            ended.flights.emplace_back(slot.next ? slot.next : slot.active.back());
        std::ranges::move(end(*flight), std::back_inserter(ended.readers));
    }
    return ended;
}

Flights::Readers Flights::take_readers(Flight& flight) {
    for (const auto& reader : flight.readers) deadlines_.clear(reader->deadline);
    return std::exchange(flight.readers, {});
}

TimePoint Flights::earliest_deadline() const noexcept {
    const Deadline* const first = deadlines_.first();
    return first == nullptr ? TimePoint::max() : first->when;
}

std::vector<Flights::Late> Flights::take_late(TimePoint now) {
    std::vector<Late> late;
    while (earliest_deadline() <= now) {
        const Deadline& due = *deadlines_.first();
        Flight& flight = *due.flight;
        if (due.reader == nullptr) {
            clear_deadline(flight);
            late.push_back({flight.shared_from_this(), nullptr});
        } else if (now < due.reader->until) {
            late.push_back({flight.shared_from_this(), wait_on(flight, *due.reader), true});
        } else {
            late.push_back({flight.shared_from_this(), take_reader(flight, *due.reader)});
        }
    }
    return late;
}

std::shared_ptr<Waiter> Flights::wait_on(Flight& flight, Waiter& reader) {
    deadlines_.clear(reader.deadline);
    deadlines_.set(reader.deadline, reader.until);
    return flight.readers[reader.place];
}

void Flights::settled(Flight& flight, Waiter& reader) {
    reader.stale_from = TimePoint::max();
    if (flight.readers.size() > 1) {
        (void)take_reader(flight, reader);
    } else {
        (void)wait_on(flight, reader);
    }
}

bool Flights::is_hasty(const Flight& flight, TimePoint now) {
    return std::ranges::any_of(flight.readers,
                               [&](const auto& reader) { return reader->stale_from <= now; });
}

Flights::Readers Flights::settle(Flight& flight, TimePoint now) {
    Readers settling;
    std::ranges::copy_if(flight.readers, std::back_inserter(settling),
                         [&](const auto& reader) { return reader->stale_from <= now; });
    for (const auto& reader : settling) settled(flight, *reader);
    return settling;
}

void Flights::reach_source(Flight& flight) {
    flight.await_worker();
    flight.batch->at_source.push_back(flight.shared_from_this());
    leave_batch(flight);
}

void Flights::leave_batch(Flight& flight) {
    if (std::exchange(flight.loads_with_batch, false)) approach(flight.batch);
}

void Flights::approach(const std::shared_ptr<Batch>& batch) {
    if (--batch->on_the_way == 0 && !batch->at_source.empty()) at_source_.push_back(batch);
}

std::shared_ptr<Batch> Flights::take_batch() {
    if (at_source_.empty()) return nullptr;
    std::shared_ptr<Batch> batch = std::move(at_source_.back());
    at_source_.pop_back();
    return batch;
}

std::shared_ptr<Waiter> Flights::take_reader(Flight& flight, const Waiter& reader) {
    auto& readers = flight.readers;
    const std::size_t place = reader.place;
    deadlines_.clear(readers[place]->deadline);
    std::swap(readers[place], readers.back());
    readers[place]->place = place;
    std::shared_ptr<Waiter> taken = std::move(readers.back());
    readers.pop_back();
    return taken;
}

std::vector<FlightPointer> Flights::with_token() const {
    std::vector<FlightPointer> found;
    for (const auto& [text, slot] : slots_) {
        std::ranges::copy_if(slot.active, std::back_inserter(found),
                             [](const auto& flight) { return !flight->token.empty(); });
    }
    return found;
}

}  // namespace tutti
