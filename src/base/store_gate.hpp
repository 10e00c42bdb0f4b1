// Whether the caches of a channel may use the store now. They may not while this node knows of a
// change that the store has not heard of yet: it may still hold, or accept, what was loaded before.
// And where foreign programs publish, not without an effective lease: their changes reach the store
// only by way of nodes that have heard of them, and a node that may be deaf cannot tell whether one
// has.
//
// Written on the node's executor, read by any thread; a reader that sees the gate open also sees
// what was done before it was opened.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "base/lease.hpp"

namespace tutti {

class StoreGate {
public:
    [[nodiscard]] bool open(TimePoint now) const noexcept {
        const bool published = !unpublished_.load(std::memory_order_acquire);
        const bool dropped = !dropping_.load(std::memory_order_acquire);
        const bool hearing = !lease_ || now < lease_->end();
        return published && dropped && hearing;
    }

    // Before the caches are used.
    void require(std::shared_ptr<const Lease> lease) noexcept { lease_ = std::move(lease); }

    // Invalidations of this node that the bus has not taken.
    void set_unpublished(bool some) noexcept {
        unpublished_.store(some, std::memory_order_release);
    }
    // A foreign program's change, or an unknown number of them, is being dropped from the store.
    void set_dropping(bool some) noexcept { dropping_.store(some, std::memory_order_release); }

private:
    std::shared_ptr<const Lease> lease_;     // null: none is required
    std::atomic<bool> unpublished_ = false;  // pairs with `open`
    std::atomic<bool> dropping_ = false;     // pairs with `open`
};

}  // namespace tutti
