#include "common/process/timestamps.hpp"

#include <gtest/gtest.h>

#include "common/domain/avatar.hpp"

namespace tutti::services::process {
namespace {

using namespace std::chrono_literals;

constexpr UnixTime moment{1'766'243'520'123ms};

TEST(Timestamps, AreWrittenAndReadTheSame) {
    EXPECT_EQ(iso_timestamp(moment), "2025-12-20T15:12:00.123Z");
    EXPECT_EQ(read_iso_timestamp("2025-12-20T15:12:00.123Z"), moment);
    EXPECT_EQ(read_iso_timestamp("2024-02-29T23:59:59.999Z").transform([](UnixTime time) {
        return iso_timestamp(time);
    }),
              "2024-02-29T23:59:59.999Z");
}

TEST(Timestamps, OnlyDaysThatExistAreRead) {
    for (const char* text :
         {"", "2025-12-20", "2025-12-20T15:12Z", "2025-12-20 15:12:00.123Z",
          "2025-12-20T15:12:00.123+", "2025-02-29T00:00:00.000Z", "2025-13-01T00:00:00.000Z",
          "2025-12-20T24:00:00.000Z", "2025-12-20T15:60:00.000Z", "2025-12-20T15:12:60.000Z",
          "-025-12-20T15:12:00.123Z", "2025-12-20T15:12:00.123ZZ"}) {
        EXPECT_FALSE(read_iso_timestamp(text)) << text;
    }
}

TEST(Timestamps, ANumberOfAWireIsATimeOfTheseCenturies) {
    EXPECT_EQ(read_unix_time(1'766'243'520'123ms), moment);
    EXPECT_EQ(read_unix_time(0ms), UnixTime());
    for (const auto outside : {-1ms, 170'000'000'000'000ms, std::chrono::milliseconds::max(),
                               std::chrono::milliseconds::min()}) {
        EXPECT_EQ(read_unix_time(outside), std::nullopt) << outside.count();
    }
}

TEST(Timestamps, HttpHasItsOwnForm) {
    EXPECT_EQ(http_date(moment), "Sat, 20 Dec 2025 15:12:00 GMT");
}

TEST(AvatarPath, HasTheTimeOfTheChangeInThirteenDigits) {
    EXPECT_EQ(domain::avatar_path("maestro", moment), "/avatars/maestro-1766243520123.png");
    EXPECT_EQ(domain::avatar_path("maestro", UnixTime{7ms}), "/avatars/maestro-0000000000007.png");
}

}  // namespace
}  // namespace tutti::services::process
