// What reservations promise, written down as who may hold a key when: at most one at a time, each
// for one window from its grant or confirmation, and nobody is refused by one that has ended.
//
// All times are true times. When the store set a key is not known, only that it was between the
// call and its answer; what is called wrong here is wrong for every moment in between. Of what the
// store has lost, or was told to forget, nothing is promised.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti::simulation {

class ReservationBook {
public:
    using Id = std::size_t;

    explicit ReservationBook(Duration window) : window_(window) {}

    [[nodiscard]] Id called(TimePoint now, std::size_t key);
    [[nodiscard]] static std::string note(Id id) { return std::to_string(id); }

    // The answers. Each returns what is wrong with it; empty: nothing.
    [[nodiscard]] std::string granted(TimePoint now, Id id);
    [[nodiscard]] std::string refused(Id id, std::string_view holder) const;

    // Answered with an error.
    void failed(Id id) { attempts_[id].failed = true; }
    // From now on, if it has failed: its process has had the time to take it back.
    void must_be_free(Id id) { attempts_[id].must_be_free = attempts_[id].failed; }

    void confirm_called(Id id) { attempts_[id].end_is_known = false; }
    [[nodiscard]] std::string confirmed(TimePoint called, TimePoint now, Id id);
    void release_called(Id id) { attempts_[id].gives_up = true; }
    void released(TimePoint now, Id id) { attempts_[id].released = now; }

    // The store came back without what it held, or with what it held once.
    void store_lost_its_state();

private:
    struct Attempt {
        std::size_t key;
        TimePoint called;
        std::optional<TimePoint> granted{};
        TimePoint held_from{};                // it was set, or confirmed, no sooner
        TimePoint set_until{};                // and no later
        std::optional<TimePoint> released{};  // for sure
        bool gives_up = false;                // `release` was called
        bool failed = false;
        bool must_be_free = false;
        bool end_is_known = true;
        bool lost = false;  // with the store's state, or brought back by it
    };

    [[nodiscard]] bool holds(const Attempt& one, std::size_t key) const {
        return one.key == key && one.granted && !one.gives_up && !one.lost;
    }

    const Duration window_;
    std::vector<Attempt> attempts_;
};

}  // namespace tutti::simulation
