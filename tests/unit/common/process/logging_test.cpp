#include "common/process/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/process/trace_context.hpp"

namespace tutti::services::process {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class Body>
std::string said_by(const Body& body) {
    ::testing::internal::CaptureStderr();
    body();
    return ::testing::internal::GetCapturedStderr();
}

TEST(Outage, ItsBeginningAndItsEndAreTold) {
    log::Outage outage("the peer of this test is away", "that peer is back");

    const std::string said = said_by([&] {
        outage.failed("no answer");
        outage.worked();
    });

    EXPECT_THAT(said, HasSubstr("the peer of this test is away: no answer\n"));
    EXPECT_THAT(said, HasSubstr("that peer is back\n"));
}

TEST(Outage, EndOfWhatWasNotToldIsNotToldEither) {
    log::Outage outage("a peer that flaps", "back again");
    (void)said_by([&] {
        outage.failed("no answer");
        outage.worked();
    });

    const std::string said = said_by([&] {
        outage.worked();
        for (int i = 0; i < 1000; ++i) {
            outage.failed("no answer");
            outage.worked();
        }
    });

    EXPECT_EQ(said, "");
}

class JsonLog : public ::testing::Test {
protected:
    JsonLog() {
        setup_logging({.service = "ai-worker", .instance = "worker-7", .format = LogFormat::json});
    }
    ~JsonLog() override { setup_logging({.service = ""}); }
};

TEST_F(JsonLog, HasALineForEachWithTimeLevelMessageServiceAndInstance) {
    const std::string said = said_by([] {
        log::info("listening");
        log::warn("slow");
    });

    EXPECT_THAT(said,
                ::testing::MatchesRegex(
                    "\\{\"time\":\"[0-9TZ:.-]+\",\"level\":\"info\",\"message\":\"listening\","
                    "\"service\":\"ai-worker\",\"instance\":\"worker-7\"\\}\n"
                    "\\{[^\n]*\"level\":\"warning\",\"message\":\"slow\"[^\n]*\\}\n"));
}

TEST_F(JsonLog, NamesTheTraceOfItsThread) {
    const auto trace =
        TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

    const std::string said = said_by([&] {
        const TraceScope scope(trace);
        log::info("within");
    });

    EXPECT_THAT(said, HasSubstr(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                                R"("span_id":"00f067aa0ba902b7"})"));
}

TEST_F(JsonLog, IsOneLineOfUtf8WhateverAPeerHasSent) {
    const std::string said = said_by([] { log::info("a\nb\"c\xFF \xC3\xA9"); });

    EXPECT_THAT(said, HasSubstr("\"message\":\"a b\\\"c? \xC3\xA9\""));
    EXPECT_EQ(std::ranges::count(said, '\n'), 1);
}

TEST_F(JsonLog, ATextEndsAfter16KiBAndNotWithinACharacter) {
    std::string text(16'383, 'x');
    text += "\xC3\xA9 and more";

    const std::string said = said_by([&] { log::info(text); });

    EXPECT_THAT(said, HasSubstr("xx\",\"service\""));
    EXPECT_LT(said.size(), 17'000U);
}

}  // namespace
}  // namespace tutti::services::process
