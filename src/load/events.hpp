// What a cache tells its listener: a bounded queue in front of one worker.
//
// Thread-safety: every function from any thread, also under the locks of the cache: the mutex is a
// leaf, and so is that of the workers. The listener runs with none held.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/workers.hpp"
#include "load/counters.hpp"
#include "tutti/cache/events.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti {

class Events : public std::enable_shared_from_this<Events> {
public:
    // Requires: `listen` is not null.
    Events(EventListener listener, std::string cache, std::shared_ptr<Workers> workers,
           Counter& dropped, Log log);

    [[nodiscard]] bool wants(CacheEvent::Kind kind) const noexcept;
    // Drops it if too many wait. Requires: it is wanted.
    void tell(CacheEvent event);
    // What waits is dropped, and nothing is told any more.
    void close();

private:
    void run();
    void go_on();  // on a worker
    [[nodiscard]] std::optional<CacheEvent> next();

    const EventListener listener_;
    const std::uint32_t kinds_;  // a bit for each
    const std::string cache_;
    const std::shared_ptr<Workers> workers_;
    const Workers::Lane lane_;
    Counter& dropped_;  // of the cache, which lives as long as what tells
    const Log log_;

    detail::Mutex mutex_;
    std::deque<CacheEvent> waiting_ TUTTI_GUARDED_BY(mutex_);
    bool running_ TUTTI_GUARDED_BY(mutex_) = false;  // or on its way to a worker
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti
