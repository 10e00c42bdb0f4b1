#include "simulation/fleet_reservations.hpp"

#include <chrono>
#include <set>
#include <utility>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

void FleetReservations::reserve(std::size_t place, std::size_t key, Duration deadline) {
    Process& process = fleet_.node(place);
    if (!process.serving()) return;
    ++fleet_.counts_.reservations;
    const auto id = book_.called(fleet_.now(), key);
    fleet_.note(Event::reserve, process, Trace::nobody, id);
    const std::uint64_t waits = fleet_.wait(process, Trace::nobody, deadline);
    const std::string name = "r" + std::to_string(key);
    process.reservation().reserve(
        name, ReservationBook::note(id), deadline,
        [=, this, &process](const Result<detail::RawAttempt>& attempt) {
            fleet_.answered(waits);
            if (!attempt) {
                book_.failed(id);
                failed_.push_back({.process = &process, .id = id, .key = key});
                return excuse(attempt.error());
            }
            if (!attempt->granted) {
                const auto holder = process.reservation().note_of(attempt->stored);
                return judge(book_.refused(id, holder.value_or("no note")));
            }
            fleet_.note(Event::reserved, process, Trace::nobody, id);
            judge(book_.granted(fleet_.now(), id));
            use(process, {.id = id, .key = name, .token = attempt->stored});
        });
}

void FleetReservations::use(Process& process, const Held& held) {
    const std::size_t choice = fleet_.random_.below(3);
    if (choice == 0) return;
    fleet_.after(fleet_.random_.magnitude(1ms, 4s), [=, this, &process] {
        process.deliver([=, this, &process] {
            if (!process.serving()) return;
            choice == 1 ? confirm(process, held) : release(process, held);
        });
    });
}

void FleetReservations::confirm(Process& process, const Held& held) {
    book_.confirm_called(held.id);
    const std::uint64_t waits = fleet_.wait(process, Trace::nobody, 1s);
    process.reservation().confirm(
        held.key, held.token, 1s,
        [=, this, &process, id = held.id, called = fleet_.now()](const Result<bool>& ours) {
            fleet_.answered(waits);
            if (!ours) return excuse(ours.error());
            fleet_.note(Event::confirmed, process, Trace::nobody, id);
            if (*ours) judge(book_.confirmed(called, fleet_.now(), id));
        });
}

void FleetReservations::release(Process& process, const Held& held) {
    book_.release_called(held.id);
    const std::uint64_t waits = fleet_.wait(process, Trace::nobody, 1s);
    process.reservation().release(held.key, held.token, 1s,
                                  [=, this, &process, id = held.id](const Result<bool>& ours) {
                                      fleet_.answered(waits);
                                      if (!ours) return excuse(ours.error());
                                      fleet_.note(Event::released, process, Trace::nobody, id);
                                      if (*ours) book_.released(fleet_.now(), id);
                                  });
}

// Longer than a lost question and the pause after it, shorter than the window in which it would
// show.
constexpr Duration take_back_takes = 1400ms;

void FleetReservations::demand_free() {
    std::set<std::size_t> keys;
    const auto failed = std::exchange(failed_, {});
    for (const Failed& one : failed) {
        if (one.process->serving()) keys.insert(one.key);
    }
    fleet_.run_for(take_back_takes);
    for (const Failed& one : failed) {
        if (one.process->serving()) book_.must_be_free(one.id);
    }
    for (std::size_t place = 0; place < fleet_.size(); ++place) {
        for (const std::size_t key : keys) reserve(place, key);
    }
}

void FleetReservations::judge(std::string wrong) {
    if (!wrong.empty()) fleet_.violated("reservation: one holder at a time", std::move(wrong));
}

void FleetReservations::excuse(const Error& error) {
    ++fleet_.counts_.errors;
    if (fleet_.options_.calm) fleet_.violated("no error without a cause", error.message());
}

}  // namespace tutti::simulation
