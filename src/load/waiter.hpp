// One reader of a load, and what it asks for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "load/counters.hpp"
#include "load/deadlines.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/store.hpp"

namespace tutti {

// What a reader asks for.
struct Intent {
    enum class Kind : unsigned char { read, refresh };

    Kind kind = Kind::read;
    // A refresh takes a stored value that is no older: another instance has just done the work.
    Duration age_max = Duration::max();
    // ... and otherwise loads although another instance does.
    bool take_over = false;
    // The loader is given no former value to confirm: what it brings is what the source has.
    bool whole = false;

    // Of the user: whatever there is.
    [[nodiscard]] static Intent forced() noexcept {
        return {.kind = Kind::refresh, .age_max = Duration::zero(), .take_over = true};
    }
    // Of the schedule.
    [[nodiscard]] static Intent scheduled(Duration age_max) noexcept {
        return {.kind = Kind::refresh, .age_max = age_max, .take_over = false};
    }

    // Of a spot check: from the source, and nothing else.
    [[nodiscard]] static Intent check() noexcept {
        return {
            .kind = Kind::refresh, .age_max = Duration::zero(), .take_over = false, .whole = true};
    }

    [[nodiscard]] static Intent of(const GetOptions& options) noexcept {
        return {.kind = Kind::read,
                .age_max = options.age_max,
                .take_over = options.age_max <= Duration::zero()};
    }

    [[nodiscard]] bool is_refresh() const noexcept { return kind == Kind::refresh; }
    // What is known already will not do, not even when the load fails.
    [[nodiscard]] bool wants_news() const noexcept {
        return is_refresh() || age_max < Duration::max();
    }
    // Whether a value of that age is young enough. With an age_max of zero none is.
    [[nodiscard]] bool accepts(Duration age) const noexcept {
        if (age_max == Duration::max()) return true;
        return age_max > Duration::zero() && age <= age_max;
    }
    void also(const Intent& other) noexcept {
        if (other.is_refresh()) kind = Kind::refresh;
        age_max = std::min(age_max, other.age_max);
        take_over |= other.take_over;
        whole |= other.whole;
    }
};

// What takes the completion first answers the reader: the load, the reader's deadline, or the end
// of the node. The fields are the Flights' that it waits in.
class Waiter {
public:
    // How long it waits is measured from `asked` on.
    struct Measured {
        const Clock* clock = nullptr;
        Timer<WaitTimes>* times = nullptr;  // null: it is not
        TimePoint asked;
    };

    // What it is measured with outlives its answer.
    Waiter(Completion<detail::RawLookup> done, std::string degraded, const Intent& intent,
           const Measured& measured)
        : done_(std::move(done)),
          measured_(measured),
          degraded_(std::move(degraded)),
          wants_news_(intent.wants_news()) {}

    // True for exactly one caller, who has then answered.
    bool answer(Result<detail::RawLookup> answer) {
        if (answered_.exchange(true, std::memory_order_acq_rel)) return false;
        if (measured_.times) measured_.times->add(measured_.clock->now() - measured_.asked);
        if (answer && answer->degraded.empty()) answer->degraded = degraded_;
        std::exchange(done_, nullptr)(std::move(answer));
        return true;
    }

    [[nodiscard]] bool wants_news() const noexcept { return wants_news_; }

    Deadline deadline;
    std::size_t place = 0;                    // among the readers of its flight
    TimePoint until;                          // waits no longer
    TimePoint stale_from = TimePoint::max();  // a last known good will do from then on

private:
    std::atomic<bool> answered_ = false;  // pairs with itself: one exchange wins
    Completion<detail::RawLookup> done_;
    const Measured measured_;
    const std::string degraded_;
    const bool wants_news_;
};

}  // namespace tutti
