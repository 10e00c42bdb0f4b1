#include "embedded/server_channel.hpp"
#include "embedded_fixture.hpp"

namespace tutti::embedded {
namespace {

class EmbeddedBusTest : public EmbeddedTest {
protected:
    void subscribe(Bus& on, Listener& with, bool plain = false) {
        on.subscribe({{.channel = "c", .plain = plain}}, with);
        executor.run_ready();
    }

    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create({.seed = 1, .clock = clock});
    testing::EmbeddedServer server{hub};
    Listener listener;
    EmbeddedBus bus{hub, executor, clock};
};

TEST_F(EmbeddedBusTest, SameSeedGivesTheSameEpochsAndAnotherSeedOthers) {
    const auto epochs = [&](std::uint64_t seed) {
        const auto seeded = EmbeddedHub::create({.seed = seed, .clock = clock});
        EmbeddedBus on(seeded, executor, clock);
        const Epoch first = publish(on, {"a"})->position.epoch;
        testing::EmbeddedServer(seeded).restart_empty();
        return std::pair(first, publish(on, {"a"})->position.epoch);
    };

    EXPECT_EQ(epochs(1), epochs(1));
    EXPECT_NE(epochs(1), epochs(2));
    EXPECT_NE(epochs(1).first, epochs(1).second);
}

TEST_F(EmbeddedBusTest, HubsWithoutASeedDiffer) {
    EmbeddedBus one(EmbeddedHub::create(), executor);
    EmbeddedBus other(EmbeddedHub::create(), executor);

    EXPECT_NE(publish(one, {"a"})->position.epoch, publish(other, {"a"})->position.epoch);
}

TEST_F(EmbeddedBusTest, ListenerIsCalledOnTheExecutorOnly) {
    subscribe(bus, listener);

    bus.publish(publication({"a"}), whenever, [](auto) {});
    EXPECT_EQ(listener.heard, Words{"subscribed"});

    executor.run_ready();
    EXPECT_EQ(listener.heard, (Words{"subscribed", "entry 1"}));
}

// The clock that the hub was given is set forward, as a server's may be: nobody has had that time.
TEST_F(EmbeddedBusTest, ClockThatIsSetForwardEndsNoLease) {
    ASSERT_TRUE(renew(bus, "one"));
    for (int i = 0; i < 5; ++i) {
        clock.advance(std::chrono::hours{24});
        ASSERT_TRUE(renew(bus, "other"));
    }

    EXPECT_EQ(server.members("c").size(), 2U);
}

TEST_F(EmbeddedBusTest, MemberThatDoesNotRenewIsForgottenWhileTheOthersGoOn) {
    ASSERT_TRUE(renew(bus, "gone"));
    for (int i = 0; i < 11; ++i) {
        clock.advance(std::chrono::seconds{1});
        ASSERT_TRUE(renew(bus, "one"));
        EXPECT_EQ(server.members("c").size(), 2U) << i;
    }
    clock.advance(std::chrono::milliseconds{1});
    ASSERT_TRUE(renew(bus, "one"));

    using Member = testing::EmbeddedServer::Member;
    EXPECT_EQ(server.members("c"), (std::vector<Member>{{.name = "one", .applied = 0}}));
}

TEST_F(EmbeddedBusTest, LogKeepsItsNewestEntries) {
    for (std::size_t i = 0; i < ServerChannel::log_entries_max + 5; ++i) {
        bus.publish(publication({"a"}), whenever, [](auto) {});
    }
    const auto entries = answer<std::vector<BusEntry>>(
        [&](auto done) { bus.replay("c", 1, 1'000'000, whenever, std::move(done)); });

    ASSERT_EQ(entries->size(), ServerChannel::log_entries_max);
    EXPECT_EQ(entries->front().position.sequence, 6U);
}

TEST_F(EmbeddedBusTest, LogKeepsWithinItsBytes) {
    const std::string large(60'000, 'k');
    for (int i = 0; i < 1200; ++i) bus.publish(publication({large}), whenever, [](auto) {});
    executor.run_ready();

    const auto entries = answer<std::vector<BusEntry>>(
        [&](auto done) { bus.replay("c", 1, 1200, whenever, std::move(done)); });

    EXPECT_LE(entries->size() * large.size(), ServerChannel::log_bytes_max);
    EXPECT_GT(entries->size(), 1000U);
    EXPECT_EQ(entries->back().position.sequence, 1200U);
}

TEST_F(EmbeddedBusTest, RewindKeepsTheEpochAndOnlyTheChainTells) {
    ASSERT_TRUE(publish(bus, {"a"}));
    const auto snapshot = server.snapshot();
    const BusPosition lost = publish(bus, {"b"})->position;

    server.rewind_to(snapshot);
    const BusPosition other = publish(bus, {"c"})->position;

    EXPECT_EQ(other.epoch, lost.epoch);
    EXPECT_EQ(other.sequence, lost.sequence);
    EXPECT_NE(other.chain, lost.chain);
}

TEST_F(EmbeddedBusTest, RotateGivesANewEpochAndForgetsTheMembers) {
    const BusPosition before = publish(bus, {"a"})->position;
    ASSERT_TRUE(renew(bus, "one"));

    server.rotate("c");

    EXPECT_NE(server.position("c")->epoch, before.epoch);
    EXPECT_EQ(server.position("c")->sequence, 0U);
    EXPECT_TRUE(server.members("c").empty());
}

TEST_F(EmbeddedBusTest, NothingIsDeliveredWhileDisconnectedNorLater) {
    subscribe(bus, listener, true);
    server.disconnect();
    ASSERT_TRUE(publish(bus, {"a"}));
    hub->publish_plain("c", "event");
    const auto probed = answer<void>([&](auto done) { bus.probe(whenever, std::move(done)); });

    server.reconnect();
    ASSERT_TRUE(publish(bus, {"b"}));

    EXPECT_EQ(probed.error().code, Errc::unavailable);
    EXPECT_EQ(listener.heard, (Words{"subscribed", "disconnected", "subscribed", "entry 2"}));
}

TEST_F(EmbeddedBusTest, SubscribingToAnAwayServerIsConfirmedWhenItComesBack) {
    server.go_away();
    subscribe(bus, listener);
    EXPECT_TRUE(listener.heard.empty());

    server.come_back();
    executor.run_ready();
    EXPECT_EQ(listener.heard, Words{"subscribed"});
}

TEST_F(EmbeddedBusTest, CloseDropsWhatIsUnderWayAndStopsOperations) {
    subscribe(bus, listener);
    std::optional<Errc> code;
    bus.publish(publication({"a"}), whenever,
                [&](Result<Published> result) { code = result.error().code; });

    bus.close();
    executor.run_ready();

    EXPECT_EQ(code, Errc::stopped);
    EXPECT_EQ(listener.heard, Words{"subscribed"});
    EXPECT_EQ(publish(bus, {"b"}).error().code, Errc::stopped);
    EXPECT_EQ(server.position("c")->sequence, 1U) << "the first had happened, the second had not";
}

TEST_F(EmbeddedBusTest, DestroyedBusAnswersAndIsSilent) {
    std::optional<Errc> code;
    {
        EmbeddedBus short_lived(hub, executor, clock);
        short_lived.subscribe({{.channel = "c"}}, listener);
        short_lived.publish(publication({"a"}), whenever,
                            [&](Result<Published> result) { code = result.error().code; });
    }
    executor.run_ready();

    EXPECT_EQ(code, Errc::stopped);
    EXPECT_TRUE(listener.heard.empty());
}

TEST_F(EmbeddedBusTest, LateCallDoesNothing) {
    const auto late = answer<Published>([&](auto done) {
        bus.publish(publication({"a"}), clock.now() - Duration{1}, std::move(done));
    });

    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_EQ(server.position("c"), std::nullopt);
}

TEST_F(EmbeddedBusTest, ErrorsNameTheWayOut) {
    std::vector<std::string> keys(Bus::keys_max + 1, "k");

    const auto refused = publish(bus, keys);

    EXPECT_EQ(
        refused.error().message(),
        "embedded publish: too large: there are 1001 keys, allowed are 1000: split, or take `all`");
}

}  // namespace
}  // namespace tutti::embedded
