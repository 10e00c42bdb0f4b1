#include "redis/command_inbox.hpp"

#include <utility>

namespace tutti::redis {
namespace {

// A longer one is copied into the network by the event loop.
constexpr std::size_t written_by_caller_max = 16UL * 1024;

}  // namespace

CommandInbox::Taken CommandInbox::take(Queued& queued) {
    const std::size_t bytes = queued.command.bytes.size();
    const detail::Lock lock(mutex_);
    if (ended_) return Taken::ended;
    const bool is_idle = commands_ == 0;
    const bool room = commands_ < bounds_.commands_max && bytes_ + bytes <= bounds_.bytes_max;
    if (!room && !is_idle) return Taken::full;
    ++commands_;
    bytes_ += bytes;
    if (!is_idle || come_together_ || !write(queued)) {
        queued_.push_back(std::move(queued));
    } else if (written_->sent == bytes && alarm_is_in_time(*written_)) {
        return Taken::kept;
    }
    return std::exchange(to_drain_, true) ? Taken::kept : Taken::to_drain;
}

// Requires: nothing is outstanding, so all that was written has left: a server answers what it has
// read. A child that was forked shares the connection.
bool CommandInbox::write(Queued& queued) {
    const Command& command = queued.command;
    if (!link_ || command.bytes.size() > written_by_caller_max || is_closed(command.caller) ||
        home_.left()) {
        return false;
    }
    const TimePoint now = clock_.now();
    if (command.deadline <= now) return false;
    const std::size_t sent = link_->write_now(command.bytes);
    if (sent == 0) return false;
    written_.emplace(std::move(queued), now, sent);
    return true;
}

// It rings before the answer is late, and by the deadline.
bool CommandInbox::alarm_is_in_time(const Written& written) const {
    return alarm_ <= written.queued.command.deadline && alarm_ <= written.at + bounds_.late_after;
}

void CommandInbox::finished(std::size_t bytes) {
    const detail::Lock lock(mutex_);
    --commands_;
    bytes_ -= bytes;
}

CommandInbox::Gathered CommandInbox::drain() {
    const detail::Lock lock(mutex_);
    to_drain_ = false;
    come_together_ = queued_.size() > 1;
    return {.written = std::exchange(written_, std::nullopt), .queued = std::exchange(queued_, {})};
}

std::optional<CommandInbox::Written> CommandInbox::take_written() {
    const detail::Lock lock(mutex_);
    return std::exchange(written_, std::nullopt);
}

void CommandInbox::set_link(std::shared_ptr<Link> link) {
    const detail::Lock lock(mutex_);
    link_.swap(link);
}

void CommandInbox::set_alarm(TimePoint rings) {
    const detail::Lock lock(mutex_);
    alarm_ = rings;
}

bool CommandInbox::close(Caller caller) {
    const detail::Lock lock(mutex_);
    return !closed_[static_cast<std::size_t>(caller)].exchange(true);
}

void CommandInbox::end() {
    const detail::Lock lock(mutex_);
    ended_ = true;
}

}  // namespace tutti::redis
