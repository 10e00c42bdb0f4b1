// What the caches promise, seen from outside of all processes: how many calls reach each upstream,
// and who sees a change.
#include "fleet/platform.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include <boost/describe/class.hpp>

#include "common/domain/domain.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using ::testing::AllOf;
using ::testing::HasSubstr;

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
    ASSERT_THAT(activated.content, HasSubstr("ctivated **")) << activated.trouble;

    EXPECT_TRUE(eventually([this] { return say(1, "500").handled; }, 1s));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(say(1, "500").handled);
    EXPECT_EQ(lookups(1), 2U) << "one before the change, one after it";

    ASSERT_THAT(command(1, "channel deactivate", "500").content, HasSubstr("ctivated **"));
    EXPECT_TRUE(eventually([this] { return !say(0, "500").handled; }, 1s));
}

TEST_F(Platform, ThreadInheritsFromItsChannelUntilItIsSwitchedOffThroughAnyBot) {
    const std::string channel = "510";
    const std::string thread = "511";
    for (const std::size_t bot : {0U, 1U}) EXPECT_FALSE(say(bot, thread, channel).handled);

    ASSERT_THAT(activate(0, channel).content, HasSubstr("ctivated **"));
    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(eventually([&] { return say(bot, thread, channel).handled; }, 1s)) << bot;
    }

    const auto switched_off = command(1, "channel deactivate", thread, channel);
    ASSERT_THAT(switched_off.content, HasSubstr("ctivated **"));
    EXPECT_EQ(switched_off.content,
              "Deactivated **The Maestro** in this thread; the channel around it stays active.");
    EXPECT_TRUE(eventually([&] { return !say(0, thread, channel).handled; }, 1s));
    EXPECT_FALSE(say(1, thread, channel).handled);
    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(say(bot, channel).handled);
        EXPECT_TRUE(say(bot, "512", channel).handled) << "another thread";
    }

    ASSERT_THAT(command(0, "channel activate", thread, channel).content, HasSubstr("ctivated **"));
    EXPECT_TRUE(eventually([&] { return say(1, thread, channel).handled; }, 1s));
}

TEST_F(Platform, ListIsTurnedOverThroughAnotherBotThanTheOneThatShowedIt) {
    for (int i = 0; i < 11; ++i) {
        ASSERT_THAT(activate(0, std::to_string(520 + i)).content, HasSubstr("ctivated **"));
    }
    postgres.query(
        "UPDATE activated_channels SET guild_id = NULL, created_at = '2020-01-01' "
        "WHERE channel_id = '520'");
    open("530");
    const auto listed = discords[0]->command("channel list", "", "530");
    // A message of the bot's at the other Discord, to press the button there.
    const auto other = discords[1]->command("character chat",
                                            R"({"name":"personality","type":3,"value":"maestro"},)"
                                            R"({"name":"message","type":3,"value":"hello"})",
                                            "530");
    ASSERT_EQ(listed.buttons.size(), 4U) << listed.content << listed.trouble;

    const auto turned = discords[1]->press(other.message_id, listed.buttons[2].custom_id, "530");

    EXPECT_THAT(listed.embed, HasSubstr("11 channels, newest first"));
    EXPECT_THAT(turned.embed, HasSubstr("<#520>: **The Maestro**")) << turned.trouble;
    EXPECT_EQ(postgres.query("SELECT guild_id FROM activated_channels WHERE channel_id = '520'"),
              "900");
}

TEST_F(Platform, BurstInAColdChannelIsOneLookupOfEachBot) {
    constexpr std::size_t writers = 40;
    constexpr std::size_t messages = 5;
    ASSERT_EQ(send(gateways[0].url(), "POST", "/user/channel/activate",
                   R"({"channelId":"501","personalitySlug":"maestro","guildId":"900"})", moderator)
                  .status,
              201);
    // One that arrives during the burst would have the channel looked up again.
    for (const Service& bot : bots) {
        ASSERT_TRUE(eventually([&] {
            return sample(bot, R"(tutti_cache_invalidations_total{cache="channel-activation"})") ==
                   1;
        }));
    }
    const auto asked = [&] {
        return fronts[0]->count("POST /ai/generate") + fronts[1]->count("POST /ai/generate");
    };
    const std::size_t asked_before = asked();
    const std::size_t heard = heard_by(0) + heard_by(1);
    for (const char* channel : {"501", "502"}) {
        open(channel);
        at_once(writers, [&](std::size_t writer) {
            for (std::size_t i = 0; i < messages; ++i) discords[writer % 2]->say(channel, "hello");
        });
    }
    ASSERT_TRUE(eventually(
        [&] { return heard_by(0) + heard_by(1) == heard + 2 * writers * messages; }, 60s));

    EXPECT_EQ(asked() - asked_before, writers * messages) << "those of 501, and none of 502";
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
        return read<domain::GetPersonalityResponse>(
                   send(gateway.url(), "GET", "/user/personality/maestro", {}, moderator))
            .personality.display_name;
    };
    // What a worker would be told.
    const auto told = [this](std::size_t bot) {
        EXPECT_TRUE(say(bot, "503").handled);
        return redis.command(
            {"EVAL",
             "local e = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', '1')[1][2] "
             "for i = 1, #e, 2 do if e[i] == 'jobId' then "
             "return redis.call('HGET', KEYS[1] .. ':job:' .. e[i + 1], 'data') end end",
             "1", "ai-requests"});
    };
    ASSERT_THAT(activate(0, "503").content, HasSubstr("ctivated **"));
    for (const Service& gateway : gateways) EXPECT_EQ(name(gateway), "The Maestro");
    for (const std::size_t bot : {0U, 1U}) EXPECT_THAT(told(bot), HasSubstr("\"The Maestro\""));

    postgres.query(
        "UPDATE personalities SET display_name = 'The Drummer', updated_at = now() "
        "WHERE slug = 'maestro'");

    for (const Service& gateway : gateways) {
        EXPECT_TRUE(eventually([&] { return name(gateway) == "The Drummer"; }, 5s));
    }
    for (const std::size_t bot : {0U, 1U}) {
        EXPECT_TRUE(eventually([&] { return told(bot).contains("\"The Drummer\""); }, 5s));
    }
}

TEST_F(Platform, EachSaysWhatSeveralInstancesTakeOnceItSeesThem) {
    // The first one was alone when it started; it looks again every 5 s.
    const auto says = [](const Service& service, std::string_view text) {
        return eventually([&] { return service.written().contains(text); }, 15s);
    };
    for (const Service& gateway : gateways) {
        EXPECT_TRUE(says(gateway, "2 instances of api-gateway"));
        EXPECT_TRUE(says(gateway, "nothing to do"));
    }
    for (const Service& bot : bots) {
        EXPECT_TRUE(says(bot, "2 instances of bot-client"));
        EXPECT_TRUE(says(bot, "can skip: notification-cooldown"));
    }
    EXPECT_THAT(get(gateways[1], "/audit").body, HasSubstr("gateway-2"));
    EXPECT_THAT(get(bots[1], "/audit").body, HasSubstr("bot-2"));
    EXPECT_THAT(get(bots[1], "/holdings?channel=cache:invalidation&key=7").body,
                HasSubstr(R"({"node":"bot-2","member":"bot-2)"));
    EXPECT_EQ(get(gateways[1], "/holdings?channel=cache:invalidation").status, 400);
}

class PlatformModels : public Platform {
protected:
    std::size_t vision_models(const Service& gateway) {
        return read<Count>(get(gateway, "/models/vision")).count;
    }
    void behave(const std::string& how) {
        ASSERT_EQ(send(provider.url(), "PUT", "/behaviour", how).status, 204);
    }
    http::Response refresh(const Service& gateway) {
        return send(gateway.url(), "POST", "/models/refresh", {}, bot_owner);
    }
};

TEST_F(PlatformModels, ColdCatalogueOfBothGatewaysIsOneCall) {
    behave(R"({"delayMs":200})");
    std::array<http::Response, 8> responses;

    at_once(responses.size(),
            [&](std::size_t i) { responses[i] = get(gateways[i % 2], "/models"); });

    for (const http::Response& response : responses) {
        EXPECT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.body, responses[0].body);
    }
    EXPECT_THAT(provider_calls(), ::testing::StartsWith(R"({"models":1,)"));
}

// What a refresh promises the others: Redis has it at once, so whoever has no list in memory takes
// it from there. Who has one keeps it for up to the 5 min of its memory, which the audit grants.
TEST_F(PlatformModels, RefreshOnOneGatewayIsTheListOfAllThatReadRedis) {
    const std::size_t before = vision_models(gateways[0]);
    behave(R"({"models":3})");

    EXPECT_THAT(refresh(gateways[0]).body, HasSubstr(R"("modelCount":3)"));

    EXPECT_EQ(vision_models(gateways[0]), 1U);
    EXPECT_EQ(vision_models(gateways[1]), 1U) << "nothing in memory until now";
    EXPECT_THAT(provider_calls(), ::testing::StartsWith(R"({"models":2,)"));
    behave(R"({})");
    EXPECT_THAT(refresh(gateways[0]).body, HasSubstr(R"("modelCount":300)"));
    EXPECT_EQ(vision_models(gateways[0]), before);
    EXPECT_EQ(vision_models(gateways[1]), 1U) << "from memory, and no call";
    EXPECT_THAT(provider_calls(), ::testing::StartsWith(R"({"models":3,)"));
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
    http::Response generate(const Service& gateway, const std::string& message = "hello") {
        return send(gateway.url(), "POST", "/ai/generate",
                    R"({"personality":{"name":"maestro"},"context":{"userId":"7"},"userApiKey":")" +
                        std::string(user_key) + R"(","message":")" + message + "\"}");
    }
    std::string jobs() { return redis.command({"XLEN", "ai-requests"}); }
};

TEST_F(PlatformJobs, SameRequestAtBothGatewaysAtOnceIsOneJobThatBothKnow) {
    std::array<http::Response, 16> responses;

    at_once(responses.size(), [&](std::size_t i) { responses[i] = generate(gateways[i % 2]); });

    std::multiset<int> statuses;
    std::set<std::string> ids;
    for (const http::Response& response : responses) {
        statuses.insert(response.status);
        if (response.status != 503) ids.insert(read<Job>(response).job_id);
    }
    EXPECT_EQ(statuses.count(202), 1U);
    // 503: asked before the first one's job was in the queue.
    EXPECT_EQ(statuses.count(200) + statuses.count(503), responses.size() - 1);
    for (const Service& gateway : gateways) EXPECT_EQ(generate(gateway).status, 200);
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

// What a user has attached goes from the provider's place to the folder that the gateways share,
// and the job names the gateway that has fetched it.
TEST_F(PlatformJobs, AttachmentIsServedByBothGatewaysAndItsSignatureIsNotLogged) {
    constexpr const char* signature = "hm=5194a7c0ffee";
    const auto discord = [&](const std::string& path) {
        return R"({"contentType":"image/png","name":"cat.png","url":"https://cdn.discordapp.com)" +
               path + "?ex=66&" + signature + "\"}";
    };

    const auto response =
        send(gateways[0].url(), "POST", "/ai/generate",
             R"({"personality":{"name":"maestro"},"message":"look","context":{"userId":"7",
                 "attachments":[)" +
                 discord("/attachments/1/2/cat.png") + ',' + discord("/gone.png") + "]}}");

    ASSERT_EQ(response.status, 202) << response.body;
    const std::string request_id = read<Job>(response).request_id;
    const std::string path = "/temp-attachments/" + request_id + "/cat.png";
    EXPECT_THAT(redis.command({"HGET", "ai-requests:job:llm-" + request_id, "data"}),
                AllOf(HasSubstr(gateways[0].url() + path),
                      HasSubstr(std::string("/gone.png?ex=66&") + signature)));
    for (const Service& gateway : gateways) {
        EXPECT_EQ(get(gateway, path).body, "the attachment cat.png");
    }
    EXPECT_TRUE(eventually([this] { return gateways[0].written().contains("/gone.png: "); }));
    EXPECT_THAT(gateways[0].written(), ::testing::Not(HasSubstr(signature)));
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
