#include "tutti/metrics/metric_text.hpp"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(MetricText, ASummaryHasASumAndACount) {
    MetricText text;
    text.metric("took_seconds", MetricText::Type::summary, "How long it took.");
    text.part("_sum", {{"of", "a"}}, 1.5).part("_count", {{"of", "a"}}, 4);

    EXPECT_EQ(text.text(),
              "# HELP took_seconds How long it took.\n"
              "# TYPE took_seconds summary\n"
              "took_seconds_sum{of=\"a\"} 1.5\n"
              "took_seconds_count{of=\"a\"} 4\n");
}

TEST(MetricText, ALimitIsWrittenAsOthersWriteIt) {
    EXPECT_EQ(MetricText::number(0.0001), "0.0001");
    EXPECT_EQ(MetricText::number(0.00025), "0.00025");
    EXPECT_EQ(MetricText::number(0.25), "0.25");
    EXPECT_EQ(MetricText::number(0.0000001), "1e-07");
    EXPECT_EQ(MetricText::number(60), "60");
    EXPECT_EQ(MetricText::number(-0.5), "-0.5");
}

}  // namespace
}  // namespace tutti
