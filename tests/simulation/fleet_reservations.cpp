// Reservations of the fleet's processes, and what holders do with them: confirm, give back in time
// or far too late, or nothing at all.
#include <set>
#include <utility>

#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

void Fleet::reserve(std::size_t place, std::size_t key, Duration deadline) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.reservations;
    const auto id = reservations_.called(now(), key);
    note(Event::reserve, process, Trace::nobody, id);
    const std::uint64_t waits = wait(process, Trace::nobody, deadline);
    const std::string name = "r" + std::to_string(key);
    process.reservation().reserve(
        name, ReservationBook::note(id), deadline,
        [=, this, &process](const Result<detail::RawAttempt>& attempt) {
            answered(waits);
            if (!attempt) {
                reservations_.failed(id);
                failed_reservations_.push_back({.process = &process, .id = id, .key = key});
                return excuse_reservation(attempt.error());
            }
            if (!attempt->granted) {
                const auto holder = process.reservation().note_of(attempt->stored);
                return judge_reservation(reservations_.refused(id, holder.value_or("no note")));
            }
            note(Event::reserved, process, Trace::nobody, id);
            judge_reservation(reservations_.granted(now(), id));
            use(process, {.id = id, .key = name, .token = attempt->stored});
        });
}

void Fleet::use(Process& process, const Held& held) {
    const std::size_t choice = random_.below(3);
    if (choice == 0) return;
    after(random_.magnitude(1ms, 4s), [=, this, &process] {
        process.deliver([=, this, &process] {
            if (!process.serving()) return;
            choice == 1 ? confirm(process, held) : release(process, held);
        });
    });
}

void Fleet::confirm(Process& process, const Held& held) {
    reservations_.confirm_called(held.id);
    const std::uint64_t waits = wait(process, Trace::nobody, 1s);
    process.reservation().confirm(
        held.key, held.token, 1s,
        [=, this, &process, id = held.id, called = now()](const Result<bool>& ours) {
            answered(waits);
            if (!ours) return excuse_reservation(ours.error());
            note(Event::confirmed, process, Trace::nobody, id);
            if (*ours) judge_reservation(reservations_.confirmed(called, now(), id));
        });
}

void Fleet::release(Process& process, const Held& held) {
    reservations_.release_called(held.id);
    const std::uint64_t waits = wait(process, Trace::nobody, 1s);
    process.reservation().release(held.key, held.token, 1s,
                                  [=, this, &process, id = held.id](const Result<bool>& ours) {
                                      answered(waits);
                                      if (!ours) return excuse_reservation(ours.error());
                                      note(Event::released, process, Trace::nobody, id);
                                      if (*ours) reservations_.released(now(), id);
                                  });
}

// Longer than a lost question and the pause after it, shorter than the window in which it would
// show.
constexpr Duration take_back_takes = 1400ms;

void Fleet::demand_free_reservations() {
    std::set<std::size_t> keys;
    const auto failed = std::exchange(failed_reservations_, {});
    for (const FailedReservation& one : failed) {
        if (one.process->serving()) keys.insert(one.key);
    }
    run_for(take_back_takes);
    for (const FailedReservation& one : failed) {
        if (one.process->serving()) reservations_.must_be_free(one.id);
    }
    for (std::size_t place = 0; place < size(); ++place) {
        for (const std::size_t key : keys) reserve(place, key);
    }
}

void Fleet::judge_reservation(std::string wrong) {
    if (!wrong.empty()) violated("reservation: one holder at a time", std::move(wrong));
}

void Fleet::excuse_reservation(const Error& error) {
    ++counts_.errors;
    if (options_.calm) violated("no error without a cause", error.message());
}

}  // namespace tutti::simulation
