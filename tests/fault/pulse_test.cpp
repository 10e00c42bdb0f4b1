#include "fault/pulse.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tutti/clock.hpp"

namespace tests::fault {
namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::TimePoint;

void await(const auto& condition) {
    while (!condition()) std::this_thread::sleep_for(1ms);
}

TEST(Pulse, KnowsFromWhenUntilWhenTheServerWasSlow) {
    const TimePoint begin = Boottime::now();
    std::atomic<bool> is_slow = true;
    std::atomic<int> beats = 0;
    const Pulse pulse(
        [&] {
            await([&] { return !is_slow; });
            ++beats;
        },
        200ms);
    await([&] { return !pulse.seen().late.empty(); });
    EXPECT_GE(Boottime::now(), begin + 200ms);
    EXPECT_GE(pulse.seen().slowest, 200ms);

    is_slow = false;
    await([&] { return beats == 2; });
    const TimePoint well_since = Boottime::now();
    await([&] { return beats == 5; });

    const Late late = pulse.seen().late.front();
    EXPECT_GE(late.asked, begin);
    EXPECT_GE(late.answered, late.asked + 200ms);
    EXPECT_LE(late.answered, well_since);
}

TEST(Pulse, CountsAnAnswerThatDoesNotComeAsLate) {
    const TimePoint begin = Boottime::now();
    const Pulse pulse([] { throw std::runtime_error("refused"); }, 1h);

    await([&] { return !pulse.seen().late.empty(); });
    EXPECT_GE(pulse.seen().late.front().asked, begin);
}

TEST(Pulse, CountsAQuestionThatWasAskedTooLateFromWhenItWasDue) {
    std::atomic<int> rests = 0;
    const Pulse pulse(
        [] {}, 100ms,
        [&](tutti::Duration) { std::this_thread::sleep_for(++rests == 1 ? 300ms : 1ms); });

    await([&] { return rests >= 2 && !pulse.seen().late.empty(); });

    const Late late = pulse.seen().late.front();
    EXPECT_GT(late.answered - late.asked, 100ms);
}

}  // namespace
}  // namespace tests::fault
