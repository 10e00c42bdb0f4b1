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

}  // namespace
}  // namespace tutti
