// Every way in which a node can find the wrong server, or none, and what it is told then.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "redis/command.hpp"
#include "support/fake_server.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace tutti;

void expect_error(const Client& client, Errc code, const std::string& part) {
    ASSERT_FALSE(client.is_open());
    EXPECT_EQ(client.error().code, code) << client.error().message();
    EXPECT_NE(client.error().message().find(part), std::string::npos) << client.error().message();
    EXPECT_EQ(client.error().message().find("s3cret"), std::string::npos)
        << client.error().message();
}

Client at(const std::string& url, const std::string& login = "") {
    const std::size_t host = url.find("//") + 2;
    return Client(redis::OpenOptions{.url = url.substr(0, host) + login + url.substr(host),
                                     .app = "test",
                                     .connect_timeout = 300ms});
}

TEST(RedisOpen, OverTcpAndOverAUnixSocket) {
    RedisServer server;

    for (const std::string& url : {server.url(), server.unix_url(), server.unix_url() + "?db=2",
                                   "redis://localhost:" + std::to_string(server.port()) + "/3"}) {
        Client client(url);
        ASSERT_TRUE(client.is_open()) << url << ": " << client.error().message();
        EXPECT_EQ(client.put("key", url), true);
        EXPECT_EQ(client.get("key"), url);
    }

    EXPECT_EQ(server.command({"GET", "key"}), server.unix_url()) << "databases 2 and 3 are others";
}

TEST(RedisOpen, TheClientNameShowsInTheClientList) {
    RedisServer server;
    Client client(redis::OpenOptions{.url = server.url(), .app = "test", .client_name = "bot-1"});

    EXPECT_NE(server.command({"CLIENT", "LIST"}).find("name=bot-1"), std::string::npos);
}

TEST(RedisOpen, LeavesNothingBehind) {
    RedisServer server;
    Client client(server.url());

    EXPECT_EQ(server.command({"DBSIZE"}), "0");
}

TEST(RedisOpen, WithAPassword) {
    RedisServer server({.config = {"requirepass s3cret", "user bob on >s3cret%40 ~* &* +@all"},
                        .password = "s3cret"});
    const std::string open = "redis://127.0.0.1:" + std::to_string(server.port());

    EXPECT_TRUE(at(open, ":s3cret@").is_open());
    EXPECT_TRUE(at(open, "default:s3cret@").is_open());
    EXPECT_TRUE(at(open, "bob:s3cret%2540@").is_open());
    expect_error(at(open, ":s3cret-not@"), Errc::refused, "check user and password");
    expect_error(at(open, "bob:s3cret@"), Errc::refused, "check user and password");
    expect_error(at(open), Errc::refused, "the server wants a password");
}

TEST(RedisOpen, APasswordThatTheServerDoesNotHave) {
    RedisServer server;

    expect_error(at(server.url(), ":s3cret@"), Errc::refused, "does it have one at all");
}

TEST(RedisOpen, ARenamedAuthDoesNotSpillThePassword) {
    RedisServer server({.config = {"rename-command AUTH \"\""}, .password = ""});

    expect_error(at(server.url(), "bob:s3cret@"), Errc::refused, "user and password");
}

TEST(RedisOpen, NobodyListens) {
    expect_error(at("redis://127.0.0.1:" + std::to_string(free_port())), Errc::unavailable,
                 "refused the connection");
}

TEST(RedisOpen, ASocketThatDoesNotExist) {
    expect_error(at("unix:///nowhere/redis.sock"), Errc::unavailable, "does not exist");
}

TEST(RedisOpen, AHostThatDoesNotExist) {
    ASSERT_FALSE(at("redis://no-such-host.invalid").is_open());
}

TEST(RedisOpen, AMalformedUrlOrOption) {
    expect_error(at("http://127.0.0.1:6379"), Errc::invalid_option, "redis://host:6379");
    expect_error(at("redis://127.0.0.1:6379?ca=x", ":s3cret@"), Errc::invalid_option,
                 "of TLS (rediss) ca=FILE");
    expect_error(Client(redis::OpenOptions{.url = "redis://127.0.0.1", .app = "a{b"}),
                 Errc::invalid_option, "app");
    expect_error(
        Client(redis::OpenOptions{.url = "redis://127.0.0.1", .app = "a", .client_name = "a b"}),
        Errc::invalid_option, "client_name");
}

TEST(RedisOpen, ADatabaseThatTheServerDoesNotHave) {
    RedisServer server;

    expect_error(at(server.url() + "/99"), Errc::refused, "cannot use database 99");
}

TEST(RedisOpen, AReplica) {
    RedisServer server;
    server.command({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});

    expect_error(at(server.url()), Errc::refused, "read-only replica");
}

TEST(RedisOpen, AClusterNode) {
    RedisServer server({.config = {"cluster-enabled yes"}, .password = ""});

    expect_error(at(server.url()), Errc::unsupported, "Redis Cluster");
}

TEST(RedisOpen, AServerThatIsTooOld) {
    const FakeServer server("+OK\r\n" + bulk("# Server\r\nredis_version:6.2.14\r\nrole:master\r\n"),
                            FakeServer::Then::keep_open);

    expect_error(at(server.url()), Errc::unsupported, "Redis 6.2.14; Tutti needs 7.0");
}

TEST(RedisOpen, AServerThatIsStillLoading) {
    const FakeServer server(
        "+OK\r\n" + bulk("redis_version:7.0.15\r\nloading:1\r\nrole:master\r\n"),
        FakeServer::Then::keep_open);

    expect_error(at(server.url()), Errc::unavailable, "loading");
}

TEST(RedisOpen, AServerInProtectedModeOrWithTooManyClients) {
    const FakeServer protected_mode("-DENIED Redis is running in protected mode because...\r\n",
                                    FakeServer::Then::close);
    const FakeServer full("-ERR max number of clients reached\r\n", FakeServer::Then::close);

    EXPECT_FALSE(at(protected_mode.url()).is_open());
    EXPECT_FALSE(at(full.url()).is_open());
}

TEST(RedisOpen, AnHttpServer) {
    const FakeServer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
                            FakeServer::Then::close);

    expect_error(at(server.url(), ":s3cret@"), Errc::protocol, "does not speak the Redis protocol");
}

TEST(RedisOpen, SomethingThatTalksTheProtocolAndIsNoRedis) {
    const FakeServer server("+OK\r\n+OK\r\n", FakeServer::Then::keep_open);
    const FakeServer other("+OK\r\n" + bulk("hello"), FakeServer::Then::keep_open);

    expect_error(at(server.url()), Errc::protocol, "wrong shape");
    expect_error(at(other.url()), Errc::unsupported, "not a Redis");
}

TEST(RedisOpen, ASilentServer) {
    const FakeServer server("", FakeServer::Then::keep_open);

    expect_error(at(server.url()), Errc::timeout, "did not answer within 300 ms");
}

TEST(RedisOpen, AServerThatHangsUp) {
    const FakeServer server("", FakeServer::Then::close);

    ASSERT_FALSE(at(server.url()).is_open());
}

// The documented rule with something taken out of it.
class AclOpen : public testing::Test {
protected:
    // What the error messages tell an operator to allow, without the keys and the channels.
    AclOpen() {
        const std::string_view rule = redis::acl_rule;
        commands = rule.substr(rule.find('+'), rule.find(" ~") - rule.find('+'));
    }

    void set_user(const std::string& rules) {
        std::vector<std::string> words{"ACL", "SETUSER", "node", "reset", "on", ">s3cret"};
        std::istringstream each(rules);
        for (std::string rule; each >> rule;) words.push_back(rule);
        server.command(words);
    }
    std::string everything() const { return commands + " ~tutti:* ~k* &tutti:* &cache:*"; }
    Client open() { return at(server.url(), "node:s3cret@"); }

    std::string commands;
    RedisServer server;
};

TEST_F(AclOpen, TheDocumentedRuleIsEnoughForEverything) {
    set_user(everything());
    Client client = open();
    ASSERT_TRUE(client.is_open()) << client.error().message();

    EXPECT_TRUE(client.check({.channels = {{.channel = "cache:x", .plain = true}},
                              .logs = {"shared/y"},
                              .prefixes = {"k:", "tutti:cache:test/z:"}}));
    EXPECT_EQ(server.command({"DBSIZE"}), "0") << "what is tried leaves nothing behind";
    client.subscribe({{.channel = "cache:x", .plain = true}});
    EXPECT_TRUE(client.put("k", "v"));
    EXPECT_EQ(client.get("k"), "v");
    EXPECT_EQ(client.replace_if_equal("k", "v", "w"), true);
    EXPECT_EQ(client.count("k"), 1U);
    EXPECT_EQ(client.erase_if_equal("k", "w"), true);
    EXPECT_TRUE(client.erase("k"));
    EXPECT_TRUE(
        client.publish({.channel = "cache:x", .changed = {.keys = {"a"}}, .plain_events = {"e"}}));
    EXPECT_TRUE(client.renew({.channel = "cache:x", .member = "m", .applied = {}, .lease = 1s}));
    EXPECT_EQ(client.replay("cache:x", 1, 1)->size(), 1U);
    EXPECT_TRUE(client.leave("cache:x", "m"));
    EXPECT_TRUE(client.probe());
    for (const ValueAddress::Form form : {ValueAddress::Form::framed, ValueAddress::Form::raw}) {
        const ValueAddress address{.channel = "cache:x", .prefix = "k:", .key = "1", .form = form};
        EXPECT_TRUE(client.fetch({.address = address, .token = "a", .claim_for = 60s}));
        EXPECT_TRUE(client.release(address, "a"));
        EXPECT_TRUE(client.fetch({.address = address, .token = "b", .claim_for = 60s}));
        EXPECT_TRUE(
            client.fill({.address = address, .token = "b", .bytes = "v", .fresh_for = 60s}));
        EXPECT_EQ(client.fetch({.address = address, .token = "a", .claim_for = 60s})->claim,
                  Fetched::Claim::none);
        EXPECT_TRUE(client.drop("cache:x", {"1"}));
    }
}

TEST_F(AclOpen, EveryCommandThatIsMissingIsNamedAndTheRuleShown) {
    std::istringstream each(commands);
    for (std::string rule; each >> rule;) {
        const std::string command = rule.substr(1);
        set_user(everything() + " -" + command);

        // At the second time the server knows the script.
        for (int attempt = 0; attempt < 2; ++attempt) {
            const Client client = open();
            // Of all that has to be allowed nothing else is named.
            const std::string named = command == "info" ? "'info'" : "lacks +" + command + ";";
            expect_error(client, Errc::refused, named);
            expect_error(client, Errc::refused, "ACL SETUSER <user> +eval");
        }
    }
}

TEST_F(AclOpen, EverythingThatIsMissingIsNamedAtOnceAsOneRule) {
    set_user(everything() + " -get -publish resetchannels &tutti:* resetkeys ~tutti:*");
    const Client client = open();

    expect_error(client, Errc::refused,
                 "lacks +get +publish; allow it: ACL SETUSER <user> +get "
                 "+publish; all that it needs: ACL SETUSER <user> +eval");
}

TEST_F(AclOpen, EachKindOfKeyAndEachChannelOfAUsageIsTried) {
    const auto missing_with = [&](const std::string& rules, Usage usage) {
        set_user(commands + " " + rules);
        Client client = open();
        const auto denied = client.check(std::move(usage));
        if (denied) return std::string();
        EXPECT_EQ(denied.error().code, Errc::refused);
        const std::string& cause = denied.error().cause;
        const auto at = cause.find("lacks ") + 6;
        return cause.substr(at, cause.find(';', at) - at);
    };
    const std::string all = "~tutti:* ~k* &tutti:* &cache:*";

    EXPECT_EQ(missing_with(all, {.channels = {{.channel = "news", .plain = true}}}), "&news");
    EXPECT_EQ(missing_with(all, {.channels = {{.channel = "news", .plain = false}}}), "");
    EXPECT_EQ(missing_with(all, {.channels = {{.channel = "news", .plain = true},
                                              {.channel = "n*", .plain = true}},
                                 .prefixes = {"users:", "k:", "a*b:"}}),
              "&n\\* &news ~a\\*b:* ~users:*");
    EXPECT_EQ(missing_with(all + " %R~users:*", {.prefixes = {"users:"}}), "~users:*")
        << "reading is not enough";
    EXPECT_EQ(missing_with(all + " %W~users:*", {.prefixes = {"users:"}}), "~users:*");

    const std::string narrow = "~tutti:{test/0}:* ~tutti:{test/0/check}:* ~users:* &tutti:*";
    EXPECT_EQ(missing_with(narrow, {}), "");
    EXPECT_EQ(missing_with(narrow, {.prefixes = {"users:"}}), "~tutti:*") << "of the claims";
    EXPECT_EQ(missing_with(narrow + " ~tutti:claim:*", {.prefixes = {"users:"}}), "~tutti:*")
        << "of the tags";
    EXPECT_EQ(missing_with(narrow + " ~tutti:claim:* ~tutti:value:*", {.prefixes = {"users:"}}),
              "");
    EXPECT_EQ(missing_with(narrow, {.logs = {"shared/users"}}), "~tutti:*");
}

TEST_F(AclOpen, AValueThatIsThereIsNotTouched) {
    set_user(everything());
    server.command({"SET", "k:tutti-check", "somebody's"});
    Client client = open();

    EXPECT_TRUE(client.check({.prefixes = {"k:"}}));

    EXPECT_EQ(server.command({"GET", "k:tutti-check"}), "somebody's");
}

TEST_F(AclOpen, KeysAndChannelsThatAreMissingAreNoticed) {
    set_user(commands + " &tutti:* &cache:*");
    expect_error(open(), Errc::refused, "~tutti:*");
    set_user(commands + " ~tutti:* &cache:*");
    expect_error(open(), Errc::refused, "&tutti:*");

    set_user(commands + " ~tutti:* &tutti:*");
    Client client = open();
    ASSERT_TRUE(client.is_open());
    EXPECT_TRUE(client.check({.channels = {{.channel = "cache:x"}}}));
    const auto denied = client.check({.channels = {{.channel = "cache:x", .plain = true}}});
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, Errc::refused) << denied.error().message();
    EXPECT_NE(denied.error().cause.find("&cache:*"), std::string::npos);
}

TEST_F(AclOpen, AKeyOutsideTheRuleIsRefusedWithTheRule) {
    set_user(everything());
    Client client = open();

    const auto denied = client.get("elsewhere");

    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, Errc::refused);
    EXPECT_NE(denied.error().cause.find("~<the prefix of your own keys>"), std::string::npos);
}

}  // namespace
}  // namespace tests
