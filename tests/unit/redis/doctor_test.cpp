#include "redis/doctor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "redis/acl.hpp"
#include "redis/command.hpp"

namespace tutti::redis {
namespace {

using Kind = ServerFacts::Kind;

const Url plain = *Url::parse("redis://server");

ServerFacts healthy() {
    return {.version = "7.0.15", .eviction_policy = "noeviction", .memory_bytes = 1U << 20U};
}

ServerSettings defaults() {
    return {.output_buffers = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
            .save = "",
            .min_replicas = "0"};
}

Finding find(const std::vector<Finding>& findings, const std::string& subject) {
    const auto found = std::ranges::find(findings, subject, &Finding::subject);
    if (found == findings.end()) throw std::runtime_error("no finding about " + subject);
    return *found;
}

Verdict verdict_of(const ServerFacts& facts, const std::string& subject) {
    const Finding finding = find(judge_server(facts, plain), subject);
    EXPECT_EQ(finding.advice.empty(), finding.verdict == Verdict::ok) << subject;
    EXPECT_TRUE(finding.verdict == Verdict::ok || !finding.means.empty()) << subject;
    return finding.verdict;
}

TEST(RedisDoctor, AHealthyServerHasNothingToSet) {
    auto findings = judge_server(healthy(), plain);
    const auto more = judge_settings(healthy(), plain, defaults());
    findings.insert(findings.end(), more.begin(), more.end());

    for (const Finding& finding : findings) {
        EXPECT_EQ(finding.verdict, Verdict::ok) << finding.subject;
        EXPECT_EQ(finding.advice, "") << finding.subject;
    }
}

TEST(RedisDoctor, WhatANodeRefusesIsAProblem) {
    ServerFacts old = healthy();
    old.version = "6.2.14";
    EXPECT_EQ(verdict_of(old, "version"), Verdict::problem);
    for (const Kind kind : {Kind::replica, Kind::cluster, Kind::sentinel}) {
        ServerFacts other = healthy();
        other.kind = kind;
        EXPECT_EQ(verdict_of(other, "role"), Verdict::problem);
    }
}

TEST(RedisDoctor, TheFactsOfARefusedServerAreReadAllTheSame) {
    const auto facts = read_info(
        "redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:slave\r\ncluster_enabled:0\r\n"
        "connected_slaves:2\r\nused_memory:900\r\nused_memory_rss:1\r\nmaxmemory:1000\r\n"
        "maxmemory_policy:allkeys-lru\r\naof_enabled:1\r\nrdb_last_bgsave_status:err\r\n"
        "aof_last_write_status:ok\r\n");

    ASSERT_TRUE(facts);
    EXPECT_FALSE(judge_info("redis_version:6.2.14\r\nrole:slave\r\n"));
    EXPECT_TRUE(facts->is_old());
    EXPECT_EQ(facts->kind, Kind::replica);
    EXPECT_EQ(facts->replicas, 2U);
    EXPECT_EQ(facts->memory_bytes, 900U);
    EXPECT_EQ(facts->memory_bytes_max, 1000U);
    EXPECT_EQ(facts->eviction_policy, "allkeys-lru");
    EXPECT_TRUE(facts->appends_only_file);
    EXPECT_TRUE(facts->cannot_persist);
}

TEST(RedisDoctor, ReplicasAreAWarning) {
    ServerFacts facts = healthy();
    facts.replicas = 1;

    EXPECT_EQ(verdict_of(facts, "replicas"), Verdict::warning);
}

TEST(RedisDoctor, WhatIsPromisedDependsOnTheReplicasThatTheUrlTellsOf) {
    const auto judge = [](std::uint64_t attached, const char* url) {
        ServerFacts facts = healthy();
        facts.replicas = attached;
        return find(judge_server(facts, *Url::parse(url)), "replicas");
    };

    EXPECT_EQ(judge(0, "redis+sentinel://s/main").verdict, Verdict::warning);
    EXPECT_TRUE(judge(2, "redis+sentinel://s/main").advice.contains("?replicas=2"));
    EXPECT_EQ(judge(0, "redis://h?replicas=2").verdict, Verdict::problem);
    EXPECT_EQ(judge(1, "redis://h?replicas=1").verdict, Verdict::warning);
    EXPECT_EQ(judge(1, "redis://h?replicas=2").verdict, Verdict::ok);
    EXPECT_EQ(judge(1, "redis://h?replicas=3").verdict, Verdict::problem);
    EXPECT_EQ(judge(3, "redis://h?replicas=2").verdict, Verdict::warning);
}

TEST(RedisDoctor, ACutOffPrimaryThatGoesOnWritingIsAWarningWhereThereAreReplicas) {
    const auto judge = [](const char* url, std::optional<std::string> setting) {
        ServerSettings settings = defaults();
        settings.min_replicas = std::move(setting);
        return find(judge_settings(healthy(), *Url::parse(url), settings), "min-replicas-to-write")
            .verdict;
    };

    EXPECT_EQ(judge("redis://h?replicas=2", "0"), Verdict::warning);
    EXPECT_EQ(judge("redis://h?replicas=2", "1"), Verdict::ok);
    EXPECT_EQ(judge("redis+sentinel://s/main", std::nullopt), Verdict::warning);
    EXPECT_EQ(judge("redis://h", "0"), Verdict::ok);
}

TEST(RedisDoctor, ThreeSentinelsAreWanted) {
    const auto judge = [](const char* url) {
        return find(judge_url(*Url::parse(url)), "sentinels").verdict;
    };

    EXPECT_EQ(judge("redis+sentinel://a,b,c/main"), Verdict::ok);
    EXPECT_EQ(judge("redis+sentinel://a,b/main"), Verdict::warning);
}

TEST(RedisDoctor, AServerIsCalledByItsOwnNameAndVersion) {
    const auto valkey = read_info(
        "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nrole:master\r\n");
    const auto odd = read_info("redis_version:7.2.4\r\nserver_name:<b>\r\nrole:master\r\n");

    ASSERT_TRUE(valkey);
    EXPECT_EQ(find(judge_server(*valkey, plain), "version").found, "Valkey 8.1.1");
    ASSERT_TRUE(odd);
    EXPECT_EQ(find(judge_server(*odd, plain), "version").found, "Redis 7.2.4");
}

TEST(RedisDoctor, EvictionOfAnyKeyIsAWarningOnlyWhenThereIsALimit) {
    for (const auto& [policy, verdict] :
         {std::pair{"noeviction", Verdict::ok}, std::pair{"volatile-lru", Verdict::ok},
          std::pair{"volatile-ttl", Verdict::ok}, std::pair{"allkeys-lru", Verdict::warning},
          std::pair{"allkeys-random", Verdict::warning}}) {
        ServerFacts facts = healthy();
        facts.eviction_policy = policy;
        EXPECT_EQ(verdict_of(facts, "maxmemory-policy"), Verdict::ok) << policy;
        facts.memory_bytes_max = 1U << 30U;
        EXPECT_EQ(verdict_of(facts, "maxmemory-policy"), verdict) << policy;
    }
}

TEST(RedisDoctor, MemoryThatIsNearlyUsedUpIsAWarning) {
    ServerFacts facts = healthy();
    facts.memory_bytes_max = 1'000'000'000;
    facts.memory_bytes = 899'999'999;
    EXPECT_EQ(verdict_of(facts, "maxmemory"), Verdict::ok);
    facts.memory_bytes = 900'000'000;
    EXPECT_EQ(verdict_of(facts, "maxmemory"), Verdict::warning);
    facts.memory_bytes = 2'000'000'000;
    EXPECT_EQ(verdict_of(facts, "maxmemory"), Verdict::warning);
    facts.memory_bytes_max = 0;
    EXPECT_EQ(verdict_of(facts, "maxmemory"), Verdict::ok);
}

TEST(RedisDoctor, AServerThatCannotSaveIsAProblem) {
    ServerFacts facts = healthy();
    facts.cannot_persist = true;

    EXPECT_EQ(verdict_of(facts, "last save"), Verdict::problem);
}

TEST(RedisDoctor, TheSubscribersBufferIsJudgedByItsHardLimit) {
    const auto judge = [](std::optional<std::string> limits) {
        return find(
            judge_settings(healthy(), plain, {.output_buffers = std::move(limits), .save = ""}),
            "client-output-buffer-limit pubsub");
    };

    EXPECT_EQ(judge("normal 0 0 0 pubsub 33554432 8388608 60").verdict, Verdict::ok);
    EXPECT_EQ(judge("normal 0 0 0 pubsub 0 0 0").verdict, Verdict::warning);
    EXPECT_EQ(judge("normal 0 0 0 pubsub 1000 0 0").verdict, Verdict::warning);
    for (const char* odd :
         {"", "normal 0 0 0", "pubsub ", "pubsub x", "pubsub 99999999999999999999"}) {
        EXPECT_EQ(judge(odd).verdict, Verdict::unknown) << odd;
    }
    EXPECT_EQ(judge(std::nullopt).verdict, Verdict::unknown);
    EXPECT_TRUE(judge(std::nullopt).advice.contains("+config|get"));
}

TEST(RedisDoctor, NoPromiseDependsOnPersistence) {
    const auto judge = [](bool appends, std::optional<std::string> save) {
        ServerFacts facts = healthy();
        facts.appends_only_file = appends;
        return find(judge_settings(facts, plain, {.output_buffers = {}, .save = std::move(save)}),
                    "persistence");
    };

    EXPECT_EQ(judge(false, "").found, "none");
    EXPECT_EQ(judge(false, "3600 1").found, "save 3600 1");
    EXPECT_EQ(judge(true, "").found, "appendonly");
    EXPECT_EQ(judge(true, std::nullopt).verdict, Verdict::ok);
    EXPECT_EQ(judge(false, std::nullopt).verdict, Verdict::unknown);
}

Verdict connection_of(const std::string& url) {
    return find(judge_url(*Url::parse(url)), "connection").verdict;
}
Verdict login_of(const std::string& url) {
    return find(judge_url(*Url::parse(url)), "login").verdict;
}

TEST(RedisDoctor, APlainConnectionIsFineOnOneMachineOnly) {
    EXPECT_EQ(connection_of("rediss://redis.example"), Verdict::ok);
    EXPECT_EQ(connection_of("redis://localhost"), Verdict::ok);
    EXPECT_EQ(connection_of("redis://127.0.0.1"), Verdict::ok);
    EXPECT_EQ(connection_of("redis://[::1]"), Verdict::ok);
    EXPECT_EQ(connection_of("unix:///redis.sock"), Verdict::ok);
    EXPECT_EQ(connection_of("redis://redis.example"), Verdict::warning);
    EXPECT_EQ(connection_of("redis://10.0.0.1"), Verdict::warning);
}

TEST(RedisDoctor, AServerWithoutAPasswordIsAWarning) {
    EXPECT_EQ(login_of("redis://localhost"), Verdict::warning);
    EXPECT_EQ(login_of("redis://:p@localhost"), Verdict::ok);
    EXPECT_EQ(login_of("redis://u:p@localhost"), Verdict::ok);
    EXPECT_EQ(login_of("unix:///redis.sock"), Verdict::ok);
}

TEST(RedisDoctor, TheRuleHasTheDatabaseThePrefixesAndTheChannels) {
    const Url first = *Url::parse("redis://h");
    const Url third = *Url::parse("redis://h/3");

    EXPECT_EQ(rule_for(first, {}), acl_rule);
    EXPECT_EQ(rule_for(first, {.channels = {{.channel = "cache:x", .plain = true},
                                            {.channel = "quiet", .plain = false}}}),
              acl_rule)
        << "it covers them";
    const std::string rule = rule_for(
        third,
        {.channels = {{.channel = "cache:x", .plain = true}, {.channel = "n?", .plain = true}},
         .prefixes = {"shop:", "tutti:cache:app/x:", "j*bs:"}});
    EXPECT_TRUE(rule.starts_with("ACL SETUSER <user> +select +")) << rule;
    EXPECT_TRUE(rule.ends_with(" &tutti:* &cache:* &n\\? ~j\\*bs:* ~shop:*")) << rule;
    EXPECT_EQ(rule.find('<'), rule.find("<user>")) << rule;
    EXPECT_EQ(rule.find('<', rule.find('<') + 1), std::string::npos) << rule;
}

TEST(RedisDoctor, WhatTheServerSaysIsMadeFitForATerminal) {
    ServerFacts facts = healthy();
    facts.eviction_policy = "\x1b[2J" + std::string(1000, 'x');

    EXPECT_EQ(find(judge_server(facts, plain), "maxmemory-policy").found,
              "?[2J" + std::string(60, 'x'));
}

}  // namespace
}  // namespace tutti::redis
