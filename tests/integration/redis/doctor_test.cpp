// The diagnosis of real servers.
#include "tutti/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "redis/command.hpp"
#include "support/certificates.hpp"
#include "support/fake_server.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using tutti::Diagnosis;
using tutti::Errc;
using tutti::Finding;
using tutti::Verdict;

const Finding& find(const Diagnosis& diagnosis, const std::string& subject) {
    const auto found = std::ranges::find(diagnosis.findings, subject, &Finding::subject);
    if (found == diagnosis.findings.end()) throw std::runtime_error("no finding: " + subject);
    return *found;
}

Diagnosis examined(const std::string& url, const tutti::DoctorOptions& options = {}) {
    auto diagnosis = tutti::diagnose(url, options);
    if (!diagnosis) throw std::runtime_error(diagnosis.error().message());
    return *std::move(diagnosis);
}

void set_user(RedisServer& server, const std::string& rules) {
    std::vector<std::string> words{"ACL", "SETUSER", "bot", "reset", "on", ">s3cret"};
    std::istringstream each(rules);
    for (std::string rule; each >> rule;) words.push_back(rule);
    server.command(words);
}

std::string as_bot(const RedisServer& server) {
    return "redis://bot:s3cret@127.0.0.1:" + std::to_string(server.port());
}

// What an operator pastes, without the command and the name.
std::string rules_of(const Diagnosis& diagnosis) {
    return diagnosis.acl_rule.substr(diagnosis.acl_rule.find('+'));
}

TEST(Doctor, AServerAsDebianShipsItHasNoProblem) {
    RedisServer server;

    const auto diagnosis = examined(server.url(), {.key_prefixes = {"shop:"}});

    EXPECT_EQ(diagnosis.worst(), Verdict::warning) << "nobody has a password";
    EXPECT_EQ(find(diagnosis, "permissions").verdict, Verdict::ok);
    EXPECT_EQ(find(diagnosis, "client-output-buffer-limit pubsub").found, "33554432 bytes");
    EXPECT_EQ(find(diagnosis, "persistence").found, "none");
    EXPECT_TRUE(find(diagnosis, "version").found.starts_with("Redis 7."));
    EXPECT_EQ(server.command({"DBSIZE"}), "0") << "nothing is left behind";
}

TEST(Doctor, TheRuleThatItPrintsIsEnough) {
    RedisServer server;
    for (const std::string database : {"", "/2"}) {
        const tutti::DoctorOptions options{.key_prefixes = {"shop:", "jobs:"}};
        set_user(server, rules_of(examined(server.url() + database, options)));

        const auto diagnosis = examined(as_bot(server) + database, options);

        const Finding& permissions = find(diagnosis, "permissions");
        EXPECT_EQ(permissions.verdict, Verdict::ok) << permissions.means;
        EXPECT_THAT(diagnosis.server, HasSubstr("bot:***@"));
    }
}

TEST(Doctor, AUserWhoMayNotReadTheConfigurationIsToldWhatToGrant) {
    RedisServer server;
    set_user(server, rules_of(examined(server.url(), {.key_prefixes = {"shop:"}})));

    const auto denied = examined(as_bot(server));
    server.command({"ACL", "SETUSER", "bot", "+config|get"});
    const auto allowed = examined(as_bot(server));

    EXPECT_EQ(denied.worst(), Verdict::unknown);
    EXPECT_EQ(find(denied, "persistence").verdict, Verdict::unknown);
    EXPECT_THAT(find(denied, "persistence").advice, HasSubstr("+config|get"));
    EXPECT_EQ(allowed.worst(), Verdict::ok);
}

TEST(Doctor, WhatAUserLacksIsAProblemThatNamesIt) {
    RedisServer server;
    const std::string rules = rules_of(examined(server.url(), {.key_prefixes = {"shop:"}}));
    const auto problem_with = [&](const std::string& changed, std::string prefix = "shop:") {
        set_user(server, rules + " " + changed);
        const auto diagnosis = examined(as_bot(server), {.key_prefixes = {std::move(prefix)}});
        EXPECT_EQ(diagnosis.worst(), Verdict::problem);
        EXPECT_EQ(find(diagnosis, "permissions").found, "incomplete");
        EXPECT_THAT(find(diagnosis, "permissions").means, Not(HasSubstr("ACL SETUSER")));
        return find(diagnosis, "permissions").means;
    };

    EXPECT_THAT(problem_with("-publish"), HasSubstr("publish"));
    EXPECT_THAT(problem_with("-info"), HasSubstr("info"));
    EXPECT_THAT(problem_with("-evalsha"), HasSubstr("evalsha"));
    EXPECT_THAT(problem_with("-ping"), HasSubstr("+ping"));
    EXPECT_THAT(problem_with("resetchannels &tutti:*"), HasSubstr("&cache:*"));
    EXPECT_THAT(problem_with("", "other:"), HasSubstr("~other:*"));
    // The server has seen the script many times by now.
    EXPECT_THAT(problem_with("-eval"), HasSubstr("+eval"));
}

TEST(Doctor, ChannelsAreTriedAsTheNodesWillUseThem) {
    RedisServer server;
    set_user(server, rules_of(examined(server.url(), {.key_prefixes = {"shop:"}})));
    const tutti::DoctorOptions options{.key_prefixes = {"shop:"},
                                       .channels = {"cache:users", "news"}};

    const auto denied = examined(as_bot(server), options);
    set_user(server, rules_of(denied));
    const auto allowed = examined(as_bot(server), options);

    EXPECT_EQ(denied.worst(), Verdict::problem);
    EXPECT_THAT(find(denied, "permissions").means, HasSubstr("it lacks &news"));
    EXPECT_EQ(find(allowed, "permissions").verdict, Verdict::ok)
        << find(allowed, "permissions").means;
}

TEST(Doctor, ARuleForOneApplicationIsTriedWithItsName) {
    RedisServer server;
    std::string rules = rules_of(examined(server.url(), {.key_prefixes = {"shop:"}}));
    rules.replace(rules.find("~tutti:*"), 8,
                  "~tutti:{shop/* ~tutti:claim:shop:* ~tutti:value:shop:*");
    set_user(server, rules);

    const auto diagnosis = examined(as_bot(server), {.key_prefixes = {"shop:"}, .app = "shop"});

    EXPECT_EQ(find(diagnosis, "permissions").verdict, Verdict::ok)
        << find(diagnosis, "permissions").means;
    EXPECT_EQ(examined(as_bot(server), {.key_prefixes = {"shop:"}}).worst(), Verdict::problem);
}

TEST(Doctor, SettingsThatWeakenAPromiseAreWarnings) {
    RedisServer server(
        {.config = {"requirepass s3cret", "maxmemory 100mb", "maxmemory-policy allkeys-lru",
                    "client-output-buffer-limit pubsub 0 0 0", "save 3600 1"},
         .password = "s3cret"});
    RedisServer replica(
        {.config = {"replicaof 127.0.0.1 " + std::to_string(server.port()), "masterauth s3cret"},
         .password = ""});
    const auto give_up = tutti::Boottime::now() + 10s;
    while (server.command({"INFO", "replication"}).find("connected_slaves:1") ==
           std::string::npos) {
        ASSERT_LT(tutti::Boottime::now(), give_up);
    }

    const auto diagnosis = examined(server.url());

    EXPECT_EQ(diagnosis.worst(), Verdict::warning);
    for (const char* subject :
         {"replicas", "maxmemory-policy", "client-output-buffer-limit pubsub"}) {
        EXPECT_EQ(find(diagnosis, subject).verdict, Verdict::warning) << subject;
    }
    EXPECT_EQ(find(diagnosis, "persistence").found, "save 3600 1");
    EXPECT_EQ(find(examined(replica.url()), "role").verdict, Verdict::problem);
}

TEST(Doctor, AClusterAndAnOldServerAreProblemsAndNotErrors) {
    RedisServer cluster({.config = {"cluster-enabled yes"}, .password = ""});
    const FakeServer old("+OK\r\n" + bulk("redis_version:6.2.14\r\nrole:master\r\n") +
                             "-ERR no\r\n-ERR no\r\n-ERR no\r\n",
                         FakeServer::Then::keep_open);

    EXPECT_EQ(find(examined(cluster.url()), "role").verdict, Verdict::problem);
    EXPECT_EQ(find(examined(old.url()), "version").verdict, Verdict::problem);
    EXPECT_EQ(find(examined(old.url()), "persistence").verdict, Verdict::unknown);
}

TEST(Doctor, OverTls) {
    const RedisServer folder;
    CertificateAuthority authority(folder.folder());
    const auto files = authority.issue("server", "DNS:localhost");
    const std::string port = std::to_string(free_port());
    RedisServer server(
        {.config = {"tls-port " + port, "tls-cert-file " + files.certificate,
                    "tls-key-file " + files.key, "tls-ca-cert-file " + authority.file(),
                    "tls-auth-clients no", "requirepass s3cret"},
         .password = "s3cret"});
    const std::string url = "rediss://:s3cret@localhost:" + port;

    const auto diagnosis = examined(url + "?ca=" + authority.file());
    const auto untrusted = tutti::diagnose(url);

    EXPECT_EQ(diagnosis.worst(), Verdict::ok);
    EXPECT_EQ(find(diagnosis, "connection").found, "TLS");
    ASSERT_FALSE(untrusted);
    EXPECT_THAT(untrusted.error().cause, HasSubstr("?ca=FILE"));
}

void expect_error(const std::string& url, Errc code, const std::string& part) {
    const auto diagnosis = tutti::diagnose(url, {.timeout = 500ms});
    ASSERT_FALSE(diagnosis);
    EXPECT_EQ(diagnosis.error().code, code) << diagnosis.error().message();
    EXPECT_THAT(diagnosis.error().message(), HasSubstr(part));
    EXPECT_THAT(diagnosis.error().message(), Not(HasSubstr("s3cret")));
}

TEST(Doctor, WhatCannotBeAskedIsAnError) {
    RedisServer server({.config = {"requirepass s3cret"}, .password = "s3cret"});
    const std::string address = "127.0.0.1:" + std::to_string(server.port());
    const FakeServer silent("", FakeServer::Then::keep_open);
    const FakeServer http("HTTP/1.1 400 Bad Request\r\n\r\n", FakeServer::Then::close);

    expect_error("redis://:s3cret@127.0.0.1:" + std::to_string(free_port()), Errc::unavailable,
                 "refused the connection");
    expect_error("redis://:s3cret-not@" + address, Errc::refused, "check user and password");
    expect_error("redis://" + address, Errc::refused, "password");
    expect_error("rediss://:s3cret@" + address, Errc::timeout, "TLS handshake within 500 ms");
    expect_error(silent.url(), Errc::timeout, "did not answer within 500 ms");
    expect_error(http.url(), Errc::protocol, "does not speak the Redis protocol");
    expect_error("redis://:s3cret", Errc::invalid_option, "redis url");
}

TEST(Doctor, AServerThatStopsHalfWayIsAProblem) {
    // Answers the questions, and then says the same to whatever a node would say.
    const FakeServer parrot("+OK\r\n" + bulk("redis_version:7.0.15\r\nrole:master\r\n") +
                                "-ERR no\r\n-ERR no\r\n-ERR no\r\n",
                            FakeServer::Then::keep_open);

    const auto diagnosis = examined(parrot.url(), {.timeout = 1s});

    EXPECT_EQ(find(diagnosis, "permissions").found, "not tried to the end");
    EXPECT_EQ(diagnosis.worst(), Verdict::problem);
}

TEST(Doctor, APrefixThatIsAPatternIsRefused) {
    for (const char* prefix : {"", "a*", "a b", "~x\n", "a[b"}) {
        const auto diagnosis = tutti::diagnose("redis://127.0.0.1:1", {.key_prefixes = {prefix}});
        ASSERT_FALSE(diagnosis);
        EXPECT_EQ(diagnosis.error().code, Errc::invalid_option) << prefix;
    }
    const auto wrong =
        tutti::diagnose("redis://127.0.0.1:1",
                        {.key_prefixes = {"a*"}, .channels = {"b c"}, .app = "d/e", .timeout = 0s});
    ASSERT_FALSE(wrong);
    for (const char* part : {"4 problems:", "\n  key_prefixes: 'a*'", "\n  channels: 'b c'",
                             "\n  app: must", "\n  timeout: must"}) {
        EXPECT_THAT(wrong.error().cause, HasSubstr(part));
    }
}

}  // namespace
}  // namespace tests
