#include "load/events.hpp"

#include <utility>
#include <vector>

#include "tutti/detail/guarded.hpp"

namespace tutti {

namespace {

std::uint32_t bit(CacheEvent::Kind kind) { return 1U << std::to_underlying(kind); }

std::uint32_t bits(const std::vector<CacheEvent::Kind>& kinds) {
    std::uint32_t all = 0;
    for (const CacheEvent::Kind kind : kinds) all |= bit(kind);
    return all;
}

}  // namespace

Events::Events(EventListener listener, std::string cache, std::shared_ptr<Workers> workers,
               Counter& dropped, Log log)
    : listener_(std::move(listener)),
      kinds_(bits(listener_.kinds)),
      cache_(std::move(cache)),
      workers_(std::move(workers)),
      lane_(workers_->open_lane("events of cache " + cache_, 1)),
      dropped_(dropped),
      log_(std::move(log)) {}

bool Events::wants(CacheEvent::Kind kind) const noexcept { return (kinds_ & bit(kind)) != 0; }

void Events::tell(CacheEvent event) {
    {
        const detail::Lock lock(mutex_);
        if (closed_) return;
        if (waiting_.size() >= listener_.waiting_max) return dropped_.add();
        event.cache = cache_;
        waiting_.push_back(std::move(event));
        if (std::exchange(running_, true)) return;
    }
    go_on();
}

// A part of them, so that what waits for this worker has its turn.
void Events::run() {
    constexpr int at_a_time = 64;
    for (int told_now = 0; told_now < at_a_time; ++told_now) {
        const auto event = next();
        if (!event) return;
        const auto told =
            detail::guarded({.name = "events.listen"}, [&] { listener_.listen(*event); });
        if (told) continue;
        log_.limited(LogLevel::error, "cache " + cache_ + ": events.listen", told.error().cause);
    }
    go_on();
}

void Events::go_on() {
    if (workers_->try_post(lane_, [self = shared_from_this()] { self->run(); })) return;
    const detail::Lock lock(mutex_);
    running_ = false;  // the next event tries again
}

std::optional<CacheEvent> Events::next() {
    const detail::Lock lock(mutex_);
    if (waiting_.empty()) {
        running_ = false;
        return std::nullopt;
    }
    auto event = std::move(waiting_.front());
    waiting_.pop_front();
    return event;
}

void Events::close() {
    std::deque<CacheEvent> dropped;
    const detail::Lock lock(mutex_);
    closed_ = true;
    dropped.swap(waiting_);
}

}  // namespace tutti
