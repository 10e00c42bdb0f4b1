// What is pushed: entries, plain events of others, and not the echo of our own.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace tutti;

const std::string channel = "cache:x";
const std::string wire_channel = "tutti:{test/0/cache:x}";

class RedisSubscription : public testing::Test {
protected:
    std::string push(const std::string& to, const std::string& payload) {
        return server.command({"PUBLISH", to, payload});
    }
    // Everything that was pushed before has been delivered.
    void settle() { ASSERT_TRUE(client.probe()); }
    std::vector<std::string> kinds() {
        std::vector<std::string> kinds;
        for (const auto& event : client.recorder().events()) kinds.push_back(event.what);
        return kinds;
    }

    RedisServer server;
    Client client{server.url()};
    Client writer{server.url()};
};

TEST_F(RedisSubscription, AnEntryArrivesAsItWasPublished) {
    client.subscribe({{.channel = channel}, {.channel = "cache:other"}});

    const auto published =
        writer.publish({.channel = channel, .changed = {.keys = {"a", "b"}}, .plain_events = {}});
    settle();

    ASSERT_EQ(kinds(), (std::vector<std::string>{"subscribed", "entry"}));
    const auto event = client.recorder().events().back();
    EXPECT_EQ(event.channel, channel);
    EXPECT_EQ(event.entry.position, published->position);
    EXPECT_EQ(event.entry.previous, Chain{std::to_underlying(published->position.epoch)});
    EXPECT_EQ(event.entry.changed.keys, (std::vector<std::string>{"a", "b"}));
}

TEST_F(RedisSubscription, PlainEventsReachForeignSubscribersAndTheirEchoDoesNotReachUs) {
    client.subscribe({{.channel = channel, .plain = true}});

    ASSERT_TRUE(writer.publish(
        {.channel = channel, .changed = {.keys = {"a"}}, .plain_events = {"1", "2"}}));
    push(channel, "1");
    ASSERT_TRUE(
        writer.publish({.channel = channel, .changed = {.keys = {"b"}}, .plain_events = {}}));
    push(channel, "2");
    settle();

    ASSERT_EQ(kinds(),
              (std::vector<std::string>{"subscribed", "entry", "plain", "entry", "plain"}));
    EXPECT_EQ(client.recorder().events()[2].payload, "1");
    EXPECT_EQ(client.recorder().events()[2].channel, channel);
    EXPECT_EQ(client.recorder().events()[4].payload, "2");
}

TEST_F(RedisSubscription, TheEchoIsSkippedByPositionAndNotByPayload) {
    client.subscribe(
        {{.channel = channel, .plain = true}, {.channel = "cache:other", .plain = true}});
    const std::string announces_two = "1 00000000000000ff 1 0000000000000001 0000000000000002 2\n*";

    push(wire_channel, announces_two);
    push("cache:other", "ends the count");
    push(channel, "not an echo");
    push(wire_channel, announces_two);
    push(channel, "an echo");
    settle();
    push(channel, "not an echo: a PONG came in between");
    settle();

    ASSERT_EQ(kinds(), (std::vector<std::string>{"subscribed", "entry", "plain", "plain", "entry",
                                                 "plain"}));
    EXPECT_EQ(client.recorder().events()[3].payload, "not an echo");
}

TEST_F(RedisSubscription, WithoutThePlainDeclarationNothingPlainIsDelivered) {
    client.subscribe({{.channel = channel}});

    EXPECT_EQ(push(channel, "x"), "0");
    ASSERT_TRUE(
        writer.publish({.channel = channel, .changed = {.keys = {"a"}}, .plain_events = {"1"}}));
    settle();

    EXPECT_EQ(kinds(), (std::vector<std::string>{"subscribed", "entry"}));
}

TEST_F(RedisSubscription, GarbageOnTheEntryChannelIsReportedAndTheConnectionStays) {
    client.subscribe({{.channel = channel}});

    push(wire_channel, "");
    push(wire_channel, R"({"type":"all"})");
    push(wire_channel, "9 from the future\n*");
    push(wire_channel, std::string(200'000, 'x'));
    settle();

    EXPECT_EQ(kinds(), (std::vector<std::string>{"subscribed", "undecodable", "undecodable",
                                                 "undecodable", "undecodable"}));
}

TEST_F(RedisSubscription, APlainEventThatIsTooLargeIsDroppedAndReported) {
    client.subscribe({{.channel = channel, .plain = true}});

    push(channel, std::string(Bus::plain_event_bytes_max + 1, 'x'));
    push(channel, std::string(Bus::plain_event_bytes_max, 'x'));
    settle();

    EXPECT_EQ(kinds(), (std::vector<std::string>{"subscribed", "oversized", "plain"}));
}

TEST_F(RedisSubscription, AHugeMessageCostsNeitherTheConnectionNorTheMemory) {
    client.subscribe({{.channel = channel, .plain = true}});
    const std::string huge(20'000'000, 'x');

    push(channel, huge);
    push(wire_channel, huge);
    push("tutti:{test/0}:wake", huge);
    push(channel, "after");
    settle();

    ASSERT_EQ(kinds(),
              (std::vector<std::string>{"subscribed", "oversized", "undecodable", "plain"}));
    EXPECT_EQ(client.recorder().events()[1].payload, "20000000");
    EXPECT_EQ(client.recorder().events()[3].payload, "after");
}

class RefusedPushes : public RedisSubscription {
protected:
    RefusedPushes() {
        server.command({"ACL", "SETUSER", "bot", "on", ">pw", "~*", "&*", "+@all"});
        limited.emplace("redis://bot:pw@127.0.0.1:" + std::to_string(server.port()));
        client.subscribe({{.channel = channel, .plain = true}});
    }
    std::size_t refused_of_a_publication() {
        const auto published = limited->publish(
            {.channel = channel, .changed = {.keys = {"a"}}, .plain_events = {"1", "2"}});
        EXPECT_TRUE(published) << published.error().message();
        return published ? published->refused_pushes : 0;
    }

    std::optional<Client> limited;
};

// The echo is counted by position: without the events the count must not reach what comes next.
TEST_F(RefusedPushes, LeaveTheNextForeignEventToBeHeard) {
    server.command({"ACL", "SETUSER", "bot", "resetchannels", "&tutti:*"});

    EXPECT_EQ(refused_of_a_publication(), 2U);
    push(channel, "foreign");
    settle();

    ASSERT_EQ(kinds(), (std::vector<std::string>{"subscribed", "entry", "entry", "plain"}));
    const auto events = client.recorder().events();
    EXPECT_EQ(events[1].entry.position, events[2].entry.position) << "a duplicate, that is nothing";
    EXPECT_EQ(events[3].payload, "foreign");
}

TEST_F(RefusedPushes, OfTheEntryLeaveItInTheLog) {
    server.command({"ACL", "SETUSER", "bot", "resetchannels", "&cache:*"});

    EXPECT_EQ(refused_of_a_publication(), 1U);

    EXPECT_EQ(client.replay(channel, 1, 9)->size(), 1U);
}

TEST_F(RefusedPushes, AreNoneUsually) { EXPECT_EQ(refused_of_a_publication(), 0U); }

TEST_F(RedisSubscription, EverySubscriptionIsConfirmedBeforeOnSubscribed) {
    std::vector<Subscription> many;
    for (int i = 0; i < 500; ++i)
        many.push_back({.channel = "c" + std::to_string(i), .plain = i % 2 == 0});

    client.subscribe(many);

    for (int i = 0; i < 500; i += 99) {
        EXPECT_EQ(push("tutti:{test/0/c" + std::to_string(i) + "}", ""), "1");
    }
    settle();
    EXPECT_EQ(client.recorder().count("undecodable"), 6U);
}

TEST_F(RedisSubscription, NothingToSubscribeToIsSubscribedAtOnceAndCanBeProbed) {
    client.subscribe({});

    EXPECT_TRUE(client.probe());
}

TEST_F(RedisSubscription, ClientKillIsFollowedByANewSubscription) {
    client.subscribe({{.channel = channel}});

    for (std::size_t i = 1; i <= 5; ++i) {
        server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
        ASSERT_TRUE(client.recorder().wait("disconnected", i));
        ASSERT_TRUE(client.recorder().wait("subscribed", i + 1));
    }
    ASSERT_TRUE(writer.publish({.channel = channel, .changed = {}, .plain_events = {}}));
    settle();

    EXPECT_EQ(client.recorder().count("entry"), 1U);
    EXPECT_EQ(client.bus().subscription_error(), std::nullopt);
}

TEST_F(RedisSubscription, ARestartOfTheServerIsFollowedByANewSubscription) {
    client.subscribe({{.channel = channel}});

    server.kill();
    ASSERT_TRUE(client.recorder().wait("disconnected"));
    EXPECT_TRUE(eventually([&] { return client.bus().subscription_error().has_value(); }));
    const auto probed = client.probe();
    server.start();

    ASSERT_FALSE(probed);
    EXPECT_EQ(probed.error().code, Errc::unavailable);
    ASSERT_TRUE(client.recorder().wait("subscribed", 2));
    EXPECT_TRUE(client.probe());
    EXPECT_EQ(client.recorder().count("disconnected"), 1U);
}

TEST_F(RedisSubscription, AfterCloseNothingIsDeliveredAndOperationsSayStopped) {
    client.subscribe({{.channel = channel}});

    client.bus().close();
    EXPECT_TRUE(eventually([&] { return push(wire_channel, "") == "0"; }));
    const auto probed = client.probe();
    const auto published = client.publish({.channel = channel, .changed = {}, .plain_events = {}});

    EXPECT_EQ(kinds(), std::vector<std::string>{"subscribed"});
    EXPECT_EQ(probed.error().code, Errc::stopped);
    EXPECT_EQ(published.error().code, Errc::stopped);
    EXPECT_TRUE(client.put("k", "v")) << "the store has its own end";
}

}  // namespace
}  // namespace tests
