// What the caches promise, seen from outside of all processes: how many calls reach each upstream, and who
// sees a change.
#include "fleet/platform.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <set>

#include <boost/describe/class.hpp>

#include "common/domain.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using testing::AllOf;
using testing::HasSubstr;

struct Count {
    std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Count, (), (count))

struct Job {
    std::string job_id;
    std::string request_id;
};
BOOST_DESCRIBE_STRUCT(Job, (), (job_id, request_id))

TEST_F(Platform, ActivationThroughOneBotReachesTheOtherWithOneLookup) {
    EXPECT_FALSE(say(1, "500").handled);
    EXPECT_FALSE(say(1, "500").handled);
    EXPECT_EQ(lookups(1), 1U);

    const auto activated = activate(0, "500");
    ASSERT_EQ(activated.invalidation, "published") << activated.replies.at(0).content;

    EXPECT_TRUE(eventually([this] { return say(1, "500").handled; }, 1s));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(say(1, "500").handled);
    EXPECT_EQ(lookups(1), 2U) << "one before the change, one after it";

    ASSERT_EQ(command(1, "channel deactivate", "500").invalidation, "published");
    EXPECT_TRUE(eventually([this] { return !say(0, "500").handled; }, 1s));
}

TEST_F(Platform, BurstInAColdChannelIsOneLookupOfEachBot) {
    constexpr std::size_t writers = 40;
    constexpr std::size_t messages = 5;
    ASSERT_EQ(send(gateways[0].url(), "POST", "/user/channel/activate",
                   R"({"channelId":"501","personalitySlug":"maestro","guildId":"900"})", moderator)
                  .status,
              201);
    std::map<std::string, std::atomic<std::size_t>> handled;
    for (const char* channel : {"501", "502"}) handled[channel] = 0;

    for (auto& [channel, count] : handled) {
        at_once(writers, [&](std::size_t writer) {
            for (std::size_t i = 0; i < messages; ++i) {
                if (say(writer % 2, channel).handled) ++count;
            }
        });
    }

    EXPECT_EQ(handled["501"], writers * messages);
    EXPECT_EQ(handled["502"], 0U);
    for (const auto& front : fronts) {
        EXPECT_EQ(front->count("GET /user/channel/501"), 1U);
        EXPECT_EQ(front->count("GET /user/channel/502"), 1U);
        EXPECT_EQ(front->count("GET /internal/personality/"), 2U)
            << "what the slug means, and that";
    }
}

// The database tells the gateways, they tell Redis, and Redis tells whoever has it in memory.
TEST_F(Platform, PersonalityChangedInTheDatabaseIsSeenByBothGatewaysAndBothBots) {
    const auto name = [this](const Service& gateway) {
        return read<GetPersonalityResponse>(
                   send(gateway.url(), "GET", "/user/personality/maestro", {}, moderator))
            .personality.display_name;
    };
    const auto reply = [this](std::size_t bot) {
        const auto replies = say(bot, "503").replies;
        return replies.empty() ? "" : replies.front().content;
    };
    ASSERT_EQ(activate(0, "503").invalidation, "published");
    for (const Service& gateway : gateways) EXPECT_EQ(name(gateway), "The Maestro");
    for (const std::size_t bot : {0U, 1U}) EXPECT_THAT(reply(bot), HasSubstr("**The Maestro**"));

    postgres.query(
        "UPDATE personalities SET display_name = 'The Drummer', updated_at = now() "
        "WHERE slug = 'maestro'");

    for (const Service& gateway : gateways) {
        EXPECT_TRUE(eventually([&] { return name(gateway) == "The Drummer"; }, 5s));
    }
    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(eventually([&] { return reply(bot).starts_with("**The Drummer**"); }, 5s));
    }
}

TEST_F(Platform, EachSaysAtItsStartWhatSeveralInstancesTake) {
    for (const Service& gateway : gateways) {
        EXPECT_THAT(gateway.written(),
                    AllOf(HasSubstr("2 instances of api-gateway"), HasSubstr("nothing to do")));
    }
    for (const Service& bot : bots) {
        EXPECT_THAT(bot.written(), AllOf(HasSubstr("2 instances of bot-client"),
                                         HasSubstr("can skip: notification-cooldown")));
    }
    EXPECT_THAT(get(gateways[1], "/audit").body, HasSubstr("gateway-2"));
    EXPECT_THAT(get(bots[1], "/audit").body, HasSubstr("bot-2"));
}

class PlatformModels : public Platform {
protected:
    std::size_t vision_models(const Service& gateway) {
        return read<Count>(get(gateway, "/models/vision")).count;
    }
    void behave(const std::string& how) {
        ASSERT_EQ(send(provider.url(), "PUT", "/behaviour", how).status, 204);
    }
    HttpResponse refresh(const Service& gateway) {
        return send(gateway.url(), "POST", "/models/refresh", {}, bot_owner);
    }
};

TEST_F(PlatformModels, ColdCatalogueOfBothGatewaysIsOneCall) {
    behave(R"({"delayMs":200})");
    std::array<HttpResponse, 8> responses;

    at_once(responses.size(),
            [&](std::size_t i) { responses[i] = get(gateways[i % 2], "/models"); });

    for (const HttpResponse& response : responses) {
        EXPECT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.body, responses[0].body);
    }
    EXPECT_EQ(provider_calls(), R"({"models":1})");
}

// What a refresh promises the others: Redis has it at once, so whoever has no list in memory takes it from
// there. Who has one keeps it for up to the 5 min of its memory, which the audit grants.
TEST_F(PlatformModels, RefreshOnOneGatewayIsTheListOfAllThatReadRedis) {
    const std::size_t before = vision_models(gateways[0]);
    behave(R"({"models":3})");

    EXPECT_THAT(refresh(gateways[0]).body, HasSubstr(R"("modelCount":3)"));

    EXPECT_EQ(vision_models(gateways[0]), 1U);
    EXPECT_EQ(vision_models(gateways[1]), 1U) << "nothing in memory until now";
    EXPECT_EQ(provider_calls(), R"({"models":2})");
    behave(R"({})");
    EXPECT_THAT(refresh(gateways[0]).body, HasSubstr(R"("modelCount":300)"));
    EXPECT_EQ(vision_models(gateways[0]), before);
    EXPECT_EQ(vision_models(gateways[1]), 1U) << "from memory, and no call";
    EXPECT_EQ(provider_calls(), R"({"models":3})");
}

TEST_F(PlatformModels, CatalogueIsAnsweredWithoutTheProviderAlsoByAGatewayThatIsNew) {
    const std::size_t before = vision_models(gateways[0]);
    provider.kill();

    EXPECT_EQ(vision_models(gateways[0]), before);
    EXPECT_EQ(vision_models(gateways[1]), before);
    gateways[1].kill();
    gateways[1].start();
    await_health(gateways[1], 200, R"("ready":true)");
    EXPECT_EQ(vision_models(gateways[1]), before);
    EXPECT_EQ(refresh(gateways[1]).status, 500);
    EXPECT_EQ(vision_models(gateways[1]), before) << "a failed refresh took nothing away";
}

class PlatformJobs : public Platform {
protected:
    HttpResponse generate(const Service& gateway, const std::string& message = "hello") {
        return send(gateway.url(), "POST", "/ai/generate",
                    R"({"personality":{"name":"maestro"},"context":{"userId":"7"},"userApiKey":")" +
                        std::string(user_key) + R"(","message":")" + message + "\"}");
    }
    std::string jobs() { return redis.command({"XLEN", "ai-requests"}); }
};

TEST_F(PlatformJobs, SameRequestAtBothGatewaysAtOnceIsOneJobThatBothKnow) {
    std::array<HttpResponse, 16> responses;

    at_once(responses.size(), [&](std::size_t i) { responses[i] = generate(gateways[i % 2]); });

    std::multiset<int> statuses;
    std::set<std::string> ids;
    for (const HttpResponse& response : responses) {
        statuses.insert(response.status);
        ids.insert(read<Job>(response).job_id);
    }
    EXPECT_EQ(statuses.count(202), 1U);
    EXPECT_EQ(statuses.count(200), responses.size() - 1);
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_EQ(jobs(), "1");
    for (const Service& gateway : gateways) {
        EXPECT_THAT(get(gateway, "/ai/job/" + *ids.begin()).body,
                    HasSubstr(R"("status":"waiting")"));
        EXPECT_THAT(get(gateway, "/metrics").body,
                    AllOf(HasSubstr("\ntutti_dedup_reservations 1\n"),
                          HasSubstr("\ntutti_jobs_waiting 1\n")));
    }
}

TEST_F(PlatformJobs, LogsNameTheInstance) {
    EXPECT_TRUE(gateways[1].written().contains(" [gateway-2] listening on"))
        << gateways[1].written();
}

TEST_F(PlatformJobs, NothingIsQueuedWhileRedisIsDown) {
    ASSERT_EQ(generate(gateways[0]).status, 202);
    redis.command({"SAVE"});
    redis.kill();

    for (const Service& gateway : gateways) {
        const auto refused = generate(gateway, "another");
        EXPECT_EQ(refused.status, 503) << refused.body;
        EXPECT_THAT(refused.body, HasSubstr("SERVICE_UNAVAILABLE"));
    }

    redis.start();
    EXPECT_EQ(jobs(), "1") << "the one that was saved";
    for (const Service& gateway : gateways) {
        EXPECT_TRUE(eventually([&] { return generate(gateway, "later").status < 300; }));
    }
    EXPECT_EQ(jobs(), "2");
}

TEST_F(PlatformJobs, NothingIsQueuedWhileRedisIsSilent) {
    redis.pause();
    const auto asked = tutti::Boottime::now();

    for (const Service& gateway : gateways) EXPECT_EQ(generate(gateway).status, 503);
    EXPECT_LT(tutti::Boottime::now() - asked, 8s);

    redis.resume();
    await_all_ready();
    EXPECT_EQ(jobs(), "0") << "also not by what was in the socket";
}

}  // namespace
}  // namespace tests
