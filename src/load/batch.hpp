// The loads that one `get_many` has begun: what of them reaches the source does so together, by the
// bulk loader, when each of them has either got there or left. A load leaves that ends before,
// or that waits for another instance's: the others do not wait for that one.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

namespace tutti {

struct Flight;

struct Batch {
    std::size_t on_the_way = 1;  // neither at the source nor left; and the call, while it adds some
    std::deque<std::shared_ptr<Flight>> at_source;  // each awaits its call

    // In LoadQueue all of them have one turn together.
    bool has_turn = false;
    std::size_t flights = 0;  // that have not ended
};

}  // namespace tutti
