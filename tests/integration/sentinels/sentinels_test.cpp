// What finds the primary by asking Sentinels, without a node that follows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/redis_server.hpp"
#include "support/replicated_redis.hpp"
#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/error.hpp"
#include "tutti/node.hpp"
#include "tutti/redis/connection.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using tutti::Boottime;

TEST(Sentinels, CommandsOfOnesOwnAndTheDoctorFindThePrimary) {
    ReplicatedRedis redis;
    const auto server = tutti::redis::Connector::create(redis.url());
    ASSERT_TRUE(server);

    auto connection = server->connect(Boottime::now() + 5s);
    ASSERT_TRUE(connection) << connection.error().message();
    const auto role = connection->command({"ROLE"}, Boottime::now() + 5s);
    const auto diagnosis = tutti::diagnose(redis.url());

    ASSERT_TRUE(role);
    EXPECT_EQ(role->items.at(0).text, "master");
    ASSERT_TRUE(diagnosis) << diagnosis.error().message();
    std::map<std::string, std::string> found;
    for (const tutti::Finding& finding : diagnosis->findings) {
        EXPECT_LT(finding.verdict, tutti::Verdict::problem) << finding.subject << finding.found;
        found[finding.subject] = finding.found;
    }
    EXPECT_EQ(found["replicas"], "2 of 2");
    EXPECT_EQ(found["sentinels"], "3");
    EXPECT_THAT(diagnosis->acl_rule, HasSubstr("+wait"));
}

TEST(Sentinels, AGroupThatNoneWatchesIsAnErrorThatNamesIt) {
    RedisServer sentinel({.config = {}, .password = "", .sentinel = true});
    const auto node = tutti::Node::create(
        {.name = "n",
         .redis = "redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/wrong",
         .app = "failover"});

    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().code, tutti::Errc::unavailable);
    EXPECT_THAT(node.error().cause, HasSubstr("watches no 'wrong'"));
}

TEST(Sentinels, TheDoctorEndsInTimeWhenNoneOfThemAnswers) {
    RedisServer sentinel({.config = {}, .password = "", .sentinel = true});
    sentinel.pause();

    const auto diagnosis = tutti::diagnose(
        "redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/main", {.timeout = 1s});
    sentinel.resume();

    ASSERT_FALSE(diagnosis);
    EXPECT_THAT(diagnosis.error().message(), HasSubstr("did not answer"));
}

}  // namespace
}  // namespace tests
