// Reservations of the fleet's processes, and what holders do with them: confirm, give back in time
// or far too late, or nothing at all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simulation/process.hpp"
#include "simulation/reservation_book.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::simulation {

class Fleet;

class FleetReservations {
public:
    explicit FleetReservations(Fleet& fleet) : fleet_(fleet) {}

    // Reserves a key, and later confirms it, releases it, or leaves it: the seed's choice.
    void reserve(std::size_t place, std::size_t key, Duration deadline = std::chrono::seconds{1});
    // What has failed holds up nobody.
    void demand_free();
    void store_lost_its_state() { book_.store_lost_its_state(); }

private:
    struct Held {
        ReservationBook::Id id;
        std::string key;
        std::string token;
    };
    struct Failed {
        Process* process;
        ReservationBook::Id id;
        std::size_t key;
    };

    void use(Process& process, const Held& held);
    void confirm(Process& process, const Held& held);
    void release(Process& process, const Held& held);
    void judge(std::string wrong);
    void excuse(const Error& error);

    Fleet& fleet_;
    ReservationBook book_{Process::reservation_window};
    std::vector<Failed> failed_;
};

}  // namespace tutti::simulation
