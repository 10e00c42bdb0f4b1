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
using detail::PackedLife;

constexpr std::int64_t year = Duration(365 * 24h).count();

Life life(Duration written, Duration lasts) { return {TimePoint(written), lasts}; }

TEST(PackedLife, EndsAtExactlyItsEnd) {
    for (const Duration lasts : {1ns, Duration(1s + 1ns), Duration(1h + 1ns), Duration(240h + 1ns),
                                 Duration(24h * 365 + 1ns), Duration(24h * 365 * 200)}) {
        const Life of = life(12345678ns, lasts);
        const PackedLife packed(of);

        EXPECT_EQ(packed.expires(), of.expires);
        EXPECT_FALSE(packed.ends_before(of.expires)) << "at its TTL it is alive";
        EXPECT_TRUE(packed.ends_before(of.expires + 1));
        EXPECT_FALSE(packed.is_endless());
    }
}

TEST(PackedLife, BeganExactlyThenIfItsLengthIsAWholeNumberOfItsUnit) {
    for (const Duration lasts :
         {Duration(0), Duration(999'999'999ns), Duration(17min + 1us), Duration(20min),
          Duration(1h), Duration(12 * 24h + 1ms), Duration(13 * 24h), Duration(365 * 24h)}) {
        const Life of = life(12345678ns, lasts);

        EXPECT_EQ(PackedLife(of).written(), of.written) << lasts;
        EXPECT_EQ(PackedLife(of).lost(of), 0U) << lasts;
    }
}

TEST(PackedLife, BeganLessThanOneUnitEarlierOtherwiseAndSaysByHowMuch) {
    const struct {
        Duration lasts;
        Duration unit;
    } cases[] = {{2s + 1ns, 1us},       {17min + 999ns, 1us}, {18min + 1ns, 1ms},
                 {12 * 24h + 1us, 1ms}, {13 * 24h + 1ms, 4s}, {24h * 365 * 100 + 1s, 4s}};
    for (const auto& [lasts, unit] : cases) {
        const Life of = life(12345678ns, lasts);
        const PackedLife packed(of);

        EXPECT_LT(packed.written(), of.written) << lasts;
        EXPECT_GT(packed.written(), of.written - unit.count()) << lasts;
        EXPECT_EQ(packed.written() + packed.lost(of), of.written) << lasts;
    }
}

TEST(PackedLife, WithoutAnEndKeepsItsBeginning) {
    const Life of = life(12345678ns, Duration::max());
    const PackedLife packed(of);

    EXPECT_TRUE(packed.is_endless());
    EXPECT_EQ(packed.expires(), Life::never);
    EXPECT_EQ(packed.written(), of.written);
    EXPECT_FALSE(packed.ends_before(Life::never));
}

// A value of a store may be past its end when it comes; a last known good may be kept for long.
TEST(PackedLife, OfAnyTwoTimesEndsAtTheSecond) {
    const Life backwards(TimePoint(5s), TimePoint(3s));
    EXPECT_EQ(PackedLife(backwards).expires(), Duration(3s).count());
    EXPECT_EQ(PackedLife(backwards).written(), Duration(3s).count());

    const Life longest(TimePoint(-1h), TimePoint(Duration::max() - 1ns));
    EXPECT_EQ(PackedLife(longest).expires(), Life::never - 1);
    EXPECT_LT(PackedLife(longest).written(), Life::never - 136 * year);
}

}  // namespace
}  // namespace tutti
