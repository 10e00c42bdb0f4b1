// What twelve bytes keep of an entry's life: its end exactly, its beginning to one part in a
// million.
#include "tutti/detail/life.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "tutti/clock.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using detail::Life;
using detail::Lifetime;
using detail::PackedLife;

constexpr std::int64_t year = Duration(365 * 24h).count();
constexpr std::int64_t written = 12'345'678;

PackedLife life(Duration lasts) {
    return Life(TimePoint(Duration(written)), Lifetime(lasts)).packed;
}

TEST(PackedLife, EndsAtExactlyItsEnd) {
    for (const Duration lasts : {1ns, Duration(1s + 1ns), Duration(1h + 1ns), Duration(240h + 1ns),
                                 Duration(24h * 365 + 1ns), Duration(24h * 365 * 200)}) {
        const PackedLife packed = life(lasts);
        const std::int64_t end = written + lasts.count();

        EXPECT_EQ(packed.expires(), end);
        EXPECT_FALSE(packed.ends_before(end)) << "at its TTL it is alive";
        EXPECT_TRUE(packed.ends_before(end + 1));
        EXPECT_FALSE(packed.is_endless());
    }
}

TEST(PackedLife, BeganExactlyThenIfItsLengthIsAWholeNumberOfItsUnit) {
    for (const Duration lasts :
         {Duration(0), Duration(999'999'999ns), Duration(17min + 1us), Duration(20min),
          Duration(1h), Duration(12 * 24h + 1ms), Duration(13 * 24h), Duration(365 * 24h)}) {
        EXPECT_EQ(life(lasts).written(), written) << lasts;
        EXPECT_EQ(life(lasts).lost(written), 0U) << lasts;
    }
}

TEST(PackedLife, BeganLessThanOneUnitEarlierOtherwiseAndSaysByHowMuch) {
    const struct {
        Duration lasts;
        Duration unit;
    } cases[] = {{2s + 1ns, 1us},       {17min + 999ns, 1us}, {18min + 1ns, 1ms},
                 {12 * 24h + 1us, 1ms}, {13 * 24h + 1ms, 4s}, {24h * 365 * 100 + 1s, 4s}};
    for (const auto& [lasts, unit] : cases) {
        const PackedLife packed = life(lasts);

        EXPECT_LT(packed.written(), written) << lasts;
        EXPECT_GT(packed.written(), written - unit.count()) << lasts;
        EXPECT_EQ(packed.written() + packed.lost(written), written) << lasts;
    }
}

// So does one whose end is later than any time.
TEST(PackedLife, WithoutAnEndKeepsItsBeginning) {
    for (const Duration lasts : {Duration::max(), Duration::max() - 1ns}) {
        const PackedLife packed = life(lasts);

        EXPECT_TRUE(packed.is_endless());
        EXPECT_EQ(packed.expires(), PackedLife::never);
        EXPECT_EQ(packed.written(), written);
        EXPECT_FALSE(packed.ends_before(PackedLife::never));
    }
}

// A value of a store may be past its end when it comes; a last known good may be kept for long.
TEST(PackedLife, OfAnyTwoTimesEndsAtTheSecond) {
    const PackedLife backwards = Life(TimePoint(5s), TimePoint(3s)).packed;
    EXPECT_EQ(backwards.expires(), Duration(3s).count());
    EXPECT_EQ(backwards.written(), Duration(3s).count());

    const PackedLife longest = Life(TimePoint(-1h), TimePoint(Duration::max() - 1ns)).packed;
    EXPECT_EQ(longest.expires(), PackedLife::never - 1);
    EXPECT_LT(longest.written(), PackedLife::never - 136 * year);

    const TimePoint end(2h);
    EXPECT_EQ(Life(TimePoint(1h), end).packed.written(), Duration(1h).count());
    EXPECT_EQ(Life(TimePoint(1h), end).packed.expires(), Duration(2h).count());
}

}  // namespace
}  // namespace tutti
