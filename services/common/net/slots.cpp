// A slot that is given back goes to the head of the queue without becoming free, so that a newcomer
// cannot take it first. Invariant: while a call waits without a grant, no slot is free.
#include "common/net/slots.hpp"

#include <algorithm>
#include <string>

namespace tutti::services::net {

Result<Slots::Slot> Slots::take(TimePoint deadline) {
    detail::Lock lock(mutex_);
    if (stopped_) return fail(Errc::stopped, {}, "stopped");
    if (in_use_ < limits_.concurrent_max) {
        ++in_use_;
        return Slot(*this);
    }
    if (queue_.size() >= limits_.queued_max) {
        return fail(Errc::overloaded, {},
                    "all " + std::to_string(limits_.concurrent_max) + " slots are in use and " +
                        std::to_string(queue_.size()) + " calls wait for one");
    }
    const auto self = queue_.emplace(queue_.end());
    self->changed.wait_for(lock.waiting(), time_left(deadline, Boottime::now()),
                           [&]() TUTTI_REQUIRES(mutex_) { return stopped_ || self->granted; });
    const bool granted = self->granted;
    queue_.erase(self);
    if (granted) return Slot(*this);
    if (stopped_) return fail(Errc::stopped, {}, "stopped");
    return fail(Errc::overloaded, {}, "no slot became free before the deadline");
}

void Slots::give_back() {
    const detail::Lock lock(mutex_);
    const auto next =
        std::ranges::find_if(queue_, [](const Queued& queued) { return !queued.granted; });
    if (next == queue_.end()) {
        --in_use_;
        return;
    }
    next->granted = true;
    next->changed.notify_one();
}

void Slots::stop() {
    const detail::Lock lock(mutex_);
    stopped_ = true;
    for (Queued& queued : queue_) queued.changed.notify_one();
}

Slots::Load Slots::load() const {
    const detail::Lock lock(mutex_);
    return {.in_use = in_use_, .queued = queue_.size()};
}

}  // namespace tutti::services::net
