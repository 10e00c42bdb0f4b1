// The scripts of the store: what they keep in Redis, and what foreign programs and a full or
// forgetful server do to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
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
    static ValueAddress framed(const std::string& key = "1") {
        return {.channel = "cache:x", .prefix = "f:", .key = key};
    }
    static ValueAddress raw(const std::string& key = "1") {
        return {.channel = "cache:x", .prefix = "r:", .key = key, .form = ValueAddress::Form::raw};
    }
    Result<Fetched> fetch(const ValueAddress& address, const LoadToken& token = "a") {
        return client.fetch({.address = address, .token = token, .claim_for = 60s});
    }
    Result<Filled> fill(const ValueAddress& address, const LoadToken& token,
                        const std::string& bytes) {
        return client.fill({.address = address,
                            .token = token,
                            .bytes = bytes,
                            .fresh_for = 60s,
                            .keep_for = 90s});
    }
    Result<Filled> offer(const ValueAddress& address, const std::string& bytes) {
        const auto claimed = client.fetch({.address = address,
                                           .token = "offer",
                                           .claim_for = 60s,
                                           .age_max = Duration::zero(),
                                           .take_over = true});
        if (!claimed) return fail(claimed.error());
        return fill(address, "offer", bytes);
    }

    std::vector<Result<Fetched>> fetch_all(const std::vector<ValueAddress>& addresses) {
        std::vector<std::promise<Result<Fetched>>> answers(addresses.size());
        std::vector<Store::Fetch> fetches;
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            fetches.push_back({.request = {.address = addresses[i], .token = "a", .claim_for = 60s},
                               .done = [&answer = answers[i]](Result<Fetched> got) {
                                   answer.set_value(std::move(got));
                               }});
        }
        client.store().fetch_many(std::move(fetches), soon());
        std::vector<Result<Fetched>> all;
        for (auto& answer : answers) all.push_back(answer.get_future().get());
        return all;
    }
    std::vector<Result<Filled>> fill_all(const std::vector<ValueAddress>& addresses,
                                         const std::string& bytes) {
        std::vector<std::promise<Result<Filled>>> answers(addresses.size());
        std::vector<Store::Fill> fills;
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            fills.push_back({.request = {.address = addresses[i],
                                         .token = "a",
                                         .bytes = bytes,
                                         .fresh_for = 60s,
                                         .keep_for = 90s},
                             .done = [&answer = answers[i]](Result<Filled> got) {
                                 answer.set_value(std::move(got));
                             }});
        }
        client.store().fill_many(std::move(fills), soon());
        std::vector<Result<Filled>> all;
        for (auto& answer : answers) all.push_back(answer.get_future().get());
        return all;
    }
    // Since `CONFIG RESETSTAT`.
    int scripts_run() {
        const std::string info = server.command({"INFO", "commandstats"});
        const std::string before = "cmdstat_evalsha:calls=";
        const std::size_t at = info.find(before);
        return at == std::string::npos ? 0 : std::stoi(info.substr(at + before.size()));
    }

    RedisServer server;
    // A script over the largest value takes its time on a machine that has other work.
    Client client{
        tutti::redis::OpenOptions{.url = server.url(), .app = "test", .stall_timeout = 15s}};
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

    for (const ValueAddress& address : {framed(), raw()}) {
        EXPECT_EQ(fetch(address)->claim, ours);
        EXPECT_FALSE(fetch(address)->value);
        EXPECT_EQ(fill(address, "a", "value"), Filled::stored);
        EXPECT_EQ(fetch(address)->value->bytes, "value");
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
    ValueAddress address = raw();
    address.foreign_writers = true;

    const auto fetched = fetch(address);

    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, Errc::too_large);
    EXPECT_EQ(client.get("nobody"), std::nullopt);
    EXPECT_EQ(server.command({"EXISTS", "tutti:claim:r:1"}), "0");
}

TEST_F(RedisValues, AHundredAreFetchedByOneScript) {
    ASSERT_TRUE(fetch(framed()));
    server.command({"CONFIG", "RESETSTAT"});
    std::vector<ValueAddress> addresses;
    for (int i = 0; i < 250; ++i) addresses.push_back(framed(std::to_string(i)));

    const auto all = fetch_all(addresses);

    EXPECT_EQ(scripts_run(), 3);
    EXPECT_TRUE(std::ranges::all_of(all, [](const auto& one) { return one->claim == ours; }));
    EXPECT_EQ(client.count("tutti:claim:f:"), 250U);
}

TEST_F(RedisValues, AValueForWhichTheAnswerHasNoRoomIsFetchedByAScriptOfItsOwn) {
    const std::string large(600'000, 'v');
    for (const char* key : {"1", "2", "3"}) ASSERT_EQ(offer(framed(key), large), Filled::stored);
    ASSERT_EQ(offer(framed("small"), "small"), Filled::stored);
    server.command({"CONFIG", "RESETSTAT"});

    const auto all = fetch_all({framed("1"), framed("2"), framed("small"), framed("3")});

    EXPECT_EQ(scripts_run(), 3);
    for (const std::size_t i : {0U, 1U, 3U}) EXPECT_TRUE(all[i]->value->bytes == large);
    EXPECT_EQ(all[2]->value->bytes, "small");
}

TEST_F(RedisValues, AHundredAreStoredByOneScript) {
    std::vector<ValueAddress> addresses;
    for (int i = 0; i < 250; ++i) addresses.push_back(framed(std::to_string(i)));
    fetch_all(addresses);
    server.command({"CONFIG", "RESETSTAT"});

    const auto all = fill_all(addresses, "value");

    EXPECT_EQ(scripts_run(), 3);
    for (const auto& one : all) EXPECT_EQ(one, Filled::stored);
    EXPECT_EQ(client.count("f:"), 250U);
    EXPECT_EQ(client.count("tutti:claim:f:"), 0U);
}

TEST_F(RedisValues, AMebibyteIsStoredByOneScript) {
    const std::vector<ValueAddress> addresses{framed("1"), framed("2"), framed("3"), framed("4")};
    fetch_all(addresses);
    server.command({"CONFIG", "RESETSTAT"});

    const auto all = fill_all(addresses, std::string(512UL * 1024, 'v'));

    EXPECT_EQ(scripts_run(), 2);
    for (const auto& one : all) EXPECT_EQ(one, Filled::stored);
}

TEST_F(RedisValues, WhenMemoryIsFullEachOfThoseThatAreStoredTogetherIsToldSo) {
    const std::vector<ValueAddress> addresses{framed("1"), framed("2")};
    fetch_all(addresses);
    server.command({"CONFIG", "SET", "maxmemory", "1"});

    const auto all = fill_all(addresses, "value");

    EXPECT_EQ(all[0].error().code, Errc::unavailable);
    EXPECT_EQ(all[1].error().code, Errc::unavailable);
    EXPECT_EQ(client.release(framed("2"), "a"), true);
}

TEST_F(RedisValues, AForeignOneThatIsTooLargeIsTheErrorOfItsKeyAlone) {
    server.command({"SETRANGE", "r:1", std::to_string(Store::value_bytes_max), "x"});
    server.command({"SET", "r:2", "value"});
    std::vector<ValueAddress> addresses{raw("1"), raw("2"), raw("3")};
    for (ValueAddress& address : addresses) address.foreign_writers = true;

    const auto all = fetch_all(addresses);

    EXPECT_EQ(all[0].error().code, Errc::too_large);
    EXPECT_EQ(all[1]->value->bytes, "value");
    EXPECT_EQ(all[2]->claim, ours);
}

TEST_F(RedisValues, SeveralSurviveScriptFlush) {
    server.command({"SCRIPT", "FLUSH"});

    const auto all = fetch_all({framed("1"), framed("2")});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_EQ(all[1]->claim, ours);
    server.command({"SCRIPT", "FLUSH"});
    for (const auto& one : fill_all({framed("1"), framed("2")}, "value"))
        EXPECT_EQ(one, Filled::stored);
}

TEST_F(RedisValues, TheLargestValuePassesInBothForms) {
    const std::string largest(Store::value_bytes_max, 'v');

    for (const ValueAddress& address : {framed(), raw()}) {
        ASSERT_EQ(offer(address, largest), Filled::stored);
        const auto fetched = fetch(address);
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
            {.address = framed(), .token = "b", .claim_for = 60s}, soon(),
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
