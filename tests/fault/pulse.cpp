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

Pulse::Pulse(std::function<void()> beat, tutti::Duration patience)
    : beat_(std::move(beat)),
      patience_(patience),
      asked_(TimePoint::max()),
      thread_([this](const std::stop_token& stop) { go_on(stop); }) {}

Pulse::~Pulse() = default;

void Pulse::go_on(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const TimePoint begin = Boottime::now();
        {
            const std::lock_guard lock(mutex_);
            asked_ = begin;
        }
        bool answered = true;
        try {
            beat_();
        } catch (const std::exception&) {
            answered = false;
        }
        {
            const std::lock_guard lock(mutex_);
            asked_ = TimePoint::max();
            const TimePoint end = Boottime::now();
            seen_.slowest = std::max(seen_.slowest, end - begin);
            if (!answered || end - begin > patience_)
                seen_.late.push_back({.asked = begin, .answered = end});
        }
        std::this_thread::sleep_for(between_beats);
    }
}

Pulse::Seen Pulse::seen() const {
    const TimePoint now = Boottime::now();
    const std::lock_guard lock(mutex_);
    Seen seen = seen_;
    if (asked_ < now) {
        seen.slowest = std::max(seen.slowest, now - asked_);
        if (now - asked_ > patience_) seen.late.push_back({.asked = asked_, .answered = now});
    }
    return seen;
}

}  // namespace tests::fault
