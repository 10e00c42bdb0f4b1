#include "load/take_back.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti {
namespace {

using namespace std::chrono_literals;

constexpr Duration pause_first = 100ms;

}  // namespace

TakeBack::TakeBack(const Clock& clock, std::shared_ptr<Executor> executor, Duration window)
    : clock_(clock),
      executor_(std::move(executor)),
      window_(window),
      pause_max_(std::clamp<Duration>(window / 4, pause_first, 1s)) {}

bool TakeBack::may_be_written(const Error& error) noexcept {
    return !error.unsent && may_be_left(error);
}

bool TakeBack::may_be_left(const Error& error) noexcept {
    return error.code == Errc::timeout || error.code == Errc::unavailable ||
           error.code == Errc::protocol;
}

void TakeBack::take(Remove remove) {
    if (is_closed()) return;
    ask(std::make_shared<Owed>(Owed{.remove = std::move(remove), .pause = Duration::zero()}));
}

void TakeBack::close() {
    const detail::Lock lock(mutex_);
    closed_ = true;
}

bool TakeBack::is_closed() {
    const detail::Lock lock(mutex_);
    return closed_;
}

void TakeBack::ask(const std::shared_ptr<Owed>& owed) {
    owed->remove(clock_.now() + pause_max_,
                 [weak = weak_from_this(), owed](const Result<bool>& removed) {
                     if (const auto self = weak.lock()) self->answered(owed, removed);
                 });
}

void TakeBack::answered(const std::shared_ptr<Owed>& owed, const Result<bool>& removed) {
    const bool asked_again = owed->pause > Duration::zero();
    const detail::Lock lock(mutex_);
    if (closed_) return;
    if (is_settled(*owed, removed)) {
        if (asked_again) --owed_;
    } else if (asked_again || owed_ < owed_max) {
        if (!asked_again) ++owed_;
        ask_later(owed);
    }
}

bool TakeBack::is_settled(Owed& owed, const Result<bool>& removed) const {
    // An error that will not pass, such as a missing permission.
    if (!removed) return !may_be_left(removed.error()) && removed.error().code != Errc::overloaded;
    if (*removed) return true;
    if (!owed.absent_since) {
        owed.absent_since = clock_.now();
        owed.pause = Duration::zero();
    }
    return clock_.now() - *owed.absent_since >= window_;
}

// With the lock, so that nothing is scheduled after `close`. An answer costs the store a script,
// and what arrives late arrives soon after the connection is there again.
void TakeBack::ask_later(const std::shared_ptr<Owed>& owed) {
    const bool is_there = owed->absent_since.has_value();
    const Duration longest = is_there ? std::max(window_ / 4, pause_max_) : pause_max_;
    owed->pause = std::min(std::max(2 * owed->pause, pause_first), longest);
    executor_->run_at(clock_.now() + owed->pause, [weak = weak_from_this(), owed] {
        if (const auto self = weak.lock()) self->ask(owed);
    });
}

}  // namespace tutti
