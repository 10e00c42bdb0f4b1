#include "api-gateway/database/database_watch.hpp"

#include <utility>

#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::gateway::database {

DatabaseWatch::DatabaseWatch(Queries queries, Options options)
    : queries_(std::move(queries)),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

DatabaseWatch::~DatabaseWatch() = default;

DatabaseWatch::State DatabaseWatch::state() {
    detail::Lock lock(mutex_);
    const TimePoint now = Boottime::now();
    if (!wanted_) {
        if (state_ && now - looked_ < options_.kept_for) return *state_;
        wanted_ = true;
        has_read_ = false;
        looking_since_ = now;
        changed_.notify_all();
    }
    if (state_ == State::silent) return State::silent;
    const TimePoint silent_from = looking_since_ + options_.silent_after;
    changed_.wait_for(lock, silent_from - now,
                      [this]() TUTTI_REQUIRES(mutex_) { return !wanted_; });
    if (wanted_) return has_read_ ? State::takes_no_writes : State::silent;
    return state_.value_or(State::silent);
}

void DatabaseWatch::run(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    const auto wanted = [this]() TUTTI_REQUIRES(mutex_) { return wanted_; };
    while (changed_.wait(lock, stop, wanted)) {
        lock.unlock();
        State found = State::silent;
        process::contain("the watch of the database", [&] { found = look(); });
        lock.lock();
        state_ = found;
        looked_ = Boottime::now();
        wanted_ = false;
        changed_.notify_all();
    }
}

DatabaseWatch::State DatabaseWatch::look() {
    if (const auto read = queries_.read(); !read) {
        log::warn("the database does not answer", read.error().message());
        return State::silent;
    }
    {
        const detail::Lock lock(mutex_);
        has_read_ = true;
    }
    if (const auto written = queries_.write(); !written) {
        log::warn("the database takes no writes", written.error().message());
        return State::takes_no_writes;
    }
    return State::well;
}

}  // namespace tutti::services::gateway::database
