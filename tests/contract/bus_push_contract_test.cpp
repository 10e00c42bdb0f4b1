// What is pushed to subscribers, and in which order.
#include <algorithm>
#include <chrono>
#include <string>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BusPushContract : public Contract {
protected:
    // Everything that the server has pushed to that node so far has been heard after it.
    void settle(std::size_t node) { EXPECT_TRUE(probe(node)); }
};

INSTANTIATE_TEST_SUITE_P(Adapters, BusPushContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(BusPushContract, SubscriberHearsTheEntryThatPublishReturned) {
    Recorder& recorder = subscribe(1, {{.channel = "c"}});

    const BusPosition published = publish_keys("c", {"a", "b"});
    settle(1);

    const auto heard = recorder.heard().of("c");
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].position, published);
    EXPECT_EQ(heard[0].changed, (KeySet{.keys = {"a", "b"}}));
}

TEST_P(BusPushContract, EverySubscriberHearsTheLogInItsOrder) {
    Recorder& one = subscribe(1, {{.channel = "c"}});
    Recorder& two = subscribe(2, {{.channel = "c"}});

    for (int i = 0; i < 20; ++i) {
        publish_keys("c", {std::to_string(i)}, static_cast<std::size_t>(i % 2) + 1);
    }
    settle(1);
    settle(2);

    const auto log = replay("c", 1, 20).value();
    ASSERT_EQ(log.size(), 20U);
    EXPECT_TRUE(std::ranges::equal(one.heard().of("c"), log, same_entry));
    EXPECT_TRUE(std::ranges::equal(two.heard().of("c"), log, same_entry));
}

TEST_P(BusPushContract, PublisherHearsItsOwnEntries) {
    Recorder& recorder = subscribe(0, {{.channel = "c"}});

    publish_keys("c", {"a"}, 0);
    settle(0);

    EXPECT_EQ(recorder.heard().of("c").size(), 1U);
}

TEST_P(BusPushContract, SubscriberHearsItsChannelsOnly) {
    Recorder& both = subscribe(1, {{.channel = "c"}, {.channel = "d"}});
    Recorder& one = subscribe(2, {{.channel = "d"}});

    publish_keys("c", {"a"});
    publish_keys("d", {"b"});
    publish_keys("e", {"c"});
    settle(1);
    settle(2);

    EXPECT_EQ(both.heard().entries.size(), 2U);
    ASSERT_EQ(one.heard().entries.size(), 1U);
    EXPECT_EQ(one.heard().entries[0].first, "d");
}

TEST_P(BusPushContract, SuccessfulProbeComesAfterEarlierPushes) {
    Recorder& recorder = subscribe(1, {{.channel = "c"}});

    for (int round = 1; round <= 30; ++round) {
        publish_keys("c", {"a"});
        ASSERT_TRUE(probe(1));
        ASSERT_EQ(recorder.heard().entries.size(), static_cast<std::size_t>(round));
    }
}

TEST_P(BusPushContract, EchoReachesForeignProgramsAndNotOurNodes) {
    Recorder& recorder = subscribe(1, {{.channel = "c", .plain = true}});
    world().watch_plain("c");

    ASSERT_TRUE(publish({.channel = "c",
                         .changed = {.keys = {"a", "b"}},
                         .plain_events = {R"({"a":1})", R"({"b":2})"}}));
    settle(1);

    EXPECT_EQ(recorder.heard().entries.size(), 1U);
    EXPECT_EQ(recorder.heard().plain.size(), 0U);
    std::vector<std::string> seen;
    EXPECT_TRUE(world().run_until([&] {
        std::ranges::move(world().plain_seen("c"), std::back_inserter(seen));
        return seen.size() >= 2;
    }));
    EXPECT_EQ(seen, (std::vector<std::string>{R"({"a":1})", R"({"b":2})"}));
}

TEST_P(BusPushContract, ForeignEventsReachThoseThatAskedForThem) {
    Recorder& asked = subscribe(1, {{.channel = "c", .plain = true}});
    Recorder& silent = subscribe(2, {{.channel = "c"}});
    Recorder& elsewhere = subscribe(3, {{.channel = "d", .plain = true}});

    world().publish_plain("c", "one");
    world().publish_plain("c", "two");
    for (const std::size_t node : {1U, 2U, 3U}) settle(node);

    EXPECT_EQ(asked.heard().plain, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(silent.heard().plain.size(), 0U);
    EXPECT_EQ(elsewhere.heard().plain.size(), 0U);
}

TEST_P(BusPushContract, ForeignEventThatLooksLikeAnEchoIsHeard) {
    Recorder& recorder = subscribe(1, {{.channel = "c", .plain = true}});
    const PublishRequest request{
        .channel = "c", .changed = {.keys = {"a"}}, .plain_events = {"event"}};

    ASSERT_TRUE(publish(request));
    world().publish_plain("c", "event");
    ASSERT_TRUE(publish(request));
    settle(1);

    EXPECT_EQ(recorder.heard().plain, (std::vector<std::string>{"event"}));
    EXPECT_EQ(recorder.heard().order,
              (std::vector<std::string>{"subscribed", "entry", "plain", "entry"}));
}

TEST_P(BusPushContract, ForeignEventOverTheLimitIsDroppedAndReportedWhateverItsSize) {
    Recorder& recorder = subscribe(1, {{.channel = "c", .plain = true}});
    const std::vector<std::size_t> too_large{Bus::plain_event_bytes_max + 1, 100'000, 3'000'000};

    world().publish_plain("c", std::string(Bus::plain_event_bytes_max, 'x'));
    for (const std::size_t bytes : too_large) world().publish_plain("c", std::string(bytes, 'y'));
    world().publish_plain("c", "after");
    settle(1);

    const Heard heard = recorder.heard();
    ASSERT_EQ(heard.plain.size(), 2U);
    EXPECT_EQ(heard.plain[0].size(), Bus::plain_event_bytes_max);
    EXPECT_EQ(heard.plain[1], "after");
    EXPECT_EQ(heard.oversized, too_large);
    EXPECT_EQ(heard.disconnected, 0U);
}

TEST_P(BusPushContract, UndecodablePushIsReportedInItsPlace) {
    Recorder& recorder = subscribe(1, {{.channel = "c"}});

    publish_keys("c", {"a"});
    world().push_undecodable("c");
    publish_keys("c", {"b"});
    settle(1);

    EXPECT_EQ(recorder.heard().order,
              (std::vector<std::string>{"subscribed", "entry", "undecodable", "entry"}));
}

TEST_P(BusPushContract, BrokenSubscriptionIsReportedAndMends) {
    Recorder& recorder = subscribe(1, {{.channel = "c"}});

    world().break_subscriptions();
    ASSERT_TRUE(world().run_until([&] { return recorder.heard().subscribed == 2; }));
    publish_keys("c", {"a"});
    settle(1);

    EXPECT_EQ(recorder.heard().order,
              (std::vector<std::string>{"subscribed", "disconnected", "subscribed", "entry"}));
}

TEST_P(BusPushContract, SubscriptionMendsAfterARestart) {
    Recorder& recorder = subscribe(1, {{.channel = "c"}});
    publish_keys("c", {"a"});
    settle(1);

    world().restart_empty();
    ASSERT_TRUE(world().run_until([&] { return recorder.heard().subscribed == 2; }));
    ASSERT_TRUE(eventually([&] { return publish("c", {.keys = {"b"}}).has_value(); }));
    settle(1);

    const Heard heard = recorder.heard();
    EXPECT_EQ(heard.disconnected, 1U);
    ASSERT_GE(heard.entries.size(), 2U);
    EXPECT_NE(heard.entries.front().second.position.epoch,
              heard.entries.back().second.position.epoch);
}

TEST_P(BusPushContract, ClosedBusIsSilent) {
    Recorder& closed = subscribe(1, {{.channel = "c", .plain = true}});
    Recorder& open = subscribe(2, {{.channel = "c", .plain = true}});

    world().close(1);
    const std::size_t calls = closed.heard().order.size();
    publish_keys("c", {"a"});
    world().publish_plain("c", "event");
    settle(2);
    world().run_for(milliseconds{50});

    EXPECT_EQ(open.heard().entries.size(), 1U);
    EXPECT_EQ(closed.heard().order.size(), calls);
}

TEST_P(BusPushContract, ClosedBusStopsItsOperations) {
    publish_keys("c", {"a"}, 1);
    world().stop_server();
    Answer<Renewed> under_way;
    world().bus(1).renew({.channel = "c", .member = "node", .applied = {}, .lease = seconds{3}},
                         deadline(), under_way.completion());

    world().close(1);
    ASSERT_TRUE(world().run_until([&] { return under_way.count() == 1; }));
    EXPECT_FALSE(under_way.result());

    EXPECT_EQ(error_of(publish("c", {.keys = {"b"}}, 1)), Errc::stopped);
    EXPECT_EQ(error_of(probe(1)), Errc::stopped);
    world().start_server();
}

}  // namespace
}  // namespace tutti::contract
