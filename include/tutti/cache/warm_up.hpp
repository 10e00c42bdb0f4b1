// Loads keys when the node starts, before readers ask for them: `get_many`, some at a time, so that
// with a bulk loader it is one call of the source for each `keys_at_once`.
//
//     .warm_up = tutti::WarmUp<UserId>{.keys = [&] { return most_active(1000); },
//                                      .delays_readiness = true},   // examples/warm_up.cpp
//
// A key that memory or the store has already is not loaded. A load that fails counts as done, and
// its readers will ask again. The invalidations of the time count as for any load: it brings
// nothing back.
//
// Thread-safety: plain values. `keys` runs on a worker and may block; `progress` on a thread of the
// node, for one call at a time: it must be short. What they throw is logged; without keys the
// warm-up is over.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tutti/clock.hpp"

namespace tutti {

struct WarmUpProgress {
    std::size_t keys = 0;    // that `keys` named
    std::size_t done = 0;    // loaded, known already, or failed
    std::size_t failed = 0;  // of those
    // Nothing more will be loaded: all are done, or the deadline has passed, or the node stops.
    bool ended = false;
};

template <class K>
struct WarmUp {
    std::function<std::vector<K>()> keys = nullptr;  // mandatory; asked once for each start
    std::size_t keys_at_once = 256;                  // at least 1
    // For all of it, from the start on. What is not loaded then is left to its readers.
    OptionDuration deadline = std::chrono::seconds{30};
    // Node::health is not ready before it has ended, and says how far it is. `start` never waits.
    bool delays_readiness = false;
    // After each step, and once when it has ended.
    std::function<void(const WarmUpProgress&)> progress = nullptr;
};

}  // namespace tutti
