#include "common/process/trace_context.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tutti::services::process {
namespace {

const std::string example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, IsReadAndWrittenAsItCame) {
    const auto context = TraceContext::parse(example);

    ASSERT_TRUE(context);
    EXPECT_EQ(context->trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(context->span_id(), "00f067aa0ba902b7");
    EXPECT_TRUE(context->sampled);
    EXPECT_EQ(context->traceparent(), example);
}

TEST(TraceContext, KeepsThatATraceIsNotSampled) {
    const auto context = TraceContext::parse(example.substr(0, 53) + "00");

    ASSERT_TRUE(context);
    EXPECT_FALSE(context->sampled);
    EXPECT_TRUE(context->traceparent().ends_with("-00"));
}

TEST(TraceContext, ReadsWhatALaterVersionAddsAndNotMore) {
    const auto later = TraceContext::parse("cc" + example.substr(2) + "-what-will-be");

    ASSERT_TRUE(later);
    EXPECT_EQ(later->traceparent(), example);
    EXPECT_TRUE(TraceContext::parse("cc" + example.substr(2)));
}

TEST(TraceContext, RefusesWhatIsMalformed) {
    const std::string trace(32, '0');
    const std::string span(16, '0');
    const std::vector<std::string> malformed{
        std::string(),
        example.substr(0, 54),
        example + "-01",  // too long for 00
        example + " ",
        "cc" + example.substr(2) + "x",  // no dash
        "ff" + example.substr(2),        // forbidden version
        "0g" + example.substr(2),
        "00-" + trace + example.substr(35),                         // no trace
        example.substr(0, 36) + span + "-01",                       // no span
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",  // upper case
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        example.substr(0, 53) + "0x",
        std::string(1'000'000, '0'),
    };
    for (const std::string& wrong : malformed) {
        EXPECT_FALSE(TraceContext::parse(wrong)) << wrong.substr(0, 80);
    }
}

RC_GTEST_PROP(TraceContextParser, TakesAnyBytes, (const std::string& bytes)) {
    std::string text = example;
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    text.replace(place, bytes.size(), bytes);

    const auto context = TraceContext::parse(text);

    if (context) RC_ASSERT(TraceContext::parse(context->traceparent()) == context);
}

TEST(TraceContext, NewOnesAreValidAndNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const TraceContext begun = TraceContext::begin();
        const TraceContext next = begun.next();

        ASSERT_EQ(TraceContext::parse(begun.traceparent()), begun);
        EXPECT_EQ(next.trace_id(), begun.trace_id());
        EXPECT_NE(next.span_id(), begun.span_id());
        EXPECT_TRUE(seen.emplace(begun.trace_id()).second);
        EXPECT_TRUE(seen.emplace(next.span_id()).second);
    }
}

TEST(TraceScope, EndsInWhatWasBefore) {
    EXPECT_FALSE(present_trace());
    EXPECT_EQ(present_traceparent(), "");
    {
        const TraceScope outer(TraceContext::parse(example));
        {
            const TraceScope none(std::nullopt);
            EXPECT_FALSE(present_trace());
        }
        EXPECT_EQ(present_traceparent(), example);
    }
    EXPECT_FALSE(present_trace());
}

}  // namespace
}  // namespace tutti::services::process
