// What is killed comes back, and everything else goes on meanwhile and recovers by itself: nobody
// restarts a process that was not killed.
#include <gmock/gmock.h>

#include "common/domain/domain.hpp"
#include "fleet/platform.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PlatformRecovery : public Platform {
protected:
    // A change through one bot is what the other answers by, soon.
    void expect_coherent(const std::string& channel) {
        EXPECT_FALSE(say(1, channel).handled);
        EXPECT_THAT(activate(0, channel).content, HasSubstr("ctivated **"));
        EXPECT_TRUE(eventually([&] { return say(1, channel).handled; }, 1s));
        EXPECT_THAT(command(1, "channel deactivate", channel).content, HasSubstr("ctivated **"));
        EXPECT_TRUE(eventually([&] { return !say(0, channel).handled; }, 1s));
    }
};

TEST_F(PlatformRecovery, KilledBotComesBackToWhatHappenedMeanwhile) {
    EXPECT_FALSE(say(1, "600").handled);
    bots[1].kill();

    const auto activated = activate(0, "600");
    EXPECT_THAT(activated.content, HasSubstr("ctivated **"));
    EXPECT_TRUE(say(0, "600").handled);

    bots[1].start();
    await_health(bots[1], 200, R"("ready":true)");
    EXPECT_TRUE(say(1, "600").handled);
    expect_coherent("601");
}

TEST_F(PlatformRecovery, KilledGatewayCostsItsBotOnlyWhatIsNotInMemory) {
    EXPECT_FALSE(say(0, "610").handled);
    gateways[0].kill();

    EXPECT_TRUE(say(0, "610").from_memory);
    const auto unknown = say(0, "611");
    EXPECT_FALSE(unknown.handled);
    EXPECT_FALSE(unknown.from_memory) << "nobody said, so the message passes on";
    EXPECT_THAT(activate(0, "611").content, HasSubstr("Failed to activate"));
    await_health(bots[0], 200, R"("ready":true)");
    EXPECT_THAT(activate(1, "612").content, HasSubstr("ctivated **"));
    EXPECT_TRUE(say(1, "612").handled) << "the other gateway's bot";

    gateways[0].start();
    await_health(gateways[0], 200, R"("ready":true)");
    EXPECT_TRUE(eventually([&] { return say(0, "612").handled; }, 5s));
    expect_coherent("613");
}

TEST_F(PlatformRecovery, GatewayThatIsBackSoonHasCostNoMessage) {
    EXPECT_THAT(activate(1, "615").content, HasSubstr("ctivated **"));
    open("615");
    gateways[0].kill();
    const std::size_t asked = lookups(0);

    discords[0]->say("615", "hello");
    ASSERT_TRUE(eventually([&] { return lookups(0) > asked; })) << "bot 1 cannot know of it";
    gateways[0].start();

    EXPECT_TRUE(eventually([&] { return fronts[0]->count("POST /ai/generate") > 0; }));
}

TEST_F(PlatformRecovery, KilledRedisMakesBotsUnreadyAndGatewaysDegraded) {
    EXPECT_FALSE(say(1, "620").handled);
    redis.kill();

    for (const Service& bot : bots) await_health(bot, 503, "cache:channel-activation-invalidation");
    for (const Service& gateway : gateways) await_health(gateway, 200, R"("status":"degraded")");
    EXPECT_THAT(get(gateways[0], "/health").body,
                AllOf(HasSubstr(R"("ready":false)"), HasSubstr(R"("reasons":["channel )")));
    EXPECT_THAT(activate(0, "620").content, HasSubstr("ctivated **"));
    const std::size_t before = lookups(1);
    (void)say(1, "620");
    EXPECT_GT(lookups(1), before) << "nobody trusts memory, so the gateway is asked";

    redis.start();  // empty
    await_all_ready();
    for (const Service* service : {&gateways[0], &gateways[1], &bots[0], &bots[1]}) {
        EXPECT_THAT(service->written(), AllOf(HasSubstr("the bus is disconnected: reconnecting"),
                                              HasSubstr("the bus is connected again")));
    }
    EXPECT_TRUE(say(1, "620").handled);
    expect_coherent("621");
}

TEST_F(PlatformRecovery, RestartedPostgresqlMakesGatewaysUnwellAndIsHeardAgain) {
    EXPECT_FALSE(say(0, "630").handled);
    postgres.kill();

    for (const Service& gateway : gateways) {
        await_health(gateway, 503, R"("status":"unhealthy")");
        await_health(gateway, 503, "the database does not answer");
    }
    EXPECT_TRUE(say(0, "630").from_memory);
    await_health(bots[0], 200, R"("ready":true)");

    postgres.start();
    await_all_ready();
    for (const Service& gateway : gateways) await_health(gateway, 200, R"("notifications":true)");
    expect_coherent("631");
    const auto info = [&] {
        return read<domain::GetPersonalityResponse>(
                   send(gateways[1].url(), "GET", "/user/personality/maestro", {}, moderator))
            .personality.character_info;
    };
    EXPECT_THAT(info(), HasSubstr("Conducts"));
    postgres.query("UPDATE personalities SET character_info = 'x', updated_at = now()");
    EXPECT_TRUE(eventually([&] { return info() == "x"; }, 5s));
}

// `TearDown` searches the logs of the services that run; these do not get that far, or are told
// secrets.
TEST_F(PlatformRecovery, NoSecretIsWrittenAlsoWhenItIsWrong) {
    const std::vector<Variables> wrong{
        {{"REDIS_URL", "redis://:wr0ng-redis@127.0.0.1:" + std::to_string(redis.port())}},
        {{"REDIS_URL", redis.url() + "/not a database"}},
        {{"REDIS_URL", std::string("redis://:") + redis_password + "@nowhere.invalid:6379"}},
        {{"DATABASE_URL", "postgres://tutti:wr0ng-postgres@127.0.0.1:" +
                              std::to_string(postgres.port()) + "/tutti"}},
        {{"DATABASE_URL", postgres.url() + "-that-is-not-there"}},
        {{"DATABASE_URL", "postgres://tutti:p@wr0ng-postgres@127.0.0.1/tutti"}},
        {{"DATABASE_URL", "postgres://tutti:p/wr0ng@postgres@127.0.0.1/tutti"}},
        {{"DATABASE_URL", std::string("postgres://tutti:") + PostgresServer::password + "@:x/y"}},
        {{"INTERNAL_SERVICE_SECRET", "wr0ng secret"}},
    };
    for (const Variables& changed : wrong) {
        auto variables = gateway_variables(free_port(), "gateway-3");
        for (const auto& [name, value] : changed) variables[name] = value;
        Program program(API_GATEWAY_PROGRAM, {}, variables);

        EXPECT_EQ(program.wait(20s), 1);
        const std::string written = program.out() + program.err();
        EXPECT_NE(written, "");
        for (const char* hidden : {"wr0ng", secret, redis_password, PostgresServer::password}) {
            EXPECT_FALSE(written.contains(hidden)) << changed.begin()->first << ": " << written;
        }
    }
    EXPECT_EQ(
        send(gateways[0].url(), "POST", "/wallet/set",
             std::string(R"({"provider":"openrouter","apiKey":")") + user_key + R"("})", moderator)
            .status,
        200);
    for (const Service* service : {&gateways[0], &bots[0]}) {
        for (const char* path : {"/health", "/metrics", "/audit"}) {
            const auto shown = get(*service, path);
            for (const char* hidden :
                 {secret, redis_password, PostgresServer::password, model_key, user_key}) {
                EXPECT_FALSE(shown.body.contains(hidden)) << path;
            }
        }
    }
}

}  // namespace
}  // namespace tests
