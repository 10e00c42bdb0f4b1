#include "simulation/reservation_book.hpp"

#include <algorithm>
#include <charconv>

namespace tutti::simulation {

ReservationBook::Id ReservationBook::called(TimePoint now, std::size_t key) {
    attempts_.push_back({.key = key, .called = now});
    return attempts_.size() - 1;
}

std::string ReservationBook::granted(TimePoint now, Id id) {
    Attempt& mine = attempts_[id];
    std::string wrong;
    for (Id other = 0; other < attempts_.size() && !mine.lost; ++other) {
        const Attempt& holder = attempts_[other];
        if (other == id || !holds(holder, mine.key)) continue;
        const bool after = mine.called >= *holder.granted && now < holder.held_from + window_;
        // Asked for at the same time: in neither order could the first one have ended.
        const bool beside = mine.called < *holder.granted && now - holder.called < window_ &&
                            *holder.granted - mine.called < window_;
        if (after || beside) wrong = note(id) + " was granted what " + note(other) + " holds";
    }
    mine.granted = now;
    mine.held_from = mine.called;
    mine.set_until = now;
    return wrong;
}

std::string ReservationBook::refused(Id id, std::string_view holder) const {
    Id other = attempts_.size();
    const auto read = std::from_chars(holder.data(), holder.data() + holder.size(), other);
    const bool known = read.ec == std::errc{} && other < attempts_.size() && other != id;
    const Attempt& mine = attempts_[id];
    if (!known || attempts_[other].key != mine.key)
        return "refused by nobody: " + std::string(holder);
    const Attempt& named = attempts_[other];
    if (named.lost || mine.lost) return {};
    if (named.must_be_free) return note(id) + " was refused by " + note(other) + ", which failed";
    if (named.released && *named.released < mine.called) {
        return note(id) + " was refused by " + note(other) + ", which was released";
    }
    const bool over =
        named.granted && named.end_is_known && named.set_until + window_ < mine.called;
    return over ? note(id) + " was refused by " + note(other) + ", whose window is over" : "";
}

std::string ReservationBook::confirmed(TimePoint called, TimePoint now, Id id) {
    Attempt& mine = attempts_[id];
    mine.end_is_known = true;
    mine.held_from = std::max(mine.held_from, called);
    mine.set_until = std::max(mine.set_until, now);
    if (mine.lost) return {};
    for (Id other = 0; other < attempts_.size(); ++other) {
        const Attempt& holder = attempts_[other];
        if (other == id || !holds(holder, mine.key)) continue;
        if (called >= *holder.granted && now < holder.held_from + window_) {
            return note(id) + " confirmed what " + note(other) + " holds";
        }
    }
    return {};
}

void ReservationBook::store_lost_its_state() {
    for (Attempt& one : attempts_) one.lost = true;
}

}  // namespace tutti::simulation
