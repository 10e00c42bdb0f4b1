// The validated reads that wait for a renewal (R10). One that was under way when a read began may
// have been answered by the server before the read, and proves nothing for it.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "coherence/subscriber.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti {

class Validations {
public:
    using Done = Completion<void>;
    using Readers = std::deque<Done>;

    // A read that began when this was the newest renewal that had been sent.
    void add(Subscriber::Ticket newest, Done done) {
        waiting_.push_back({.newest = newest, .done = std::move(done)});
    }
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

    // Those whom this renewal, which is in force, proves that everything is applied.
    [[nodiscard]] Readers take_proven(Subscriber::Ticket in_force) {
        Readers proven;
        while (!waiting_.empty() && waiting_.front().newest < in_force) {
            proven.push_back(std::move(waiting_.front().done));
            waiting_.pop_front();
        }
        return proven;
    }
    [[nodiscard]] Readers take_all() {
        Readers all;
        for (Waiting& one : std::exchange(waiting_, {})) all.push_back(std::move(one.done));
        return all;
    }

private:
    struct Waiting {
        Subscriber::Ticket newest;
        Done done;
    };

    std::deque<Waiting> waiting_;  // in the order in which they came: their tickets only rise
};

}  // namespace tutti
