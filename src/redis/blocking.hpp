// For the few functions that block although everything below is asynchronous. Never on the event
// loop's thread: nothing would complete the operation.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

// Hands a completion to `begin`, and waits for it. `step`: "127.0.0.1:6379 to answer", for the
// error.
template <class T, class F>
Result<T> wait(const char* operation, const std::string& step, TimePoint deadline, F begin) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    begin([promise](Result<T> result) { promise->set_value(std::move(result)); });
    if (future.wait_for(time_left(deadline, Boottime::now())) == std::future_status::ready)
        return future.get();
    return fail(Errc::timeout, operation, "waited in vain for " + step + ": does it run?");
}

}  // namespace tutti::redis
