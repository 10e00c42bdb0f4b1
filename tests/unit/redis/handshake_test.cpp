#include "redis/handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "redis/command.hpp"
#include "redis/scripts.hpp"
#include "support/word.hpp"

namespace tutti::redis {
namespace {

const std::string good_info =
    "# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\n# Persistence\r\nloading:0\r\n"
    "# Memory\r\nmaxmemory_policy:noeviction\r\n# "
    "Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
    "# Cluster\r\ncluster_enabled:0\r\n";

Reply text(std::string bytes) {
    return {.type = Reply::Type::text, .text = std::move(bytes), .items = {}};
}
Reply ok() { return {.type = Reply::Type::status, .text = "OK", .items = {}}; }
Reply error(std::string words) {
    return {.type = Reply::Type::error, .text = std::move(words), .items = {}};
}

std::string replaced(std::string in, const std::string& from, const std::string& to) {
    return in.replace(in.find(from), from.size(), to);
}

TEST(RedisHandshake, AsksForNoMoreThanItNeeds) {
    const Handshake plain(*Url::parse("redis://h"), "");
    const Handshake full(*Url::parse("redis://u:p@h/4"), "bot");
    const Handshake default_user(*Url::parse("redis://:p@h"), "");

    EXPECT_EQ(plain.request(), encode({"INFO"}));
    EXPECT_EQ(full.request(), encode({"AUTH", "u", "p"}) + encode({"SELECT", "4"}) +
                                  encode({"CLIENT", "SETNAME", "bot"}) + encode({"INFO"}));
    EXPECT_EQ(full.replies(), 4U);
    EXPECT_EQ(default_user.request(), encode({"AUTH", "p"}) + encode({"INFO"}));
}

TEST(RedisHandshake, AGoodServerIsDescribed) {
    const Handshake handshake(*Url::parse("redis://h"), "bot");

    const auto facts = handshake.judge({ok(), text(good_info)});

    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->version, "7.2.4");
    EXPECT_EQ(facts->eviction_policy, "noeviction");
    EXPECT_EQ(facts->replicas, 2U);
}

TEST(RedisHandshake, TheRunIdIsFortyHexadecimalDigitsOrNothing) {
    const auto run_id = [](const std::string& text) {
        return read_info("redis_version:7.0.15\r\nrun_id:" + text + "\r\nrole:master\r\n")->run_id;
    };
    const std::string good = "0123456789abcdef0123456789abcdef01234567";

    EXPECT_EQ(run_id(good), good);
    for (const std::string& odd : {std::string(), good.substr(1), good + "8",
                                   "\x1b[2J" + good.substr(4), "G" + good.substr(1)}) {
        EXPECT_EQ(run_id(odd), "") << odd;
    }
    EXPECT_EQ(read_info("redis_version:7.0.15\r\n")->run_id, "");
}

TEST(RedisHandshake, AUserWhoMayNotSetTheNameGoesWithout) {
    const Handshake handshake(*Url::parse("redis://h"), "bot");

    EXPECT_TRUE(handshake.judge({error("NOPERM this user has no permissions"), text(good_info)}));
}

TEST(RedisHandshake, ALoginAloneAsksForNothingElse) {
    EXPECT_EQ(Handshake(*Url::parse("redis://h")).request(), "");
    const Handshake login(*Url::parse("redis://:pw@h/2"));

    EXPECT_EQ(login.request(), encode({"AUTH", "pw"}) + encode({"SELECT", "2"}));
    EXPECT_TRUE(login.judge_login({text("OK"), text("OK")}));
    EXPECT_EQ(login.judge_login({text("OK"), error("ERR DB index is out of range")}).error().code,
              Errc::refused);
}

TEST(RedisHandshake, ABusyServerDoesNotLackADatabase) {
    const Handshake handshake(*Url::parse("redis://h/2"), "");

    const auto judged =
        handshake.judge({error("BUSY Redis is busy running a script."), text(good_info)});

    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, Errc::unavailable);
}

TEST(RedisHandshake, TheTextOfAFailedAuthIsNotRepeated) {
    const Handshake handshake(*Url::parse("redis://:s3cret@h"), "");

    const auto judged = handshake.judge(
        {error("ERR unknown command 'AUTH', with args beginning with: 's3cret'"), text(good_info)});

    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, Errc::refused);
    EXPECT_EQ(judged.error().message().find("s3cret"), std::string::npos);
}

struct BadServer {
    std::string from;
    std::string to;
    Errc code;
    std::string says;
};

void PrintTo(const BadServer& server, std::ostream* out) { *out << server.to; }

class UnusableServer : public ::testing::TestWithParam<BadServer> {};

TEST_P(UnusableServer, IsRefusedWithTheReason) {
    const auto judged = judge_info(replaced(good_info, GetParam().from, GetParam().to));

    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, GetParam().code);
    EXPECT_NE(judged.error().cause.find(GetParam().says), std::string::npos)
        << judged.error().cause;
}

INSTANTIATE_TEST_SUITE_P(
    RedisHandshake, UnusableServer,
    ::testing::Values(
        BadServer{"version:7.2.4", "version:6.2.14", Errc::unsupported, "Redis 6.2.14"},
        BadServer{"version:7.2.4", "version:", Errc::unsupported, "not a Redis"},
        BadServer{"redis_version", "xredis_version", Errc::unsupported, "not a Redis"},
        BadServer{"standalone", "sentinel", Errc::unsupported, "Sentinel"},
        BadServer{"loading:0", "loading:1", Errc::unavailable, "loading"},
        BadServer{"role:master", "role:slave", Errc::refused, "read-only replica"},
        BadServer{"enabled:0", "enabled:1", Errc::unsupported, "Redis Cluster"}),
    tests::Word());

TEST(RedisCommand, IsLengthPrefixedAndBinarySafe) {
    using namespace std::string_literals;

    EXPECT_EQ(encode({"SET", "k\r\n", "\0"s, ""}),
              "*4\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$1\r\n\0\r\n$0\r\n\r\n"s);
}

TEST(RedisCommand, AnErrorOfTheServerGetsAMeaning) {
    const auto code_of = [](const char* words) { return to_error("op", error(words)).code; };

    EXPECT_EQ(code_of("READONLY You can't write against a read only replica."), Errc::unavailable);
    EXPECT_EQ(code_of("UNBLOCKED force unblock from blocking operation, instance state changed"),
              Errc::unavailable);
    EXPECT_EQ(code_of("NOPERM this user has no permissions to run the 'get' command"),
              Errc::refused);
    EXPECT_EQ(code_of("ERR The user executing the script can't run this command or subcommand"),
              Errc::refused);
    EXPECT_EQ(code_of("LOADING Redis is loading the dataset in memory"), Errc::unavailable);
    EXPECT_EQ(code_of("OOM command not allowed when used memory > 'maxmemory'."),
              Errc::unavailable);
    EXPECT_EQ(code_of("MOVED 1 127.0.0.1:1"), Errc::unsupported);
    EXPECT_EQ(code_of("WRONGTYPE Operation against a key"), Errc::protocol);
}

TEST(RedisCommand, WhatTheServerRepeatsOfOurArgumentsIsCutOff) {
    const auto mapped =
        to_error("op", error("ERR unknown command 'SET', with args beginning with: 'value' "));
    const auto odd = to_error("op", error("ERR \x1b[31m\n" + std::string(1000, 'x')));

    EXPECT_EQ(mapped.cause.find("value"), std::string::npos);
    EXPECT_EQ(odd.cause.find('\x1b'), std::string::npos);
    EXPECT_LT(odd.cause.size(), 300U);
}

TEST(RedisScripts, ThoseThatWriteCoordinationRunEvenWhenMemoryIsFull) {
    for (const Script& script : {scripts::publish, scripts::renew, scripts::leave}) {
        EXPECT_TRUE(script.text.starts_with("#!lua flags=allow-oom\n")) << script.name;
        EXPECT_EQ(script.sha1.size(), 40U);
    }
    EXPECT_EQ(scripts::erase_if_equal.text.find("allow-oom"), std::string_view::npos);
}

}  // namespace
}  // namespace tutti::redis
