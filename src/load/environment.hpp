// Where what is declared on a node works. Each pointer owns what its object works on, the threads
// included: an asynchronous loader may answer after its node has gone, and no order of destruction
// is the wrong one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "base/workers.hpp"
#include "tutti/clock.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti {

struct LoadEnvironment {
    const Clock* clock = nullptr;                  // lives for the whole program
    std::shared_ptr<Executor> executor = nullptr;  // timers
    std::shared_ptr<Workers> workers = nullptr;    // loaders that are plain functions
    std::shared_ptr<Store> store = nullptr;
    std::function<std::uint64_t()> random = nullptr;  // for claims and jitter; any thread
    Duration command_deadline = std::chrono::seconds{1};
    std::function<std::function<std::shared_ptr<void>()>()> carry = nullptr;  // of NodeOptions
    Log log = {};

    // From 0 to 1.
    [[nodiscard]] double random_fraction() const {
        constexpr double scale = 1.0 / 18446744073709551616.0;  // 2^-64
        return random ? static_cast<double>(random()) * scale : 0.5;
    }
};

}  // namespace tutti
