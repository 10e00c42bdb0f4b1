// The scripts of the store: what they keep in Redis, and what foreign programs and a full or
// forgetful server do to it.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "client.hpp"
#include "support/redis_server.hpp"
#include "support/word.hpp"

namespace tests {
namespace {

using namespace tutti;
using enum Fetched::Claim;

const std::string state = "tutti:{test/0/cache:x}:m";

class RedisValues : public testing::Test {
protected:
    static Place framed(const std::string& key = "1") {
        return {.channel = "cache:x", .prefix = "f:", .key = key};
    }
    static Place raw(const std::string& key = "1") {
        return {.channel = "cache:x", .prefix = "r:", .key = key, .form = Place::Form::raw};
    }
    Result<Fetched> fetch(const Place& place, const LoadToken& token = "a") {
        return client.fetch({.place = place, .token = token, .claim_for = 60s});
    }
    Result<Filled> fill(const Place& place, const LoadToken& token, const std::string& bytes) {
        return client.fill(
            {.place = place, .token = token, .bytes = bytes, .fresh_for = 60s, .keep_for = 90s});
    }
    Result<Filled> offer(const Place& place, const std::string& bytes) {
        const auto claimed = client.fetch({.place = place,
                                           .token = "offer",
                                           .claim_for = 60s,
                                           .age_max = Duration::zero(),
                                           .take_over = true});
        if (!claimed) return fail(claimed.error());
        return fill(place, "offer", bytes);
    }

    RedisServer server;
    Client client{server.url()};
};

TEST_F(RedisValues, AreFramedByEpochGenerationRankAndLifetimes) {
    ASSERT_TRUE(client.drop("cache:x", {}));
    ASSERT_EQ(offer(framed(), "value"), Filled::stored);

    const std::string epoch = server.command({"HGET", state, "e"});
    EXPECT_EQ(server.command({"GET", "f:1"}), "1 " + epoch + " 1 - 60000 90000\nvalue");
    EXPECT_EQ(server.command({"HGET", state, "p"}), "2:f:,");
    EXPECT_LE(std::stoi(server.command({"PTTL", "f:1"})), 90'000);
    EXPECT_EQ(server.command({"EXISTS", "tutti:claim:f:1", "tutti:value:f:1"}), "0");
}

TEST_F(RedisValues, OfTheRawFormHaveTheirTagBesideThem) {
    ASSERT_EQ(offer(raw(), "value"), Filled::stored);

    const std::string epoch = server.command({"HGET", state, "e"});
    EXPECT_EQ(server.command({"GET", "r:1"}), "value");
    EXPECT_EQ(server.command({"GET", "tutti:value:r:1"}),
              "1 " + epoch + " 0 60000 60000 f32b67c7e26342af42efabc674d441dca0a281c5");
    EXPECT_GT(std::stoi(server.command({"PTTL", "tutti:value:r:1"})), 0);
    ASSERT_TRUE(client.publish({.channel = "cache:x", .changed = {.keys = {"1"}}}));
    EXPECT_EQ(server.command({"EXISTS", "r:1", "tutti:value:r:1"}), "0");
}

TEST_F(RedisValues, KeysOfAnotherTypeCountAsAbsentAndAreReplaced) {
    for (const char* key :
         {"f:1", "r:1", "tutti:claim:f:1", "tutti:claim:r:1", "tutti:value:r:1"}) {
        server.command({"RPUSH", key, "a list"});
    }

    for (const Place& place : {framed(), raw()}) {
        EXPECT_EQ(fetch(place)->claim, ours);
        EXPECT_FALSE(fetch(place)->value);
        EXPECT_EQ(fill(place, "a", "value"), Filled::stored);
        EXPECT_EQ(fetch(place)->value->bytes, "value");
    }
    server.command({"RPUSH", "list", "a"});
    EXPECT_EQ(client.replace_if_equal("list", "a", "b"), false);
}

TEST_F(RedisValues, APublicationRemovesKeysOfAnotherTypeToo) {
    ASSERT_TRUE(fetch(framed()));
    server.command({"DEL", "tutti:claim:f:1"});
    server.command({"RPUSH", "f:1", "a list"});
    server.command({"RPUSH", "tutti:claim:f:1", "a list"});

    EXPECT_TRUE(client.publish({.channel = "cache:x", .changed = {.keys = {"1"}}}));

    EXPECT_EQ(server.command({"EXISTS", "f:1", "tutti:claim:f:1"}), "0");
}

TEST_F(RedisValues, APublisherThatMayNotTouchThemPublishesNothing) {
    ASSERT_EQ(offer(framed(), "value"), Filled::stored);
    server.command({"ACL", "SETUSER", "narrow", "on", ">s3cret", "+@all", "~tutti:*", "&*"});
    Client narrow("redis://narrow:s3cret@127.0.0.1:" + std::to_string(server.port()));

    const auto refused = narrow.publish({.channel = "cache:x", .changed = {.keys = {"1"}}});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused) << refused.error().message();
    EXPECT_EQ(server.command({"HGET", state, "s"}), "0");
    EXPECT_TRUE(client.replay("cache:x", 1, 9)->empty());
    EXPECT_EQ(fetch(framed())->claim, none);
}

TEST_F(RedisValues, AClaimOrValueThatNeverExpiresIsNotOurs) {
    ASSERT_EQ(fetch(framed())->claim, ours);
    ASSERT_EQ(offer(framed("2"), "value"), Filled::stored);

    server.command({"PERSIST", "tutti:claim:f:1"});
    server.command({"PERSIST", "f:2"});

    EXPECT_EQ(fill(framed(), "a", "value"), Filled::claim_lost);
    EXPECT_EQ(fetch(framed(), "b")->claim, ours);
    EXPECT_EQ(fetch(framed("2"), "b")->claim, ours);
}

TEST_F(RedisValues, AForeignValueThatIsTooLargeIsAnErrorAndTheConnectionStays) {
    server.command({"SETRANGE", "r:1", std::to_string(Store::value_bytes_max), "x"});
    Place place = raw();
    place.foreign_writers = true;

    const auto fetched = fetch(place);

    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, Errc::too_large);
    EXPECT_EQ(client.get("nobody"), std::nullopt);
    EXPECT_EQ(server.command({"EXISTS", "tutti:claim:r:1"}), "0");
}

TEST_F(RedisValues, TheLargestValuePassesInBothForms) {
    const std::string largest(Store::value_bytes_max, 'v');

    for (const Place& place : {framed(), raw()}) {
        ASSERT_EQ(offer(place, largest), Filled::stored);
        const auto fetched = fetch(place);
        ASSERT_TRUE(fetched) << fetched.error().message();
        EXPECT_TRUE(fetched->value && fetched->value->bytes == largest);
    }
}

TEST_F(RedisValues, WhenMemoryIsFullNothingIsStoredAndCoordinationGoesOn) {
    ASSERT_EQ(fetch(framed())->claim, ours);
    ASSERT_EQ(fetch(framed("2"))->claim, ours);

    server.command({"CONFIG", "SET", "maxmemory", "1"});

    EXPECT_EQ(fetch(framed("3")).error().code, Errc::unavailable);
    EXPECT_EQ(fill(framed(), "a", "value").error().code, Errc::unavailable);
    EXPECT_EQ(client.release(framed(), "a"), true);
    EXPECT_TRUE(client.drop("cache:x", {"2"}));
    EXPECT_TRUE(client.drop("cache:x", {}));
    EXPECT_TRUE(client.publish({.channel = "cache:x", .changed = KeySet::everything()}));
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_EQ(fill(framed("2"), "a", "value"), Filled::claim_lost);
}

TEST_F(RedisValues, SurviveScriptFlush) {
    ASSERT_EQ(fetch(framed())->claim, ours);

    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(fill(framed(), "a", "value"), Filled::stored);
    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(fetch(framed())->value->bytes, "value");
    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(client.release(framed(), "a"), false);
    EXPECT_TRUE(client.drop("cache:x", {"1"}));
    EXPECT_EQ(fetch(framed())->claim, ours);
}

TEST_F(RedisValues, AFetchBehindADropNeverSeesWhatWasDroppedEvenWhenTheDropIsUnknown) {
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(offer(framed(), "old"), Filled::stored);
        server.command({"SCRIPT", "FLUSH"});
        ASSERT_EQ(fetch(framed())->claim, none) << "the server knows this script again";
        auto fetched = std::make_shared<std::promise<Result<Fetched>>>();
        auto answer = fetched->get_future();

        client.store().drop("cache:x", {"1"}, soon(), [](Result<void>) {});
        client.store().fetch(
            {.place = framed(), .token = "b", .claim_for = 60s}, soon(),
            [fetched](Result<Fetched> got) { fetched->set_value(std::move(got)); });

        ASSERT_FALSE(answer.get()->value);
        ASSERT_EQ(client.release(framed(), "b"), true);
    }
}

class LostPartOfValues : public RedisValues,
                         public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(LostPartOfValues, OfTheStateOfTheChannelMakesItsValuesAbsent) {
    ASSERT_EQ(offer(framed(), "old"), Filled::stored);
    ASSERT_EQ(fetch(framed("2"))->claim, ours);

    server.command(GetParam());

    EXPECT_FALSE(fetch(framed())->value);
    EXPECT_EQ(fill(framed("2"), "a", "old"), Filled::claim_lost);
    EXPECT_EQ(fetch(framed("2"), "b")->claim, ours);
}

INSTANTIATE_TEST_SUITE_P(RedisValues, LostPartOfValues,
                         testing::Values(std::vector<std::string>{"DEL", state},
                                         std::vector<std::string>{"SET", state, "of another type"},
                                         std::vector<std::string>{"HDEL", state, "g"},
                                         std::vector<std::string>{"HDEL", state, "p"},
                                         std::vector<std::string>{"HSET", state, "p", "2:f:"},
                                         std::vector<std::string>{"HSET", state, "p", "9:f:,"},
                                         std::vector<std::string>{"HSET", state, "g", "garbage"},
                                         std::vector<std::string>{"HSET", state, "r",
                                                                  std::string(40, 'a')}),
                         Word());

}  // namespace
}  // namespace tests
