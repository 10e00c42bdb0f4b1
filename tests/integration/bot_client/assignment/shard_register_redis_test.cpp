// The script of the register on a real Redis, beside what the simulator plays in its place: the
// same steps leave the same records.
#include "bot-client/assignment/shard_register_redis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "bot-client/assignment/shard_record.hpp"
#include "common/redis/client.hpp"
#include "simulation/assignment/played_register.hpp"
#include "simulation/random.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::bot::assignment {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Shards : public ::testing::Test {
protected:
    Register exchange(const Exchange& step) {
        return shards.exchange(step, Boottime::now() + 5s).value();
    }
    // Of a member that wants one record to be written.
    static Exchange writing(std::string server, std::string expected, std::uint64_t turn) {
        return {.server = std::move(server),
                .count = 4,
                .member = "one",
                .beat = std::to_string(turn) + " 4",
                .writes = {{.shard = 2,
                            .expected = std::move(expected),
                            .stamp = record_stamp("one", turn),
                            .content = record_content(false, std::nullopt)}}};
    }

    tests::RedisServer server;
    std::unique_ptr<redis::RedisClient> client =
        redis::RedisClient::create({.url = server.url()}).value();
    RedisShardRegister shards{*client};
};

TEST_F(Shards, TheFirstStepReadsAndTheSecondOneWrites) {
    const Register before = exchange(writing("", "", 1));
    EXPECT_THAT(before.records, IsEmpty());
    EXPECT_THAT(before.beats, IsEmpty());
    EXPECT_EQ(before.count, 0U);

    const Register after = exchange(writing(before.server, "", 2));

    EXPECT_EQ(after.server, before.server);
    EXPECT_EQ(after.count, 4U);
    EXPECT_EQ(after.beats.at("one"), "2 4");
    const auto record = read_record(after.records.at(2));
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_EQ(record->member, "one");
    EXPECT_EQ(record->turn, 2U);
    EXPECT_EQ(record->server, after.server);
    EXPECT_GT(after.now, process::UnixTime(1'600'000'000s));
}

TEST_F(Shards, AServerThatWasEmptiedOrRestartedIsAnotherOne) {
    const std::string first = exchange(writing("", "", 1)).server;
    server.command({"FLUSHALL"});
    const std::string emptied = exchange(writing(first, "", 2)).server;
    server.restart();
    const Register restarted = exchange(writing(emptied, "", 3));

    EXPECT_NE(emptied, first);
    EXPECT_NE(restarted.server, emptied);
    EXPECT_THAT(restarted.records, IsEmpty());
}

TEST_F(Shards, ASetBackServerIsAnotherOneToo) {
    tests::RedisServer saving({.config = {"appendonly yes"}, .password = {}});
    const auto its_client = redis::RedisClient::create({.url = saving.url()}).value();
    RedisShardRegister its_shards(*its_client);
    const auto before = its_shards.exchange(writing("", "", 1), Boottime::now() + 5s).value();
    saving.shut_down();
    saving.start();

    const auto after = its_shards.exchange(writing("", "", 2), Boottime::now() + 5s).value();

    EXPECT_NE(after.server, before.server);
    EXPECT_EQ(after.server.substr(after.server.find('/')),
              before.server.substr(before.server.find('/')));
}

TEST_F(Shards, ALateStepOverwritesNothingNewer) {
    const std::string name = exchange(writing("", "", 1)).server;
    (void)exchange(writing(name, "", 2));
    (void)exchange(writing(name, "one ", 4));

    const Register after = exchange(writing(name, "one ", 3));

    EXPECT_THAT(after.records.at(2), HasSubstr("one 4 "));
}

TEST_F(Shards, AnswersThatAreNoRegisterAreErrors) {
    using redis::RedisReply;
    EXPECT_FALSE(read_register({}));
    EXPECT_FALSE(read_register({.kind = RedisReply::Kind::array, .elements = {{}, {}, {}}}));
    server.command({"SET", "bot-client:shards", "of another program"});
    EXPECT_EQ(shards.exchange(writing("", "", 1), Boottime::now() + 5s).error().code,
              Errc::refused);
}

TEST_F(Shards, RandomStepsLeaveWhatThePlayedOneHas) {
    simulation::Random random(11);
    simulation::PlayedRegister played;
    const std::string name = exchange(writing("", "", 1)).server;
    const std::string played_name = played.exchange(writing("", "", 1), {}).server;
    Register real = exchange(writing(name, "", 2));
    Register other = played.exchange(writing(played_name, "", 2), {});
    const auto without_server = [](std::string text, const std::string& of) {
        const std::size_t at = text.find(' ' + of + ' ');
        return at == std::string::npos ? text : text.replace(at, of.size() + 2, " S ");
    };

    for (std::uint64_t turn = 3; turn < 300; ++turn) {
        const std::string member = random.chance(0.5) ? "one" : "two";
        Exchange step{.count = random.chance(0.05) ? 3U : real.count,
                      .recount = random.chance(0.1) ? 5U : 0U,
                      .member = member,
                      .beat = random.chance(0.2) ? "" : std::to_string(turn)};
        Exchange played_step = step;
        step.server = name;
        played_step.server = played_name;
        if (random.chance(0.2) && !real.beats.empty()) {
            step.forgotten = {{real.beats.begin()->first,
                               random.chance(0.5) ? real.beats.begin()->second : "no"}};
            played_step.forgotten = step.forgotten;
        }
        for (std::uint32_t shard = 0; shard < 3; ++shard) {
            const auto text = [&](const Register& of) {
                const auto found = of.records.find(shard);
                return found == of.records.end() ? std::string() : found->second;
            };
            const bool removes = random.chance(0.3);
            const std::string stamp =
                removes ? "" : record_stamp(member, random.chance(0.1) ? 1 : turn);
            const bool own = random.chance(0.5);
            const bool blind = random.chance(0.1);
            const auto add = [&](Exchange& to, const Register& of) {
                const std::string expected = blind ? "" : own ? member + ' ' : text(of);
                to.writes.push_back(
                    {.shard = shard, .expected = expected, .stamp = stamp, .content = "{}"});
            };
            add(step, real);
            add(played_step, other);
        }

        real = exchange(step);
        other = played.exchange(played_step, {});

        ASSERT_EQ(real.count, other.count) << turn;
        ASSERT_EQ(real.beats, other.beats) << turn;
        ASSERT_EQ(real.records.size(), other.records.size()) << turn;
        for (const auto& [shard, record] : real.records) {
            ASSERT_EQ(without_server(record, name),
                      without_server(other.records.at(shard), played_name))
                << turn;
        }
    }
}

}  // namespace
}  // namespace tutti::services::bot::assignment
