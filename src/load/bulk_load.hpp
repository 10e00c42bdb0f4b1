// The calls of the bulk loader for the loads of one batch that have reached the source. Each is a
// task of a worker, in the lane of the cache's other loads; what it answers lands load by load, so
// an invalidation of one key poisons that one alone.
//
// A call is for at most `load_many_keys_max` of them, and the next one is begun when it has
// returned: one worker at a time, which others may have between two calls. A load that ends while
// it waits for its call is not asked for; when none is left, the loader is not called.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "load/batch.hpp"
#include "load/flight.hpp"
#include "load/loads.hpp"
#include "tutti/clock.hpp"

namespace tutti {

class BulkLoad {
public:
    // Begins one, if a batch has reached the source.
    static bool take_off(const std::shared_ptr<Loads>& loads);

private:
    BulkLoad(std::shared_ptr<Loads> loads, std::shared_ptr<Batch> batch)
        : loads_(std::move(loads)), batch_(std::move(batch)) {}

    struct Taken {
        std::vector<FlightPointer> flights;
        TimePoint until = TimePoint::min();  // the latest end of one of them
    };

    // The next call, if loads wait for one.
    void post() const;
    void call() const;  // on a worker
    // Those that wait, at most so many, which do so no more.
    [[nodiscard]] Taken take(std::size_t count) const;

    std::shared_ptr<Loads> loads_;
    std::shared_ptr<Batch> batch_;
};

}  // namespace tutti
