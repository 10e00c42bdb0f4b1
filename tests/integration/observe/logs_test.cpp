// LOG_FORMAT=json, as a process writes it.
#include <gmock/gmock.h>
#include <signal.h>

#include <sstream>
#include <string>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "integration/observe/observed_services.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using JsonLogs = ObservedServices;

TEST_F(JsonLogs, EachLineIsAnObjectWithTheSameMembers) {
    start_gateway({{"LOG_FORMAT", "json"}, {"LOG_LEVEL", "trace"}});
    gateway->signal(SIGTERM);
    ASSERT_EQ(gateway->wait(), 0);

    std::istringstream lines(gateway->err());
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        boost::system::error_code error;
        const auto value = boost::json::parse(line, error);
        ASSERT_FALSE(error) << line;
        for (const char* member : {"time", "level", "message", "service", "instance"}) {
            EXPECT_TRUE(value.as_object().contains(member)) << line;
        }
        EXPECT_EQ(value.at("service").as_string(), "api-gateway") << line;
        EXPECT_EQ(value.at("instance").as_string(), "gateway-1") << line;
    }
    EXPECT_GE(count, 1U);
    EXPECT_THAT(gateway->err(), testing::Not(HasSubstr(secret)));
}

TEST_F(JsonLogs, AFormatThatThereIsNotEndsTheStart) {
    Program refused(API_GATEWAY_PROGRAM, {},
                    {{"INTERNAL_SERVICE_SECRET", secret}, {"LOG_FORMAT", "xml"}});

    EXPECT_EQ(refused.wait(), 1);
    EXPECT_THAT(refused.err(), HasSubstr("LOG_FORMAT must be text or json"));
}

}  // namespace
}  // namespace tests
