#include "common/http/transfer.hpp"

#include <gtest/gtest.h>

namespace tutti::services::http {
namespace {

using namespace std::chrono_literals;

TEST(Budget, ClaimsShareItAndGiveItBack) {
    Budget budget(100);
    Budget::Claim first(budget);
    EXPECT_TRUE(first.grow_to(60));
    {
        Budget::Claim second(budget);
        EXPECT_FALSE(second.grow_to(41));
        EXPECT_TRUE(second.grow_to(40));
        EXPECT_FALSE(first.grow_to(61));
        EXPECT_TRUE(first.grow_to(10));  // never shrinks, and asks for nothing
    }
    EXPECT_TRUE(first.grow_to(100));
    first.release();
    EXPECT_TRUE(Budget::Claim(budget).grow_to(100));
}

TEST(Pace, ProgressBuysTimeAtTheLowestRate) {
    const Pace::Time begun{1h};
    const Pace pace(10s, 1000, begun);

    EXPECT_EQ(pace.next(0, begun), begun + 10s);
    // Faster than the rate: the patience counts from now.
    EXPECT_EQ(pace.next(100'000, begun + 20s), begun + 30s);
    // Slower: what it has earned by its bytes, and the patience once.
    EXPECT_EQ(pace.next(5'000, begun + 9s), begun + 15s);
    EXPECT_EQ(pace.next(5'000, begun + 14s), begun + 15s);
}

struct Reader {};

TEST(Sending, SlowestThatHadItsTimeMakesRoom) {
    Sending<Reader> sending(100);
    const Pace::Time begun{1h};
    Reader slow;
    Reader slower;
    Reader young;
    Sending<Reader>::Part first(sending, slow, 40, begun);
    Sending<Reader>::Part second(sending, slower, 40, begun);
    Sending<Reader>::Part third(sending, young, 20, begun + 8s);
    first.sent(30);
    second.sent(10);

    EXPECT_FALSE(sending.has_room(1));
    EXPECT_EQ(sending.give_up_slowest(begun, begun + 10s), nullptr);
    EXPECT_EQ(sending.give_up_slowest(begun + 5s, begun + 10s), &slower);
    EXPECT_TRUE(sending.has_room(40));
    EXPECT_FALSE(sending.has_room(41));
    EXPECT_EQ(sending.give_up_slowest(begun + 5s, begun + 10s), &slow);
    EXPECT_EQ(sending.give_up_slowest(begun + 5s, begun + 10s), nullptr);
}

TEST(Sending, OneResponseOfAnySizeMayBegin) {
    Sending<Reader> sending(100);
    Reader reader;

    EXPECT_TRUE(sending.has_room(1000));
    const Sending<Reader>::Part part(sending, reader, 1000, Pace::Time{});
    EXPECT_FALSE(sending.has_room(1));
}

}  // namespace
}  // namespace tutti::services::http
