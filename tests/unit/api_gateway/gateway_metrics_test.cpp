#include "api-gateway/gateway_metrics.hpp"

#include <gtest/gtest.h>

namespace tutti::services::gateway {
namespace {

TEST(MetricsAccept, PrometheusGetsItsText) {
    EXPECT_TRUE(wants_prometheus("text/plain"));
    EXPECT_TRUE(wants_prometheus("Text/Plain; version=0.0.4"));
    EXPECT_TRUE(wants_prometheus(
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
        "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"));
    EXPECT_TRUE(wants_prometheus("application/openmetrics-text; version=0.0.1,*/*;q=0.1"));
}

TEST(MetricsAccept, EverybodyElseGetsJson) {
    for (const char* accept : {"", "*/*", "application/json", "text/*", "text/html", ",,;",
                               "text/plain;q=0", "application/json, text/plain, */*"}) {
        EXPECT_FALSE(wants_prometheus(accept)) << accept;
    }
}

TEST(MetricsAccept, HigherWeightWinsAndThenTheFirstOne) {
    EXPECT_TRUE(wants_prometheus("application/json;q=0.5, text/plain"));
    EXPECT_TRUE(wants_prometheus("text/plain, application/json"));
    EXPECT_TRUE(wants_prometheus("text/plain ; q=0.4 , application/json ; q=0.3"));
    EXPECT_FALSE(wants_prometheus("text/plain;q=0.9, application/json"));
    EXPECT_FALSE(wants_prometheus("text/plain;q=wrong, application/json;q=0.1"));
}

}  // namespace
}  // namespace tutti::services::gateway
