// The scripts: what they keep in Redis, and what becomes of it when parts are lost.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client.hpp"
#include "coherence/wire.hpp"
#include "support/redis_server.hpp"
#include "support/word.hpp"

namespace tests {
namespace {

using namespace tutti;

const std::string log_channel = "cache:x";
const std::string base = "tutti:{test/0/cache:x}";

class RedisLog : public testing::Test {
protected:
    Result<Published> publish(std::vector<std::string> keys) {
        return client.publish(
            {.channel = log_channel, .changed = {.keys = std::move(keys)}, .plain_events = {}});
    }
    Result<Renewed> renew(const std::string& member, BusPosition applied, Duration lease = 3s) {
        return client.renew(
            {.channel = log_channel, .member = member, .applied = applied, .lease = lease});
    }
    std::string field(const std::string& name) {
        return server.command({"HGET", base + ":m", name});
    }
    std::string applied(const std::string& member) {
        return server.command({"ZSCORE", base + ":acks", member});
    }

    RedisServer server;
    Client client{server.url()};
};

std::string sha1_16(const std::string& text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha1(), nullptr);
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | digest[i];
    return wire::hex(number);
}

TEST_F(RedisLog, SequencesAreDenseAndEachEntryIsChainedToTheOneBefore) {
    const auto first = publish({"a"});
    const auto second = publish({"b", "c"});

    ASSERT_TRUE(first) << first.error().message();
    ASSERT_TRUE(second);
    const std::string epoch = wire::hex(std::to_underlying(first->position.epoch));
    const std::string chain1 = wire::hex(std::to_underlying(first->position.chain));
    EXPECT_EQ(first->position.sequence, 1U);
    EXPECT_NE(chain1, sha1_16(epoch + ":1:1:a,")) << "another history could have it, too";
    EXPECT_EQ(second->position.epoch, first->position.epoch);
    EXPECT_EQ(second->position.sequence, 2U);
    EXPECT_EQ(server.command({"XRANGE", base + ":log", "1-0", "1-0"}),
              "1-0\np\n" + epoch + "\nh\n" + chain1 + "\nk\n1:a,");
    EXPECT_EQ(server.command({"XRANGE", base + ":log", "2-0", "2-0"}),
              "2-0\np\n" + chain1 + "\nh\n" +
                  wire::hex(std::to_underlying(second->position.chain)) + "\nk\n1:b,1:c,");
    EXPECT_EQ(field("v"), "1");
    EXPECT_EQ(field("s"), "2");
    EXPECT_EQ(server.command({"TTL", base + ":m"}), "-1");
}

TEST_F(RedisLog, ReplayReturnsWhatWasPublished) {
    const auto first = publish({"a"});
    const auto second = client.publish(
        {.channel = log_channel, .changed = KeySet::everything(), .plain_events = {}});
    ASSERT_TRUE(publish({}));

    const auto all = client.replay(log_channel, 1, 100);
    const auto middle = client.replay(log_channel, 2, 2);
    const auto none = client.replay(log_channel, 4, 9);

    ASSERT_TRUE(all) << all.error().message();
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].position, first->position);
    EXPECT_EQ((*all)[0].changed.keys, std::vector<std::string>{"a"});
    EXPECT_EQ((*all)[1].position, second->position);
    EXPECT_EQ((*all)[1].previous, first->position.chain);
    EXPECT_TRUE((*all)[1].changed.all);
    EXPECT_EQ((*all)[2].changed, KeySet{});
    ASSERT_EQ(middle->size(), 1U);
    EXPECT_EQ(middle->front().position, second->position);
    EXPECT_TRUE(none->empty());
    EXPECT_TRUE(client.replay("cache:nobody", 1, 9)->empty());
}

TEST_F(RedisLog, ReplayReadsALongLogInPages) {
    ASSERT_TRUE(publish({"0"}));  // so that the server knows the script, and the order is kept
    std::vector<std::future<Result<Published>>> published;
    for (int i = 1; i < 2500; ++i) {
        auto promise = std::make_shared<std::promise<Result<Published>>>();
        published.push_back(promise->get_future());
        client.bus().publish(
            {.channel = log_channel, .changed = {.keys = {std::to_string(i)}}, .plain_events = {}},
            soon(10s), [promise](auto result) { promise->set_value(std::move(result)); });
    }
    for (auto& one : published) ASSERT_TRUE(one.get());

    const auto entries = client.replay(log_channel, 1, 2500);

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2500U);
    for (std::size_t i = 0; i < entries->size(); ++i) {
        EXPECT_EQ((*entries)[i].position.sequence, i + 1);
        EXPECT_EQ((*entries)[i].changed.keys.front(), std::to_string(i));
    }
}

TEST_F(RedisLog, TheLogIsBoundedInBytes) {
    const std::string key(60'000, 'k');
    constexpr int entries = 1500;  // 90 MB

    for (int i = 0; i < entries; ++i) ASSERT_TRUE(publish({key}));

    const auto kept = std::stoul(server.command({"XLEN", base + ":log"})) * key.size();
    EXPECT_LE(kept, redis::RedisBus::log_bytes_max);
    EXPECT_GE(kept, redis::RedisBus::log_bytes_max / 3);
    EXPECT_EQ(client.replay(log_channel, entries, entries)->size(), 1U);
    EXPECT_TRUE(client.replay(log_channel, 1, 1)->empty());
}

TEST_F(RedisLog, RenewRegistersAndNeverLowersWhatWasApplied) {
    const auto position = publish({"a"})->position;
    ASSERT_EQ(publish({"b"})->position.sequence, 2U);

    ASSERT_TRUE(renew("one", position));
    EXPECT_EQ(applied("one"), "1");
    const auto renewed = renew("one", {.epoch = position.epoch, .sequence = 2});
    EXPECT_EQ(applied("one"), "2");
    ASSERT_TRUE(renew("one", position));

    EXPECT_EQ(applied("one"), "2");
    EXPECT_EQ(renewed->position.sequence, 2U);
    EXPECT_EQ(field("n"), "1");
    EXPECT_TRUE(field("m:one").starts_with("3000 ")) << "its lease, and when that lapses";
}

TEST_F(RedisLog, APositionOfAnotherEpochOrBeyondTheLogCountsAsNothing) {
    const auto position = publish({"a"})->position;

    ASSERT_TRUE(renew("foreign", {.epoch = Epoch{1}, .sequence = 1}));
    ASSERT_TRUE(renew("beyond", {.epoch = position.epoch, .sequence = 2}));

    EXPECT_EQ(applied("foreign"), "0");
    EXPECT_EQ(applied("beyond"), "0");
}

TEST_F(RedisLog, LeaveForgetsTheMemberOnce) {
    ASSERT_TRUE(renew("one", {}));
    ASSERT_TRUE(renew("two", {}));
    const auto before = renew("two", {})->position;

    ASSERT_TRUE(client.leave(log_channel, "one"));
    ASSERT_TRUE(client.leave(log_channel, "one"));
    ASSERT_TRUE(client.leave(log_channel, "never there"));

    EXPECT_EQ(server.command({"ZRANGE", base + ":acks", "0", "-1"}), "two");
    EXPECT_EQ(field("m:one"), "(nil)");
    EXPECT_EQ(field("n"), "1");
    EXPECT_EQ(renew("two", {})->position.epoch, before.epoch);
}

class RedisLeases : public RedisLog {
protected:
    Duration longest() {
        return client.publish({.channel = log_channel, .changed = {}, .plain_events = {}})->lease;
    }
    void set(const std::string& name, const std::string& value) {
        server.command({"HSET", base + ":m", name, value});
    }
    void age(Duration by) {
        server.command({"HINCRBY", base + ":m", "k", std::to_string(by / 1ms)});
    }
};

TEST_F(RedisLeases, NothingThatIsWrittenThereLastsLongerThanALeaseMay) {
    ASSERT_TRUE(renew("one", {}, 3s));
    for (const char* hostile : {"34560000000 99999999999999", "600000 9007199254740990"}) {
        set("m:odd", hostile);
        set("t", "34560000000");
        set("d", "");
        EXPECT_EQ(longest(), 10min);

        EXPECT_EQ(renew("one", {}, 3s)->lease, 10min);
        age(20min + 4s);
        EXPECT_EQ(renew("one", {}, 3s)->lease, 10min);
        age(2s);
        EXPECT_EQ(renew("one", {}, 3s)->lease, 3s);
    }
}

class GarbageOfLeases : public RedisLeases,
                        public testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(GarbageOfLeases, IsOvercome) {
    const auto [name, value] = GetParam();
    ASSERT_TRUE(renew("one", {}, 3s));
    const Epoch before = publish({"a"})->position.epoch;
    set(name, value);

    EXPECT_TRUE(renew("two", {}, 2s));
    age(1h);
    EXPECT_TRUE(renew("one", {}, 3s));
    age(1h);
    const auto renewed = renew("one", {}, 3s);

    ASSERT_TRUE(renewed) << renewed.error().message();
    EXPECT_EQ(renewed->lease, 3s);
    EXPECT_EQ(renewed->position.epoch, before);
    EXPECT_EQ(server.command({"ZRANGE", base + ":acks", "0", "-1"}), "one");
}

INSTANTIATE_TEST_SUITE_P(
    Redis, GarbageOfLeases,
    testing::Values(std::pair{"m:x", ""}, std::pair{"m:x", "17"}, std::pair{"m:x", "-5 -5"},
                    std::pair{"m:one", "nan inf"}, std::pair{"m:one", "3000"},
                    std::pair{"m:x", "99999999999999999999 1"}, std::pair{"t", "garbage"},
                    std::pair{"t", "-1"}, std::pair{"t", "1e300"}, std::pair{"d", "x"},
                    std::pair{"d", "-1"}, std::pair{"u", "99999999999999"}, std::pair{"u", "nan"},
                    std::pair{"k", "inf"}, std::pair{"k", "-7"}),
    Word());

// Versions before this one raise `t` and leave no record beside the member.
TEST_F(RedisLeases, OfAnOlderVersionCountsUntilItLapses) {
    set("t", "60000");
    set("m:old", "5");

    EXPECT_EQ(renew("one", {}, 3s)->lease, 60s);
    EXPECT_EQ(longest(), 60s);
    age(124s);
    EXPECT_EQ(renew("one", {}, 3s)->lease, 60s);
    set("m:old", "6");  // its next renewal
    age(124s);
    EXPECT_EQ(renew("one", {}, 3s)->lease, 60s) << "one that renews is waited for";
    age(126s);
    EXPECT_EQ(renew("one", {}, 3s)->lease, 3s);
}

// One that was forgotten while it may serve would not be waited for.
TEST_F(RedisLeases, AMemberOfAnOlderVersionStaysUntilItsLeaseLapses) {
    ASSERT_TRUE(renew("one", {}, 3s));
    ASSERT_TRUE(renew("two", {}, 3s));
    set("m:old", "5");
    server.command({"ZADD", base + ":acks", "0", "old"});
    server.command({"HINCRBY", base + ":m", "n", "1"});

    ASSERT_TRUE(client.leave(log_channel, "two"));
    EXPECT_EQ(applied("old"), "0");
    EXPECT_EQ(publish({"a"})->members, 2U);
    age(12s);
    ASSERT_TRUE(renew("one", {}, 3s));

    EXPECT_EQ(applied("old"), "(nil)");
    EXPECT_EQ(publish({"a"})->members, 1U);
}

TEST_F(RedisLeases, TheLastRenewalOfAMemberThatAnOlderVersionForgotIsForgotten) {
    ASSERT_TRUE(renew("one", {}, 3s));
    ASSERT_TRUE(renew("two", {}, 3s));
    server.command({"ZREM", base + ":acks", "one"});
    server.command({"HDEL", base + ":m", "m:one"});
    server.command({"HINCRBY", base + ":m", "n", "-1"});
    ASSERT_EQ(field("x:one"), "1");

    age(12s);
    ASSERT_TRUE(renew("two", {}, 3s));

    EXPECT_EQ(field("x:one"), "(nil)");
    EXPECT_EQ(field("x:two"), "3");
    EXPECT_EQ(publish({"a"})->members, 1U);
}

TEST_F(RedisLeases, OfManyMembersSurviveARotation) {
    constexpr int members = 1500;
    std::vector<std::string> words{"HSET", base + ":m"};
    for (int i = 0; i < members; ++i) {
        words.push_back("m:" + std::to_string(i));
        words.push_back("60000 100000");
    }
    ASSERT_TRUE(renew("one", {}, 3s));
    server.command(words);
    server.command({"DEL", base + ":acks"});

    EXPECT_EQ(renew("one", {}, 3s)->position.sequence, 0U);
    EXPECT_EQ(std::stoi(server.command({"HLEN", base + ":m"})), members + 1 + 16);
}

class LostPart : public RedisLog, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(LostPart, BecomesANewEpochThatStartsEmpty) {
    ASSERT_TRUE(renew("one", {}));
    const auto before = publish({"a"})->position;

    server.command(GetParam());
    const auto renewed = renew("one", before);
    const auto after = publish({"b"});

    ASSERT_TRUE(renewed) << renewed.error().message();
    EXPECT_NE(renewed->position.epoch, before.epoch);
    EXPECT_EQ(renewed->position.sequence, 0U);
    EXPECT_EQ(std::to_underlying(renewed->position.chain),
              std::to_underlying(renewed->position.epoch));
    EXPECT_EQ(applied("one"), "0");
    ASSERT_TRUE(after);
    EXPECT_EQ(after->position.epoch, renewed->position.epoch);
    EXPECT_EQ(after->position.sequence, 1U);
    EXPECT_EQ(client.replay(log_channel, 1, 9)->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Redis, LostPart,
    testing::Values(std::vector<std::string>{"DEL", base + ":m"},
                    std::vector<std::string>{"DEL", base + ":acks"},
                    std::vector<std::string>{"FLUSHALL"},
                    std::vector<std::string>{"SET", base + ":m", "of another type"},
                    std::vector<std::string>{"SET", base + ":acks", "of another type"},
                    std::vector<std::string>{"ZREM", base + ":acks", "one"},
                    std::vector<std::string>{"HSET", base + ":m", "e", "garbage"},
                    std::vector<std::string>{"HSET", base + ":m", "s", "garbage"},
                    std::vector<std::string>{"HDEL", base + ":m", "h"},
                    std::vector<std::string>{"HSET", base + ":m", "r", std::string(40, 'a')}),
    Word());

TEST_F(RedisLog, ALostLogAloneIsNoNewEpochAndReplayReturnsNothing) {
    const auto before = publish({"a"})->position;

    server.command({"DEL", base + ":log"});
    const auto after = publish({"b"});

    EXPECT_EQ(after->position.epoch, before.epoch);
    EXPECT_EQ(after->position.sequence, 2U);
    ASSERT_EQ(client.replay(log_channel, 1, 2)->size(), 1U);
    EXPECT_EQ(client.replay(log_channel, 1, 2)->front().previous, before.chain);
}

class LogThatRefuses : public RedisLog,
                       public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(LogThatRefuses, BecomesANewEpochInTheSamePublication) {
    const auto before = publish({"a"})->position;

    for (const auto& words : {std::vector<std::string>{"DEL", base + ":log"}, GetParam()})
        server.command(words);
    const auto after = publish({"b"});

    ASSERT_TRUE(after) << after.error().message();
    EXPECT_NE(after->position.epoch, before.epoch);
    EXPECT_EQ(after->position.sequence, 1U);
    EXPECT_EQ(client.replay(log_channel, 1, 9)->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Redis, LogThatRefuses,
    testing::Values(std::vector<std::string>{"XADD", base + ":log", "50-0", "p", "x"},
                    std::vector<std::string>{"XADD", base + ":log", "2-0", "p", "x"},
                    std::vector<std::string>{"XADD", base + ":log",
                                             "18446744073709551615-18446744073709551615", "p", "x"},
                    std::vector<std::string>{"SET", base + ":log", "of another type"}),
    Word());

TEST_F(RedisLog, AnEntryThatDoesNotDecodeEndsTheReplay) {
    ASSERT_TRUE(publish({"a"}));
    server.command({"XADD", base + ":log", "2-0", "garbage", "x"});

    const auto entries = client.replay(log_channel, 1, 9);

    ASSERT_TRUE(entries);
    EXPECT_EQ(entries->size(), 1U);
}

TEST_F(RedisLog, EveryNewEpochIsFreshlyRandom) {
    std::set<Epoch> epochs;

    for (int i = 0; i < 20; ++i) {
        epochs.insert(publish({"a"})->position.epoch);
        server.command({"FLUSHALL"});
    }

    EXPECT_EQ(epochs.size(), 20U);
    EXPECT_FALSE(epochs.contains(Epoch::none));
}

TEST_F(RedisLog, AFormatThatIsNotKnownIsRefusedAndLeftAlone) {
    ASSERT_TRUE(publish({"a"}));
    server.command({"HSET", base + ":m", "v", "2"});

    const auto refused = publish({"b"});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unsupported);
    EXPECT_NE(refused.error().cause.find("format 2"), std::string::npos) << refused.error().cause;
    EXPECT_EQ(field("s"), "1");
}

TEST_F(RedisLog, ScriptsSurviveScriptFlush) {
    const auto before = publish({"a"})->position;

    server.command({"SCRIPT", "FLUSH"});
    const auto after = publish({"b"});

    ASSERT_TRUE(after) << after.error().message();
    EXPECT_EQ(after->position.epoch, before.epoch);
    EXPECT_EQ(after->position.sequence, 2U);
    EXPECT_TRUE(
        client.renew({.channel = log_channel, .member = "one", .applied = {}, .lease = 3s}));
}

TEST_F(RedisLog, PublishingGoesOnWhenMemoryIsFull) {
    ASSERT_TRUE(publish({"a"}));

    server.command({"CONFIG", "SET", "maxmemory", "1"});

    EXPECT_TRUE(publish({"b"}));
    EXPECT_TRUE(renew("one", {}));
    const auto put = client.put("k", "v");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, Errc::unavailable);
}

TEST_F(RedisLog, OverTheLimitsIsRefusedWithoutSending) {
    const auto refused = [&](PublishRequest request) {
        const auto result = client.publish(std::move(request));
        return !result && result.error().code == Errc::too_large;
    };

    EXPECT_TRUE(refused({.channel = log_channel,
                         .changed = {.keys = std::vector<std::string>(1001, "k")},
                         .plain_events = {}}));
    EXPECT_TRUE(refused({.channel = log_channel,
                         .changed = {.keys = {std::string(65'536, 'k')}},
                         .plain_events = {}}));
    EXPECT_TRUE(refused(
        {.channel = log_channel, .changed = {}, .plain_events = {std::string(65'537, 'e')}}));
    EXPECT_TRUE(refused({.channel = log_channel,
                         .changed = {},
                         .plain_events = std::vector<std::string>(1001, "e")}));
    EXPECT_EQ(server.command({"EXISTS", base + ":m"}), "0");
    EXPECT_TRUE(publish(std::vector<std::string>(1000, std::string(60, 'k'))));
    EXPECT_TRUE(publish({std::string(65'000, 'k')}));
}

TEST_F(RedisLog, AChannelWithBracesIsRefused) {
    const auto refused = client.publish({.channel = "a}b", .changed = {}, .plain_events = {}});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_option);
}

TEST_F(RedisLog, AppsAndDatabasesHaveLogsOfTheirOwn) {
    Client other_app({.url = server.url(), .app = "other"});
    Client other_database({.url = server.url() + "/3", .app = "test"});

    ASSERT_TRUE(publish({"a"}));
    const PublishRequest request{.channel = log_channel, .changed = {}, .plain_events = {}};

    EXPECT_EQ(other_app.publish(request)->position.sequence, 1U);
    EXPECT_EQ(other_database.publish(request)->position.sequence, 1U);
    EXPECT_EQ(publish({"b"})->position.sequence, 2U);
}

}  // namespace
}  // namespace tests
