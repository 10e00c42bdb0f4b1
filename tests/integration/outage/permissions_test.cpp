// A user of Redis who lacks a permission is told at the start, with the rule to add.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/command.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// What the error messages tell an operator to allow, without the command and the own keys.
std::string documented_rules() {
    std::string rules(tutti::redis::acl_rule);
    rules = rules.substr(rules.find('+'));
    return rules.substr(0, rules.find(" ~<"));
}

std::string without(std::string rules, const std::string& rule) {
    rules.erase(rules.find(rule), rule.size());
    return rules;
}

tutti::Result<void> start_as(RedisServer& redis, const std::string& rules) {
    redis.command({"ACL", "SETUSER", "bot", "reset"});
    std::vector<std::string> words{"ACL", "SETUSER", "bot", "on", ">secret"};
    for (std::size_t begin = 0; begin < rules.size();) {
        const auto end = std::min(rules.find(' ', begin), rules.size());
        words.push_back(rules.substr(begin, end - begin));
        begin = end + 1;
    }
    redis.command(words);
    auto node = tutti::Node::create(
        {.name = "bot",
         .redis = "redis://bot:secret@127.0.0.1:" + std::to_string(redis.port()),
         .app = "acl"});
    if (!node) return tutti::fail(node.error());
    const auto cache = (*node)->coherent<std::string, int>({
        .name = "numbers",
        .caches = "numbers",
        .stale = tutti::Stale::wrong,
        .ttl = 1h,
        .bound = tutti::entries(10),
        .load = [](const std::string&, tutti::LoadContext&) { return 1; },
        .channel = "cache:numbers",
        .plain = tutti::PlainEvent{"number", "id"},
        .foreign_publishers = true,
    });
    return (*node)->start(5s);
}

TEST(Permissions, TheDocumentedOnesAreEnough) {
    RedisServer redis;

    const auto started = start_as(redis, documented_rules());

    EXPECT_TRUE(started) << started.error().message();
}

TEST(Permissions, AMissingChannelIsNamedBeforeAnythingReliesOnIt) {
    RedisServer redis;

    const auto started = start_as(redis, without(documented_rules(), " &cache:*"));

    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, tutti::Errc::refused);
    EXPECT_THAT(started.error().cause, HasSubstr("&cache:*"));
    EXPECT_EQ(started.error().message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tests
