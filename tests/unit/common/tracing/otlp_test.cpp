#include "common/tracing/otlp.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

#include "common/process/span.hpp"
#include "common/process/trace_context.hpp"

namespace tutti::services::tracing {
namespace {

using namespace std::chrono_literals;

process::SpanRecord record() {
    return {.context = *process::TraceContext::parse(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            .parent_id = "53995c3f42cd8ad8",
            .name = "POST /ai/generate",
            .kind = process::SpanKind::server,
            .began = std::chrono::sys_time<std::chrono::nanoseconds>(1'700'000'000'123'456'789ns),
            .took = 1500us,
            .notes = {{"http.route", "POST /ai/generate"},
                      {"http.response.status_code", std::int64_t{500}}},
            .failed = true};
}

// Collectors of others read it: the names and forms are those of OTLP 1 in JSON.
TEST(Otlp, IsTheSameByteForByte) {
    EXPECT_EQ(
        otlp_json({.service = "api-gateway", .instance = "gateway-1"}, std::vector{record()}),
        R"({"resourceSpans":[{"resource":{"attributes":[)"
        R"({"key":"service.name","value":{"stringValue":"api-gateway"}},)"
        R"({"key":"service.instance.id","value":{"stringValue":"gateway-1"}}]},)"
        R"("scopeSpans":[{"scope":{"name":"tutti"},"spans":[{)"
        R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",)"
        R"("parentSpanId":"53995c3f42cd8ad8","name":"POST /ai/generate","kind":2,)"
        R"("startTimeUnixNano":"1700000000123456789","endTimeUnixNano":"1700000000124956789",)"
        R"("attributes":[{"key":"http.route","value":{"stringValue":"POST /ai/generate"}},)"
        R"({"key":"http.response.status_code","value":{"intValue":"500"}}],)"
        R"("status":{"code":2}}]}]}]})");
}

TEST(Otlp, LeavesOutWhatASpanDoesNotHave) {
    process::SpanRecord root = record();
    root.parent_id.clear();
    root.failed = false;

    const std::string text = otlp_json({.service = "a", .instance = "b"}, std::vector{root});

    EXPECT_FALSE(text.contains("parentSpanId")) << text;
    EXPECT_FALSE(text.contains("status\"")) << text;
}

TEST(Otlp, IsJsonWhateverANoteHolds) {
    process::SpanRecord odd = record();
    odd.name = "a\xFF\"\n";

    const std::string text = otlp_json({.service = "a", .instance = "b"}, std::vector{odd});

    EXPECT_TRUE(text.contains(R"("name":"a?\"\n")")) << text;
}

}  // namespace
}  // namespace tutti::services::tracing
