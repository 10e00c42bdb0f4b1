// Until when readers wait and loads may run, the earliest first. A deadline is a field of what it
// belongs to and is found there, so that setting and clearing one allocates nothing.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <boost/intrusive/options.hpp>
#include <boost/intrusive/set.hpp>

#include "tutti/clock.hpp"

namespace tutti {

struct Flight;
class Waiter;

struct Deadline : boost::intrusive::set_base_hook<> {
    TimePoint when;
    Flight* flight = nullptr;  // whose load it ends, or whose reader's patience
    Waiter* reader = nullptr;  // null: of the load
};

class Deadlines {
public:
    // TimePoint::max() is none. Requires: `deadline` is not set.
    void set(Deadline& deadline, TimePoint when) {
        if (when == TimePoint::max()) return;
        deadline.when = when;
        all_.insert(deadline);  // behind those that are equally due
    }
    // Does nothing if it is not set.
    void clear(Deadline& deadline) noexcept {
        if (deadline.is_linked()) all_.erase(all_.iterator_to(deadline));
    }
    // Null: there is none.
    [[nodiscard]] const Deadline* first() const noexcept {
        return all_.empty() ? nullptr : &*all_.begin();
    }

private:
    struct When {
        using type = TimePoint;
        TimePoint operator()(const Deadline& deadline) const noexcept { return deadline.when; }
    };
    boost::intrusive::multiset<Deadline, boost::intrusive::key_of_value<When>> all_;
};

}  // namespace tutti
