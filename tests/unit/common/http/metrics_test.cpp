#include "common/http/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <set>
#include <string>

namespace tutti::services::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(HttpMetrics, EveryWayToEndHasAKind) {
    EXPECT_EQ(failure_of(Result<Response>(Response{.status = 204})), std::nullopt);
    EXPECT_EQ(failure_of(Result<Response>(Response{.status = 404})), Failure::http);
    EXPECT_EQ(failure_of(Errc::unavailable), Failure::network);
    EXPECT_EQ(failure_of(Errc::timeout), Failure::timeout);
    EXPECT_EQ(failure_of(Errc::overloaded), Failure::overloaded);
    EXPECT_EQ(failure_of(Errc::too_large), Failure::too_large);
    EXPECT_EQ(failure_of(Errc::protocol), Failure::protocol);
    EXPECT_EQ(failure_of(Errc::invalid_option), Failure::invalid);
    EXPECT_EQ(failure_of(Errc::stopped), Failure::stopped);
}

TEST(HttpMetrics, KindsHaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < http_failure_count; ++i) {
        names.insert(to_string(static_cast<Failure>(i)));
    }

    EXPECT_EQ(names.size(), http_failure_count);
    EXPECT_FALSE(names.contains("unknown"));
}

TEST(HttpMetrics, TextHasASeriesForEachUpstream) {
    Metrics interactive{.upstream = "gateway-interactive",
                        .requests = 5,
                        .finished = 4,
                        .taken = 1500ms,
                        .in_flight = 1,
                        .queued = 3,
                        .idle = 2};
    interactive.failures[1] = 2;
    const std::array upstreams{interactive, Metrics{.upstream = "openrouter"}};

    const std::string text = http_metrics_text(upstreams);

    for (const char* line :
         {"# TYPE tutti_http_requests_total counter",
          "tutti_http_requests_total{upstream=\"gateway-interactive\"} 5\n",
          "tutti_http_requests_total{upstream=\"openrouter\"} 0\n",
          "tutti_http_failures_total{upstream=\"gateway-interactive\",kind=\"timeout\"} 2\n",
          "tutti_http_in_flight{upstream=\"gateway-interactive\"} 1\n",
          "tutti_http_queued{upstream=\"gateway-interactive\"} 3\n",
          "tutti_http_connections_idle{upstream=\"gateway-interactive\"} 2\n",
          "# TYPE tutti_http_request_seconds summary",
          "tutti_http_request_seconds_sum{upstream=\"gateway-interactive\"} 1.5",
          "tutti_http_request_seconds_count{upstream=\"gateway-interactive\"} 4\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST(HttpMetrics, WithoutUpstreamsThereIsNoText) { EXPECT_EQ(http_metrics_text({}), ""); }

}  // namespace
}  // namespace tutti::services::http
