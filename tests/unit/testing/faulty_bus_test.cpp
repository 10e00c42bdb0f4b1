#include "tutti/testing/faulty_bus.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "tutti/embedded.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {
namespace {

using std::chrono::milliseconds;
using Words = std::vector<std::string>;

class Listener final : public BusListener {
public:
    void on_subscribed() override { heard.emplace_back("subscribed"); }
    void on_disconnected() override { heard.emplace_back("disconnected"); }
    void on_entry(std::string_view, BusEntry entry) override {
        heard.push_back(std::to_string(entry.position.sequence));
    }
    void on_undecodable(std::string_view) override { heard.emplace_back("undecodable"); }
    void on_plain(std::string_view, std::string_view payload) override {
        heard.emplace_back(payload);
    }
    void on_oversized_plain(std::string_view, std::size_t bytes) override {
        heard.push_back("oversized " + std::to_string(bytes));
    }
    void on_woken(std::string_view store_key) override {
        heard.push_back("woken " + std::string(store_key));
    }
    void on_ack_wanted(std::string_view, Epoch, Sequence sequence) override {
        heard.push_back("wanted " + std::to_string(sequence));
    }
    void on_all_acked(std::string_view, Epoch, Sequence sequence) override {
        heard.push_back("acked " + std::to_string(sequence));
    }
    Words take() { return std::exchange(heard, {}); }

    Words heard;
};

class FaultyBusTest : public ::testing::Test {
protected:
    static constexpr Duration patience = milliseconds{1000};

    void SetUp() override {
        bus.subscribe({{.channel = "c", .plain = true}}, listener);
        executor.run_ready();
        ASSERT_EQ(listener.take(), Words{"subscribed"});
    }

    // Somebody else publishes, over a network without faults.
    void publish() {
        other.publish({.channel = "c", .changed = {.keys = {"a"}}, .plain_events = {}},
                      TimePoint::max(), [](auto) {});
    }
    void publish(int times) {
        for (int i = 0; i < times; ++i) publish();
        executor.run_ready();
    }
    template <class T>
    Completion<T> into(std::optional<Result<T>>& outcome) {
        return [&](Result<T> result) {
            EXPECT_FALSE(outcome) << "exactly once";
            outcome = std::move(result);
        };
    }
    void renew(std::optional<Result<Renewed>>& outcome) {
        bus.renew(
            {.channel = "c", .member = "node", .applied = {}, .lease = std::chrono::seconds{3}},
            clock.now() + patience, into(outcome));
    }
    void probe(std::optional<Result<void>>& outcome) {
        bus.probe(clock.now() + patience, into(outcome));
    }

    ManualClock clock;
    ManualExecutor executor{clock};
    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create({.seed = 1, .clock = clock});
    EmbeddedServer server{hub};
    embedded::EmbeddedBus other{hub, executor, clock};
    embedded::EmbeddedBus inner{hub, executor, clock};
    ScriptedFaults faults;
    Link link{faults};
    Listener listener;
    FaultyBus bus{inner, executor, clock, link};
};

TEST_F(FaultyBusTest, WithoutFaultsItIsTheBusInside) {
    publish(2);
    hub->publish_plain("c", "event");
    server.push_undecodable("c");
    std::optional<Result<void>> probed;
    probe(probed);
    executor.run_ready();

    EXPECT_EQ(listener.take(), (Words{"1", "2", "event", "undecodable"}));
    EXPECT_TRUE(probed->has_value());
    EXPECT_EQ(executor.timer_count(), 0U);
}

TEST_F(FaultyBusTest, NextRenewalIsLostBeforeItIsExecuted) {
    faults.next(Operation::renew, {.request_lost = true});
    std::optional<Result<Renewed>> lost, second;
    renew(lost);
    executor.advance(patience);
    EXPECT_EQ(lost->error().code, Errc::timeout);
    EXPECT_TRUE(server.members("c").empty());

    renew(second);
    executor.run_ready();
    EXPECT_TRUE(second->has_value());
}

TEST_F(FaultyBusTest, NextRenewalIsExecutedAndItsReplyLost) {
    faults.next(Operation::renew, {.reply_lost = true});
    std::optional<Result<Renewed>> lost;
    renew(lost);
    executor.advance(patience);

    EXPECT_EQ(lost->error().code, Errc::timeout);
    EXPECT_EQ(server.members("c").size(), 1U);
}

TEST_F(FaultyBusTest, ReplyThatComesAfterTheDeadlineIsDropped) {
    faults.next(Operation::renew, {.reply_delay = patience + milliseconds{1}});
    std::optional<Result<Renewed>> late;
    renew(late);
    executor.advance(2 * patience);

    EXPECT_EQ(late->error().code, Errc::timeout);
}

TEST_F(FaultyBusTest, PushesAreLostAndDoubled) {
    faults.next_push({.copies = 0});
    faults.next_push({.copies = 2});
    publish(3);

    EXPECT_EQ(listener.take(), (Words{"2", "2", "3"}));
}

TEST_F(FaultyBusTest, CopyArrivesLater) {
    faults.next_push({.copy_delay = milliseconds{5}, .copies = 2, .overtake = true});
    publish(2);
    EXPECT_EQ(listener.take(), (Words{"1", "2"}));

    executor.advance(milliseconds{5});
    EXPECT_EQ(listener.take(), Words{"1"});
}

TEST_F(FaultyBusTest, DelayedPushKeepsTheOrder) {
    faults.next_push({.delay = milliseconds{5}});
    publish(2);
    EXPECT_EQ(listener.take(), Words{});

    executor.advance(milliseconds{5});
    EXPECT_EQ(listener.take(), (Words{"1", "2"}));
    publish(1);
    EXPECT_EQ(listener.take(), Words{"3"});
}

TEST_F(FaultyBusTest, OvertakenPushArrivesAfterItsSuccessor) {
    faults.next_push({.delay = milliseconds{5}, .overtake = true});
    publish(2);
    executor.advance(milliseconds{5});

    EXPECT_EQ(listener.take(), (Words{"2", "1"}));
}

TEST_F(FaultyBusTest, ProbeIsAnsweredBehindDelayedPushes) {
    faults.next_push({.delay = milliseconds{5}});
    publish(1);
    std::optional<Result<void>> probed;
    probe(probed);
    executor.run_ready();
    EXPECT_FALSE(probed);

    executor.advance(milliseconds{5});
    EXPECT_EQ(listener.take(), Words{"1"});
    EXPECT_TRUE(probed->has_value());
}

// A storm found a lease that was proven by a probe that had overtaken an event on its own
// connection.
TEST_F(FaultyBusTest, AProbeNeverOvertakesThePushesOfItsConnection) {
    faults.next_push({.delay = milliseconds{10}});
    faults.next(Operation::probe, {.overtake = true});
    publish(1);
    std::optional<Result<void>> probed;
    probe(probed);
    executor.advance(milliseconds{9});
    EXPECT_FALSE(probed);

    executor.advance(milliseconds{1});

    EXPECT_EQ(listener.take(), Words{"1"});
    EXPECT_TRUE(probed->has_value());
}

TEST_F(FaultyBusTest, DisconnectIsToldAndLosesWhatIsUnderWay) {
    faults.next_push({.delay = milliseconds{5}});
    publish(1);
    bus.disconnect();
    publish(1);
    std::optional<Result<void>> probed;
    probe(probed);
    executor.advance(milliseconds{10});
    EXPECT_EQ(listener.take(), Words{"disconnected"});
    EXPECT_EQ(probed->error().code, Errc::unavailable);

    bus.reconnect();
    publish(1);
    EXPECT_EQ(listener.take(), (Words{"subscribed", "3"}));
}

TEST_F(FaultyBusTest, HalfOpenConnectionIsSilentUntilItIsNoticed) {
    bus.go_half_open();
    publish(1);
    std::optional<Result<void>> probed;
    probe(probed);
    std::optional<Result<Renewed>> renewed;
    renew(renewed);
    executor.advance(patience);
    EXPECT_EQ(listener.take(), Words{});
    EXPECT_EQ(probed->error().code, Errc::timeout);
    EXPECT_TRUE(renewed->has_value()) << "the command connection is another one";

    bus.reconnect();
    publish(1);
    EXPECT_EQ(listener.take(), (Words{"disconnected", "subscribed", "2"}));
}

TEST_F(FaultyBusTest, ServerThatBreaksAHalfOpenConnectionIsNotHeard) {
    bus.go_half_open();
    server.disconnect();
    server.reconnect();
    executor.run_ready();
    EXPECT_EQ(listener.take(), Words{});

    bus.reconnect();
    executor.run_ready();
    EXPECT_EQ(listener.take(), (Words{"disconnected", "subscribed"}));
}

TEST_F(FaultyBusTest, WakingsAreLostAsPushesAre) {
    embedded::EmbeddedStore store(hub, executor, clock);
    const auto drop_all = [&] {
        store.drop("elsewhere", {}, TimePoint::max(), [](auto) {});
        executor.run_ready();
    };

    faults.next_push({.copies = 0});
    drop_all();
    EXPECT_EQ(listener.take(), Words{});
    drop_all();
    EXPECT_EQ(listener.take(), Words{"woken "});
    bus.go_half_open();
    drop_all();
    EXPECT_EQ(listener.take(), Words{});
}

TEST_F(FaultyBusTest, ServersDisconnectionsPassThrough) {
    server.disconnect();
    executor.run_ready();
    EXPECT_EQ(listener.take(), Words{"disconnected"});

    bus.reconnect();
    executor.run_ready();
    EXPECT_EQ(listener.take(), Words{}) << "the server itself is not back yet";

    server.reconnect();
    publish(1);
    EXPECT_EQ(listener.take(), (Words{"subscribed", "1"}));
}

TEST_F(FaultyBusTest, CutFromTheServerSilencesPushesAndReplies) {
    link.cut(Link::Direction::from_server);
    publish(1);
    std::optional<Result<Renewed>> renewed;
    renew(renewed);
    executor.advance(patience);

    EXPECT_EQ(listener.take(), Words{});
    EXPECT_EQ(renewed->error().code, Errc::timeout);
    EXPECT_EQ(server.members("c").size(), 1U);

    link.heal();
    publish(1);
    EXPECT_EQ(listener.take(), Words{"2"});
}

TEST_F(FaultyBusTest, CloseStopsOperationsAndDropsPushes) {
    faults.next_push({.delay = milliseconds{5}});
    faults.next(Operation::renew, {.reply_delay = milliseconds{5}});
    std::optional<Result<Renewed>> renewed;
    renew(renewed);
    publish(1);

    bus.close();
    executor.advance(patience);

    EXPECT_EQ(listener.take(), Words{});
    EXPECT_EQ(renewed->error().code, Errc::stopped);
    std::optional<Result<void>> probed;
    probe(probed);
    executor.run_ready();
    EXPECT_EQ(probed->error().code, Errc::stopped);
}

}  // namespace
}  // namespace tutti::testing
