#include "common/jobs/held_leases.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tutti::services::jobs {
namespace {

using namespace std::chrono_literals;

class Leases : public ::testing::Test {
protected:
    HeldLeases leases{30s};
    const Lease lease{.job_id = "a", .token = "t"};
    const TimePoint start{1h};
};

TEST_F(Leases, OneIsDueAfterAThirdOfItsLength) {
    leases.add(lease, start);

    EXPECT_EQ(leases.next(), start + 10s);
    EXPECT_TRUE(leases.take_due(start + 9s).empty());
    EXPECT_EQ(leases.take_due(start + 10s).size(), 1U);
}

TEST_F(Leases, OneThatWasNotAnsweredIsDueAgainAfterASixth) {
    leases.add(lease, start);
    (void)leases.take_due(start + 10s);

    EXPECT_TRUE(leases.take_due(start + 14s).empty());
    EXPECT_EQ(leases.take_due(start + 15s).size(), 1U);
}

TEST_F(Leases, ARenewedOneCountsFromBeforeTheQuestion) {
    leases.add(lease, start);
    (void)leases.take_due(start + 10s);
    leases.renewed(lease, start + 10s);

    EXPECT_TRUE(leases.take_lapsed(start + 39s).empty());
    EXPECT_EQ(leases.take_lapsed(start + 40s).size(), 1U);
}

TEST_F(Leases, ALapsedOneIsNotRenewedAndNotDue) {
    leases.add(lease, start);
    EXPECT_EQ(leases.take_lapsed(start + 30s).size(), 1U);

    leases.renewed(lease, start + 29s);

    EXPECT_TRUE(leases.take_due(start + 1h).empty());
    EXPECT_EQ(leases.next(), TimePoint::max());
}

TEST_F(Leases, ARemovedOneIsForgotten) {
    leases.add(lease, start);
    leases.remove(lease);

    EXPECT_TRUE(leases.take_due(start + 10s).empty());
    EXPECT_TRUE(leases.take_lapsed(start + 1h).empty());
}

}  // namespace
}  // namespace tutti::services::jobs
