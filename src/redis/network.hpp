// What a connection stands on: one thread, its time, and links to a server. In a node these are the
// event loop and sockets (`network_of` in socket_link.hpp), in a test a clock that stands still and
// a script.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "redis/link.hpp"
#include "tutti/clock.hpp"
#include "tutti/executor.hpp"

namespace tutti::redis {

struct Network {
    Executor* executor;  // on whose thread everything happens
    const Clock* clock;
    std::function<std::shared_ptr<Link>(Link::Options, Link::Owner&)> make_link;
};

// One timer that is set again and again, a member of what it rings for. Thread-safety: none.
class Alarm {
public:
    explicit Alarm(const Network& network) : executor_(*network.executor) {}

    // Calls `rings` at that time, if `owner` still lives. Replaces what was set before.
    template <class Owner>
    void set(TimePoint when, std::weak_ptr<Owner> owner, void (Owner::*rings)()) {
        cancel();
        due_ = when;
        timer_ = executor_.run_at(when, [this, owner = std::move(owner), rings] {
            const auto alive = owner.lock();
            if (!alive) return;
            due_ = TimePoint::max();
            (*alive.*rings)();
        });
    }
    // The same, unless it rings by then in any case. Returns whether it was set.
    template <class Owner>
    bool set_by(TimePoint when, std::weak_ptr<Owner> owner, void (Owner::*rings)()) {
        if (when >= due_) return false;
        set(when, std::move(owner), rings);
        return true;
    }
    void cancel() {
        due_ = TimePoint::max();
        executor_.cancel(timer_);
    }

private:
    Executor& executor_;
    Executor::TimerId timer_ = Executor::TimerId::none;
    TimePoint due_ = TimePoint::max();  // max: not set
};

}  // namespace tutti::redis
