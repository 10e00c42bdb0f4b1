// What a user writes into a log: enumerations by their names.
#include <gtest/gtest.h>

#include "tutti/doctor.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/log.hpp"
#include "tutti/lookup.hpp"
#include "tutti/metrics/metric_text.hpp"
#include "tutti/options.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

TEST(ToString, AnEnumerationIsWrittenAsItsName) {
    EXPECT_EQ(to_string(Tier::store), "store");
    EXPECT_EQ(to_string(Freshness::suspect), "suspect");
    EXPECT_EQ(to_string(Answer::negative), "negative");
    EXPECT_EQ(to_string(Ack::every_instance), "every_instance");
    EXPECT_EQ(to_string(Eviction::lru), "lru");
    EXPECT_EQ(to_string(entries(1).unit()), "entries");
    EXPECT_EQ(to_string(OnSuspect::fail().kind()), "fail");
    EXPECT_EQ(to_string(Verdict::problem), "problem");
    EXPECT_EQ(to_string(LogLevel::warning), "warning");
    EXPECT_EQ(to_string(MetricText::Type::gauge), "gauge");
}

TEST(ToString, WhatIsNoEnumeratorIsUnknown) {
    EXPECT_EQ(to_string(static_cast<Eviction>(7)), "unknown");
}

}  // namespace
}  // namespace tutti
