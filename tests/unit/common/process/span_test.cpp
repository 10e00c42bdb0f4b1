#include "common/process/span.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/process/trace_context.hpp"

namespace tutti::services::process {
namespace {

const std::string foreign = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct Kept final : SpanSink {
    void ended(SpanRecord record) noexcept override { records.push_back(std::move(record)); }
    [[nodiscard]] SpanFigures figures() const override { return {.exported = records.size()}; }

    std::vector<SpanRecord> records;
};

class Spans : public ::testing::Test {
protected:
    ~Spans() override { end_traces(); }

    void begin() { begin_traces(kept_); }
    [[nodiscard]] const std::vector<SpanRecord>& ended() const { return kept_->records; }

    std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

TEST_F(Spans, WithoutTracesNothingBegins) {
    const Span request("GET /", SpanKind::server, std::nullopt);
    const Span call("GET upstream", SpanKind::client);

    EXPECT_FALSE(present_trace());
}

TEST_F(Spans, WithoutTracesAForeignOneIsHandedOnAsItCame) {
    const Span request("GET /", SpanKind::server, TraceContext::parse(foreign));
    const Span call("GET upstream", SpanKind::client);

    EXPECT_EQ(present_traceparent(), foreign);
}

TEST_F(Spans, AreTheirCallersChildren) {
    begin();
    {
        const Span request("GET /", SpanKind::server, TraceContext::parse(foreign));
        const Span call("GET upstream", SpanKind::client);
        EXPECT_TRUE(present_trace());
    }

    ASSERT_EQ(ended().size(), 2U);
    const SpanRecord& call = ended()[0];
    const SpanRecord& request = ended()[1];
    EXPECT_EQ(request.parent_id, "00f067aa0ba902b7");
    EXPECT_EQ(call.parent_id, request.context.span_id());
    EXPECT_EQ(call.context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(call.kind, SpanKind::client);
    EXPECT_FALSE(present_trace());
}

TEST_F(Spans, BeginATraceWhereNoneCame) {
    begin();
    {
        const Span request("GET /", SpanKind::server, std::nullopt);
    }

    ASSERT_EQ(ended().size(), 1U);
    EXPECT_EQ(ended()[0].parent_id, "");
    EXPECT_TRUE(TraceContext::parse(ended()[0].context.traceparent()));
}

TEST_F(Spans, OfACallOutsideOfATraceThereAreNone) {
    begin();
    {
        const Span call("GET upstream", SpanKind::client);
    }

    EXPECT_TRUE(ended().empty()) << "or the exporter's own calls would be exported";
}

TEST_F(Spans, OfATraceThatIsNotSampledAreNotExportedAndItGoesOn) {
    begin();
    {
        const Span request("GET /", SpanKind::server,
                           TraceContext::parse(foreign.substr(0, 53) + "00"));
        EXPECT_TRUE(present_traceparent().ends_with("-00"));
    }

    EXPECT_TRUE(ended().empty());
}

TEST_F(Spans, WithoutASinkHaveIdsForTheLog) {
    begin_traces(nullptr);
    const Span request("GET /", SpanKind::server, std::nullopt);

    EXPECT_TRUE(present_trace());
    EXPECT_EQ(span_figures().exported, 0U);
}

TEST_F(Spans, KeepEightNotesOf256BytesAndHowTheyEnded) {
    begin();
    {
        Span request(std::string(1000, 'n'), SpanKind::server, std::nullopt);
        for (int i = 0; i < 20; ++i) request.note("key", std::string(1000, 'v'));
        request.note("late", 1);
        request.fail();
    }

    ASSERT_EQ(ended().size(), 1U);
    EXPECT_EQ(ended()[0].name.size(), 256U);
    ASSERT_EQ(ended()[0].notes.size(), 8U);
    EXPECT_EQ(std::get<std::string>(ended()[0].notes[7].second).size(), 256U);
    EXPECT_TRUE(ended()[0].failed);
}

TEST_F(Spans, ThatBeganBeforeTheEndOfTracesStillReachTheirSink) {
    begin();
    {
        const Span request("GET /", SpanKind::server, std::nullopt);
        end_traces();
    }

    EXPECT_EQ(ended().size(), 1U);
}

}  // namespace
}  // namespace tutti::services::process
