// The commands that callers on any thread hand to a `CommandConnection`, until its event loop takes
// them.
//
// While nothing is outstanding a caller writes its command to the link itself. That saves waking
// the event loop, which is a large part of the time that a small command takes. Where commands have
// lately come together it does not: a batch that leaves as one is cheaper than one command ahead of
// it. The event loop hears of what was written when it next looks at what is outstanding, for
// whichever reason: a reply, the alarm, another command, a broken link. So it is woken only where
// its alarm would ring too late.
//
// A caller may wait for the `send` of another one, and so may the event loop; a `send` waits for
// nothing.
//
// Thread-safety: `take` from any thread, the others on the event loop's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/home_process.hpp"
#include "redis/link.hpp"
#include "redis/reply.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

class CommandInbox {
public:
    // Whose commands they are: each closes its own.
    enum class Caller : std::uint8_t { store, bus };

    using Handler = std::move_only_function<void(Result<Reply>)>;

    struct Command {
        std::string_view operation;  // a literal: "redis GET"
        std::string bytes;           // as `encode` makes them: one command
        TimePoint deadline;
        Caller caller;
        bool waits = false;  // until its deadline, for a link to be there
    };
    struct Queued {
        Command command;
        Handler handler;
    };
    // By its caller, when nothing else was outstanding.
    struct Written {
        Queued queued;
        TimePoint at;
        std::size_t sent;  // of its bytes; the event loop sends the others
    };
    struct Gathered {
        std::optional<Written> written;
        std::vector<Queued> queued;
    };

    struct Bounds {
        std::size_t commands_max;
        std::size_t bytes_max;
        Duration late_after;  // an answer is, or later: the alarm must have rung
    };

    CommandInbox(const Clock& clock, Bounds bounds) : clock_(clock), bounds_(bounds) {}

    // `to_drain`: taken, and the event loop is to `drain`. `full` and `ended`: not taken. One
    // command always has room.
    enum class Taken : std::uint8_t { kept, to_drain, full, ended };
    [[nodiscard]] Taken take(Queued& queued);
    // A command that was taken has ended.
    void finished(std::size_t bytes);

    [[nodiscard]] Gathered drain();
    [[nodiscard]] std::optional<Written> take_written();

    // What callers may write to; null: nothing.
    void set_link(std::shared_ptr<Link> link);
    // max: it is not set.
    void set_alarm(TimePoint rings);

    // Nothing of this caller is written any more. Returns false if it was closed.
    bool close(Caller caller);
    [[nodiscard]] bool is_closed(Caller caller) const {
        return closed_[static_cast<std::size_t>(caller)].load();
    }
    // From here on nothing is taken: a command that were kept would keep its caller for ever.
    void end();

private:
    [[nodiscard]] bool write(Queued& queued) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] bool alarm_is_in_time(const Written& written) const TUTTI_REQUIRES(mutex_);

    const Clock& clock_;
    const Bounds bounds_;
    const HomeProcess home_;
    std::array<std::atomic<bool>, 2> closed_{};  // by caller; written under the lock

    detail::Mutex mutex_;
    std::vector<Queued> queued_ TUTTI_GUARDED_BY(mutex_);
    std::optional<Written> written_ TUTTI_GUARDED_BY(mutex_);
    std::shared_ptr<Link> link_ TUTTI_GUARDED_BY(mutex_);
    TimePoint alarm_ TUTTI_GUARDED_BY(mutex_) = TimePoint::max();
    bool to_drain_ TUTTI_GUARDED_BY(mutex_) = false;
    bool come_together_ TUTTI_GUARDED_BY(mutex_) = false;  // those that were drained last
    bool ended_ TUTTI_GUARDED_BY(mutex_) = false;
    std::size_t commands_ TUTTI_GUARDED_BY(mutex_) = 0;  // taken and not finished
    std::size_t bytes_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::redis
