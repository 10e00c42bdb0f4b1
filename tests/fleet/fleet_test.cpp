// What `./run` starts, as a newcomer and as a script start it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "support/postgres_server.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Variables free_ports{
    {"API_GATEWAY_PORT", "0"}, {"BOT_CLIENT_PORT", "0"}, {"AI_WORKER_PORT", "0"}};

TEST(Fleet, ScenarioSucceedsInOneProcess) {
    Program fleet(FLEET_PROGRAM, {"--once"}, free_ports);

    EXPECT_EQ(fleet.wait(), 0) << fleet.out() << fleet.err();

    EXPECT_THAT(fleet.out(), AllOf(HasSubstr("one process"), HasSubstr("Activated **The Maestro**"),
                                   HasSubstr("answered"), HasSubstr("p50"), HasSubstr("CRITICAL"),
                                   HasSubstr("All checks passed"), HasSubstr("channel-activation"),
                                   HasSubstr("bot-client-1, bot-client-2, bot-client-3"),
                                   HasSubstr("one job"), HasSubstr("described by 1 call"),
                                   HasSubstr("said once"), Not(HasSubstr("FAILED"))));
    // The gateway fetches the models by itself, ten seconds after its start.
    EXPECT_THAT(fleet.out(), AnyOf(HasSubstr(", 1 call of the provider"),
                                   HasSubstr(", no call of the provider")));
    EXPECT_EQ(fleet.err(), "");
}

TEST(Fleet, ScenarioSucceedsInProcessesOnARealRedis) {
    RedisServer redis({.config = {"requirepass pa55word"}, .password = "pa55word"});
    Program fleet(FLEET_PROGRAM, {"--once", "--redis", redis.url()}, free_ports);

    EXPECT_EQ(fleet.wait(), 0) << fleet.out() << fleet.err();

    EXPECT_THAT(fleet.out(),
                AllOf(HasSubstr("6 processes"), HasSubstr("All checks passed"),
                      HasSubstr("the other answers, said once"), Not(HasSubstr("pa55word"))));
    EXPECT_EQ(fleet.err(), "");
    EXPECT_EQ(redis.command({"PUBSUB", "CHANNELS"}), "") << "nobody is left behind";
}

TEST(Fleet, ScenarioSucceedsOnPostgresql) {
    const PostgresServer postgres;
    Program fleet(FLEET_PROGRAM, {"--once", "--postgres", postgres.url()}, free_ports);

    EXPECT_EQ(fleet.wait(), 0) << fleet.out() << fleet.err();

    EXPECT_THAT(fleet.out(), AllOf(HasSubstr("PostgreSQL"), HasSubstr("All checks passed"),
                                   Not(HasSubstr(PostgresServer::password))));
    EXPECT_EQ(fleet.err(), "");
}

TEST(Fleet, StaysUpUntilItIsInterruptedAndThenStopsInOrder) {
    for (const int signal : {SIGINT, SIGTERM}) {
        Program fleet(FLEET_PROGRAM, {}, free_ports);
        fleet.await_out("tutti audit", 60s);
        EXPECT_THAT(fleet.out(), HasSubstr("curl -s"));

        fleet.signal(signal);

        EXPECT_EQ(fleet.wait(15s), 0) << fleet.err();
    }
}

TEST(Fleet, InterruptedProcessesOfAFleetAreAllGone) {
    RedisServer redis;
    Program fleet(FLEET_PROGRAM, {"--redis", redis.url()}, free_ports);
    fleet.await_out("tutti audit", 60s);

    fleet.signal(SIGTERM);

    EXPECT_EQ(fleet.wait(30s), 0) << fleet.err();
    EXPECT_EQ(redis.command({"PUBSUB", "CHANNELS"}), "");
}

TEST(Fleet, KilledFleetTakesItsProcessesAlong) {
    RedisServer redis;
    Program fleet(FLEET_PROGRAM, {"--redis", redis.url()}, free_ports);
    fleet.await_out("tutti audit", 60s);
    EXPECT_NE(redis.command({"PUBSUB", "CHANNELS"}), "");

    fleet.signal(SIGKILL);

    EXPECT_EQ(fleet.wait(), -SIGKILL);
    for (int i = 0; i < 1000 && !redis.command({"PUBSUB", "CHANNELS"}).empty(); ++i)
        ::usleep(10'000);
    EXPECT_EQ(redis.command({"PUBSUB", "CHANNELS"}), "");
}

struct Refusal {
    std::vector<std::string> arguments;
    Variables environment;
    std::string text;
};

TEST(Fleet, WhatItCannotStartWithEndsItWithTwoAndAReason) {
    const RedisServer redis;
    const std::string taken = std::to_string(redis.port());
    const std::string free = std::to_string(free_port());
    const std::vector<Refusal> refusals{
        {{"--bogus"}, {}, "--bogus"},
        {{"--redis"}, {}, "--redis"},
        {{"--once", "extra"}, {}, "extra"},
        {{"--redis", "http://127.0.0.1"}, {}, "redis://"},
        {{"--redis", "redis://127.0.0.1:" + free}, {}, "refused the connection"},
        {{"--postgres", "./tutti.db"}, {}, "postgres://"},
        {{"--once"}, {{"API_GATEWAY_PORT", taken}}, "API_GATEWAY_PORT"},
        {{"--once"}, {{"BOT_CLIENT_PORT", taken}}, "BOT_CLIENT_PORT"},
        {{"--once"}, {{"API_GATEWAY_PORT", "http"}}, "API_GATEWAY_PORT"},
        {{"--once"}, {{"DATABASE_URL", "/no/such/folder/tutti.db"}}, "/no/such/folder"},
    };
    for (const Refusal& refusal : refusals) {
        Program fleet(FLEET_PROGRAM, refusal.arguments, refusal.environment);

        EXPECT_EQ(fleet.wait(), 2) << refusal.text << fleet.out();
        EXPECT_THAT(fleet.err(), HasSubstr(refusal.text));
    }
}

TEST(Fleet, HelpSucceeds) {
    Program fleet(FLEET_PROGRAM, {"--help"}, {});

    EXPECT_EQ(fleet.wait(), 0);
    EXPECT_THAT(fleet.out(), AllOf(HasSubstr("--once"), HasSubstr("--redis"),
                                   HasSubstr("--postgres"), HasSubstr("DATABASE_URL")));
}

}  // namespace
}  // namespace tests
