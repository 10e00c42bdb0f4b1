#include "fault/pulse.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "tutti/clock.hpp"

namespace tests::fault {

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::TimePoint;

constexpr auto between_beats = 20ms;

}  // namespace

Pulse::Pulse(std::function<void()> beat, tutti::Duration patience, Rest rest)
    : beat_(std::move(beat)),
      patience_(patience),
      rest_(std::move(rest)),
      due_(Boottime::now()),
      thread_([this](const std::stop_token& stop) { go_on(stop); }) {}

Pulse::~Pulse() = default;

// A machine that stands still does so between two questions, too: what is late counts from when it
// was due.
void Pulse::go_on(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool answered = true;
        try {
            beat_();
        } catch (const std::exception&) {
            answered = false;
        }
        {
            const std::lock_guard lock(mutex_);
            const TimePoint end = Boottime::now();
            seen_.slowest = std::max(seen_.slowest, end - due_);
            if (!answered || end - due_ > patience_)
                seen_.late.push_back({.asked = due_, .answered = end});
            due_ = end + between_beats;
        }
        rest_(between_beats);
    }
}

Pulse::Seen Pulse::seen() const {
    const TimePoint now = Boottime::now();
    const std::lock_guard lock(mutex_);
    Seen seen = seen_;
    seen.slowest = std::max(seen.slowest, now - due_);
    if (now - due_ > patience_) seen.late.push_back({.asked = due_, .answered = now});
    return seen;
}

}  // namespace tests::fault
