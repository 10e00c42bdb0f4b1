// Deadlines, silence, restarts and limits: every command completes once, whatever the server does.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "client.hpp"
#include "redis/command.hpp"
#include "redis/host_lookup.hpp"
#include "redis/socket_link.hpp"
#include "support/fake_server.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace tutti;

class RedisConnection : public testing::Test {
protected:
    RedisServer server;
    Client client{server.url()};
};

TEST_F(RedisConnection, ManyThreadsShareItAndEveryCallerGetsItsOwnAnswer) {
    constexpr int threads = 8;
    constexpr int rounds = 2000;
    std::atomic<int> wrong = 0;

    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t) {
        callers.emplace_back([&, t] {
            std::promise<void> done;
            std::atomic<int> left = rounds;
            for (int i = 0; i < rounds; ++i) {
                const std::string key = std::to_string(t) + ":" + std::to_string(i);
                client.store().put(key, key, {.ttl = 60s}, soon(20s), [&](auto) {});
                client.store().get(key, soon(20s), [&, key](auto value) {
                    if (!value || *value != key) ++wrong;
                    if (--left == 0) done.set_value();
                });
            }
            done.get_future().wait();
        });
    }
    for (auto& caller : callers) caller.join();

    EXPECT_EQ(wrong, 0);
}

TEST_F(RedisConnection, ThreadsThatAskNowAndThenGetTheirOwnAnswersOnLinksThatBreak) {
    constexpr int answers = 1000;  // to the one that always asks
    constexpr int breaks = 5;
    std::atomic<int> wrong = 0, answered = 0;
    const TimePoint end = soon(eventually_within);
    const auto goes_on = [&](int wanted) { return answered < wanted && Boottime::now() < end; };
    const auto ask = [&](const std::string& key) {
        if (!client.put(key, key)) return false;
        const auto value = client.get(key);
        if (value && *value != key) ++wrong;
        return value.has_value();
    };

    std::vector<std::thread> callers;
    callers.emplace_back([&] {
        for (int i = 0; goes_on(answers); ++i) answered += ask("always:" + std::to_string(i));
    });
    for (int t = 0; t < 2; ++t) {
        callers.emplace_back([&, t] {
            for (int i = 0; goes_on(answers); ++i) {
                ask(std::to_string(t) + ":" + std::to_string(i));
                std::this_thread::sleep_for(1ms);
            }
        });
    }
    for (int i = 1; i <= breaks; ++i) {
        while (goes_on(answers * i / (breaks + 1))) std::this_thread::sleep_for(1ms);
        server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    }
    for (auto& caller : callers) caller.join();

    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(answered, answers);
}

TEST_F(RedisConnection, AChildThatWasForkedWritesNothingBetweenTheParentsCommands) {
    ASSERT_TRUE(client.put("k", "v"));
    ASSERT_EQ(client.get("k"), "v");

    const pid_t child = ::fork();
    if (child == 0) {
        client.store().get("of the child", soon(), [](auto) {});
        ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);

    EXPECT_EQ(status, 0);
    EXPECT_EQ(client.get("k"), "v");
}

TEST_F(RedisConnection, BinaryKeysAndValuesOfAnySizeSurvive) {
    const std::string bytes("\r\n$-1\r\n\0\xff", 9);
    const std::string large(5'000'000, '\0');

    EXPECT_EQ(client.put(bytes, bytes), true);
    EXPECT_EQ(client.get(bytes), bytes);
    EXPECT_EQ(client.put("large", large), true);
    EXPECT_EQ(client.get("large", 10s), large);
    EXPECT_EQ(client.put("", ""), true);
    EXPECT_EQ(client.get(""), "");
}

TEST_F(RedisConnection, AValueOverTheLimitIsAnErrorAndTheConnectionStays) {
    server.command({"SET", "big", std::string(Store::value_bytes_max + 1, 'x')});
    server.command({"SET", "fits", std::string(Store::value_bytes_max, 'x')});

    const auto big = client.get("big", 10s);
    const auto fits = client.get("fits", 10s);

    ASSERT_FALSE(big);
    EXPECT_EQ(big.error().code, Errc::too_large);
    ASSERT_TRUE(fits) << fits.error().message();
    EXPECT_EQ((*fits)->size(), Store::value_bytes_max);
    EXPECT_EQ(client.get("none"), std::nullopt);
    EXPECT_EQ(client.put("big", std::string(Store::value_bytes_max + 1, 'x')).error().code,
              Errc::too_large);
}

TEST_F(RedisConnection, AValueOfAnotherTypeIsAnError) {
    server.command({"LPUSH", "list", "x"});

    EXPECT_EQ(client.get("list").error().code, Errc::protocol);
    EXPECT_EQ(client.erase_if_equal("list", "x").error().code, Errc::protocol);
    EXPECT_EQ(client.erase("list"), true);
}

TEST_F(RedisConnection, ADeadlineThatPassesWhileTheServerIsPausedIsATimeout) {
    server.pause();
    const TimePoint before = Boottime::now();
    const auto value = client.get("k", 100ms);
    const Duration took = Boottime::now() - before;
    server.resume();

    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, Errc::timeout);
    EXPECT_GE(took, 100ms);
    EXPECT_LT(took, 600ms);
}

TEST_F(RedisConnection, AServerThatStaysSilentIsGivenUpAndComesBack) {
    server.pause();
    const TimePoint before = Boottime::now();
    const auto outstanding = client.get("k", 15s);
    const Duration took = Boottime::now() - before;
    const auto at_once = client.get("k", 15s);
    const Duration both = Boottime::now() - before;
    server.resume();

    EXPECT_EQ(outstanding.error().code, Errc::unavailable);
    EXPECT_GE(took, 900ms);
    EXPECT_LT(took, 3s);
    EXPECT_EQ(at_once.error().code, Errc::unavailable);
    EXPECT_LT(both - took, 500ms) << "a link that is known to be down is not waited for";
    EXPECT_TRUE(eventually([&] { return client.get("k").has_value(); }));
}

TEST_F(RedisConnection, AnAnswerThatTakesLongInTheMiddleOfTrafficDoesNotBreakTheLink) {
    auto sleeping =
        std::async(std::launch::async, [&] { return server.command({"DEBUG", "SLEEP", "0.5"}); });
    std::this_thread::sleep_for(100ms);
    const auto value = client.get("k", 5s);

    EXPECT_TRUE(value) << value.error().message();
    EXPECT_EQ(client.get("k"), std::nullopt);
}

TEST_F(RedisConnection, ClientKillFailsWhatIsOutstandingAndTheNextOnesWork) {
    for (int i = 0; i < 5; ++i) {
        server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
        EXPECT_TRUE(eventually([&] { return client.get("k").has_value(); }));
    }
}

TEST_F(RedisConnection, ARestartedServerIsUsedAgain) {
    ASSERT_TRUE(client.put("k", "v"));

    server.kill();
    EXPECT_TRUE(eventually([&] {
        const auto down = client.get("k");
        return !down && down.error().code == Errc::unavailable &&
               down.error().cause.find("refused the connection") != std::string::npos;
    }));
    server.start();

    EXPECT_TRUE(eventually([&] { return client.get("k").has_value(); }));
}

TEST_F(RedisConnection, AServerThatBecomesAReplicaIsLeftAndTakenBackLater) {
    server.command({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
    const auto refused = client.put("k", "v");
    EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().message();
    EXPECT_TRUE(eventually([&] {
        const auto put = client.put("k", "v");
        return put.error().cause.find("replica") != std::string::npos;
    }));

    server.command({"REPLICAOF", "NO", "ONE"});

    EXPECT_TRUE(eventually([&] { return client.put("k", "v").has_value(); }));
}

TEST_F(RedisConnection, AScriptOnAServerThatBecameAReplicaIsRefused) {
    const PublishRequest request{.channel = "cache:x", .changed = {}, .plain_events = {}};
    ASSERT_TRUE(client.publish(request));

    server.command({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
    const auto refused = client.publish(request);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().message();
}

TEST_F(RedisConnection, ADeadlineThatHasPassedIsATimeoutAndNothingIsDone) {
    const auto put = wait_for<bool>([&](auto done) {
        client.store().put("k", "v", {.ttl = 60s}, Boottime::now() - 1s, std::move(done));
    });

    EXPECT_EQ(put.error().code, Errc::timeout);
    EXPECT_EQ(server.command({"EXISTS", "k"}), "0");
}

TEST_F(RedisConnection, CompletionsRunOnTheExecutorAndNeverInsideTheCall) {
    std::promise<bool> on_thread;
    client.runtime().executor().post([&] {
        auto inside = std::make_shared<bool>(true);
        client.store().get(std::string(Store::key_bytes_max + 1, 'k'), soon(), [&, inside](auto) {
            on_thread.set_value(client.runtime().on_thread() && !*inside);
        });
        *inside = false;
    });

    EXPECT_TRUE(on_thread.get_future().get());
}

TEST_F(RedisConnection, CloseEndsWhatIsOutstandingWithStopped) {
    server.pause();
    auto outstanding = std::async(std::launch::async, [&] { return client.get("k", 10s); });
    std::this_thread::sleep_for(50ms);
    client.runtime().executor().post([&] { client.pair().store->close(); });
    const auto ended = outstanding.get();
    server.resume();

    EXPECT_EQ(ended.error().code, Errc::stopped);
    EXPECT_EQ(client.get("k").error().code, Errc::stopped);
}

// What is heard of a link, on the thread that runs the event loop.
struct LinkOwner final : redis::Link::Owner {
    void on_connected() override { connected = true; }
    void on_reply(redis::Reply reply) override { heard = reply.text; }
    void on_closed(const Error& error) override { ADD_FAILURE() << error.message(); }

    bool connected = false;
    std::string heard;
};

TEST(RedisSocketLink, AClosedOneWritesNothingToTheNextOwnerOfItsDescriptor) {
    const RedisServer server;
    boost::asio::io_context loop;
    LinkOwner owner;
    const auto link = std::make_shared<redis::SocketLink>(
        loop, std::make_shared<redis::HostLookups>(loop),
        redis::Link::Options{.url = *redis::Url::parse(server.url()), .tls = nullptr, .limits = {}},
        owner);
    link->connect();
    while (!owner.connected) loop.run_one();
    const std::string ping = redis::encode({"PING"});
    EXPECT_EQ(link->write_now(ping), ping.size());
    while (owner.heard.empty()) loop.run_one();
    EXPECT_EQ(owner.heard, "PONG");

    std::array<int, 2> pair{-1, -1};
    link->close();
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);

    EXPECT_EQ(link->write_now(ping), 0U);
    std::array<char, 16> received{};
    for (const int end : pair) {
        EXPECT_EQ(::recv(end, received.data(), received.size(), MSG_DONTWAIT), -1);
    }
    for (const int end : pair) ::close(end);
}

TEST(RedisCommandConnection, OverTheBoundCommandsAreRefusedAtOnceAndAllComplete) {
    RedisServer server;
    Runtime runtime;
    runtime.start();
    auto connection = std::make_shared<redis::CommandConnection>(
        redis::network_of(runtime),
        redis::CommandConnection::Options{.session = {.url = *redis::Url::parse(server.url()),
                                                      .client_name = "",
                                                      .connect_timeout = 1s,
                                                      .limits = {},
                                                      .random = [] { return std::uint64_t{1}; }},
                                          .stall_timeout = 10s,
                                          .commands_max = 100,
                                          .bytes_max = 100'000});
    runtime.executor().post([&] { connection->start([](auto) {}); });
    const auto ping = [&](std::size_t bytes, std::atomic<int>& good, std::atomic<int>& overloaded) {
        connection->submit({.operation = "test",
                            .bytes = redis::encode({"PING", std::string(bytes, 'x')}),
                            .deadline = soon(20s),
                            .caller = redis::CommandConnection::Caller::store},
                           [&](Result<redis::Reply> reply) {
                               if (reply) ++good;
                               if (!reply && reply.error().code == Errc::overloaded) ++overloaded;
                           });
    };
    std::atomic<int> good = 0;
    std::atomic<int> overloaded = 0;

    server.pause();
    for (int i = 0; i < 150; ++i) ping(1, good, overloaded);
    EXPECT_TRUE(eventually([&] { return overloaded == 50; }));
    server.resume();
    EXPECT_TRUE(eventually([&] { return good == 100; }));
    server.pause();
    for (int i = 0; i < 15; ++i) ping(9'000, good, overloaded);
    EXPECT_TRUE(eventually([&] { return overloaded == 54; }));
    server.resume();
    EXPECT_TRUE(eventually([&] { return good == 111; }));

    runtime.executor().post([&] {
        connection->close(redis::CommandConnection::Caller::store);
        connection->close(redis::CommandConnection::Caller::bus);
    });
    runtime.stop();
}

TEST(RedisCommandConnection, DestroyingAnOpenPairWithoutClosingItIsSafe) {
    RedisServer server;
    Runtime runtime;
    runtime.start();
    {
        Recorder recorder;
        auto pair = redis::open_redis(runtime, {.url = server.url(), .app = "test"}, soon());
        ASSERT_TRUE(pair);
        pair->store->get("k", soon(), [](auto) {});
    }
    runtime.stop();
}

}  // namespace
}  // namespace tests
