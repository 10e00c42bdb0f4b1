// A user of Redis who lacks a permission is told at the start, with the rule to add.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "redis/command.hpp"
#include "support/documented_acl.hpp"
#include "support/redis_server.hpp"
#include "tutti/doctor.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// What docs/operations.md tells an operator to allow, without the own keys.
std::string documented_rules(std::string_view left_out = {}) {
    std::string rules;
    for (const std::string& rule : documented_acl("queue").node) {
        if (rule != left_out) rules += (rules.empty() ? "" : " ") + rule;
    }
    return rules;
}

// What error messages tell him.
std::string rules_of_errors() {
    std::string rules(tutti::redis::acl_rule);
    rules = rules.substr(rules.find('+'));
    return rules.substr(0, rules.find(" ~<"));
}

std::string without(std::string rules, const std::string& rule) {
    rules.erase(rules.find(rule), rule.size());
    return rules;
}

void set_user(RedisServer& redis, const std::string& rules) {
    redis.command({"ACL", "SETUSER", "bot", "reset"});
    std::vector<std::string> words{"ACL", "SETUSER", "bot", "on", ">secret"};
    for (std::size_t begin = 0; begin < rules.size();) {
        const auto end = std::min(rules.find(' ', begin), rules.size());
        words.push_back(rules.substr(begin, end - begin));
        begin = end + 1;
    }
    redis.command(words);
}

std::string url_of(const RedisServer& redis) {
    return "redis://bot:secret@127.0.0.1:" + std::to_string(redis.port());
}

struct Declared {
    std::string channel = "cache:numbers";
    std::string raw_prefix = {};       // of a shared cache
    std::string reserved_prefix = {};  // of a reservation
};

tutti::Result<void> start_as(RedisServer& redis, const std::string& rules,
                             const Declared& declared = {}) {
    set_user(redis, rules);
    auto node = tutti::Node::create({.name = "bot", .redis = url_of(redis), .app = "acl"});
    if (!node) return tutti::fail(node.error());
    const auto load = [](const std::string&, tutti::LoadContext&) { return std::string(); };
    const auto cache = (*node)->coherent<std::string, std::string>({
        .name = "numbers",
        .caches = "numbers",
        .stale = tutti::Stale::wrong,
        .ttl = 1h,
        .bound = tutti::entries(10),
        .load = load,
        .channel = declared.channel,
        .plain = tutti::PlainEvent{"number", "id"},
        .foreign_publishers = true,
    });
    const auto values = (*node)->shared<std::string, std::string>({
        .name = "values",
        .caches = "values",
        .stale = tutti::Stale::acceptable,
        .load = load,
        .store =
            tutti::StoreTier<std::string>{
                .ttl = 1h, .codec = tutti::bytes_codec(), .raw_prefix = declared.raw_prefix},
    });
    const auto requests = (*node)->reservation<std::string>({
        .name = "requests",
        .caches = "requests",
        .window = 5s,
        .when_store_fails = tutti::WhenStoreFails::refuse,
        .raw_prefix = declared.reserved_prefix,
    });
    return (*node)->start(5s);
}

TEST(Permissions, TheDocumentedOnesAreEnough) {
    RedisServer redis;

    const auto started = start_as(redis, documented_rules());

    EXPECT_TRUE(started) << started.error().message();
}

TEST(Permissions, TheDocumentSaysWhatTheErrorsSay) {
    EXPECT_EQ(documented_rules(), rules_of_errors());
}

// Each of them is needed, so that a rule that the document lost would be missed.
TEST(Permissions, TheStartMissesEveryRuleThatTheDocumentNames) {
    RedisServer redis;
    for (const std::string& rule : documented_acl("queue").node) {
        const auto started = start_as(redis, documented_rules(rule));

        ASSERT_FALSE(started.has_value()) << rule;
        EXPECT_THAT(started.error().message(), HasSubstr(rule.substr(1)));
    }
}

TEST(Permissions, AMissingChannelIsNamedBeforeAnythingReliesOnIt) {
    RedisServer redis;

    const auto started = start_as(redis, without(documented_rules(), " &cache:*"));

    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, tutti::Errc::refused);
    EXPECT_THAT(started.error().cause, HasSubstr("&cache:*"));
    EXPECT_EQ(started.error().message().find("secret"), std::string::npos);
}

TEST(Permissions, WhatTheDeclarationsNeedBeyondTheRuleIsNamedAtTheStart) {
    RedisServer redis;

    const auto started =
        start_as(redis, documented_rules(),
                 {.channel = "numbers", .raw_prefix = "values:", .reserved_prefix = "requests:"});

    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, tutti::Errc::refused);
    EXPECT_THAT(started.error().cause,
                HasSubstr("allow it: ACL SETUSER <user> &numbers ~requests:* ~values:*;"));
}

// `tutti doctor` says "complete" exactly when `start` succeeds.
TEST(Permissions, TheDoctorAndTheStartAgree) {
    RedisServer redis;
    const Declared declared{.channel = "numbers", .raw_prefix = "values:"};
    const tutti::DoctorOptions asked{.key_prefixes = {"values:"}, .channels = {"numbers"}};
    for (const std::string more : {"", " &numbers", " ~values:*", " &numbers ~values:*"}) {
        const auto started = start_as(redis, documented_rules() + more, declared);
        const auto diagnosis = tutti::diagnose(url_of(redis), asked);

        ASSERT_TRUE(diagnosis.has_value());
        EXPECT_EQ(diagnosis->worst() == tutti::Verdict::problem, !started.has_value()) << more;
        EXPECT_EQ(started.has_value(), more == " &numbers ~values:*") << more;
    }
}

}  // namespace
}  // namespace tests
