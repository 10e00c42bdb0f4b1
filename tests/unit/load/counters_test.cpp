// A counter is a member in two structs and a line in two functions: what is forgotten is found
// here.
#include "load/counters.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include <boost/pfr/core.hpp>

#include "base/cache_counters.hpp"

namespace tutti {
namespace {

TEST(Counters, EachThatALoadCountsIsInTheSnapshot) {
    LoadCounters counters;
    std::uint64_t last = 0;
    boost::pfr::for_each_field(counters, [&](Counter& counter) {
        ++last;
        for (std::uint64_t time = 0; time < last; ++time) counter.add();
    });

    const CacheCounters snapshot = counters.snapshot();

    std::multiset<std::uint64_t> counted;
    for (const CounterName& name : counter_names) counted.insert(snapshot.*name.count);
    for (std::uint64_t count = 1; count <= last; ++count) EXPECT_EQ(counted.count(count), 1U);
}

TEST(Counters, EachIsPartOfASum) {
    CacheCounters sum;
    CacheCounters other;
    std::uint64_t last = 0;
    for (const CounterName& name : counter_names) {
        sum.*name.count = 1000;
        other.*name.count = ++last;
    }

    sum += other;

    for (const CounterName& name : counter_names) {
        EXPECT_EQ(sum.*name.count, 1000 + other.*name.count) << name.name;
    }
}

}  // namespace
}  // namespace tutti
