#include "common/process/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace tutti::services::process
