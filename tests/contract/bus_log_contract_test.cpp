// The log: sequences, chains, epochs, members, limits.
#include <chrono>
#include <string>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BusLogContract : public Contract {
protected:
    std::optional<Sequence> applied() { return world().applied_of("c", "node"); }

    Result<Renewed> renew_applied(BusPosition applied) {
        return renew({.channel = "c", .member = "node", .applied = applied, .lease = seconds{3}});
    }

    // The epoch that the channel has after `incident`, given one entry and one member before it.
    template <class F>
    void expect_new_epoch_after(F incident) {
        const BusPosition before = publish_keys("c", {"a"});
        ASSERT_TRUE(renew_applied(before));

        incident();

        ASSERT_TRUE(eventually([&] { return renew_applied(before).has_value(); }));
        const BusPosition after = position("c");
        EXPECT_NE(after.epoch, Epoch::none);
        EXPECT_NE(after.epoch, before.epoch);
        EXPECT_EQ(after.sequence, 0U);
        EXPECT_EQ(applied(), 0U) << "a position of the old epoch says nothing about the new one";
        EXPECT_EQ(replay("c", 1, 10).value().size(), 0U);
        EXPECT_EQ(publish_keys("c", {"b"}).sequence, 1U);
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, BusLogContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(BusLogContract, NewChannelHasAnEpochAndNothingInItsLog) {
    const BusPosition start = position("c");

    EXPECT_NE(start.epoch, Epoch::none);
    EXPECT_EQ(start.sequence, 0U);
    EXPECT_EQ(position("c"), start) << "asking changes nothing";
}

TEST_P(BusLogContract, SequencesAreDenseAndEntriesAreLinked) {
    BusPosition previous = position("c");

    for (const char* key : {"a", "b", "c", "d"}) publish_keys("c", {key});
    const auto entries = replay("c", 1, 4).value();

    ASSERT_EQ(entries.size(), 4U);
    for (const BusEntry& entry : entries) {
        EXPECT_EQ(entry.position.epoch, previous.epoch);
        EXPECT_EQ(entry.position.sequence, previous.sequence + 1);
        EXPECT_EQ(entry.previous, previous.chain);
        EXPECT_NE(entry.position.chain, previous.chain);
        previous = entry.position;
    }
    EXPECT_EQ(position("c"), previous);
}

TEST_P(BusLogContract, PublishReturnsThePositionOfItsEntry) {
    publish_keys("c", {"a"});
    const BusPosition published = publish_keys("c", {"b"});

    const auto entries = replay("c", 2, 2).value();

    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].position, published);
    EXPECT_EQ(entries[0].changed, KeySet{.keys = {"b"}});
    EXPECT_NE(publish_keys("c", {"b"}).chain, published.chain) << "the same keys once more";
}

TEST_P(BusLogContract, TheSameKeysAtTheSamePlaceOfAnotherHistoryHaveAnotherChain) {
    publish_keys("c", {"a"});
    world().remember("c");
    const BusPosition first = publish_keys("c", {"b"});

    world().set_back("c");
    const BusPosition second = publish_keys("c", {"b"});

    EXPECT_EQ(second.epoch, first.epoch);
    EXPECT_EQ(second.sequence, first.sequence);
    EXPECT_NE(second.chain, first.chain);
}

TEST_P(BusLogContract, PublicationsOfTwoNodesShareOneSequence) {
    EXPECT_EQ(publish_keys("c", {"a"}, 0).sequence, 1U);
    EXPECT_EQ(publish_keys("c", {"b"}, 1).sequence, 2U);
    EXPECT_EQ(publish_keys("c", {"c"}, 0).sequence, 3U);
}

TEST_P(BusLogContract, ChannelsAreIndependent) {
    const BusPosition one = publish_keys("c", {"a"});
    const BusPosition other = publish_keys("d", {"b"});

    EXPECT_EQ(one.sequence, 1U);
    EXPECT_EQ(other.sequence, 1U);
    EXPECT_NE(one.epoch, other.epoch);
    EXPECT_EQ(replay("d", 1, 9).value().at(0).changed, KeySet{.keys = {"b"}});
}

TEST_P(BusLogContract, ReplayReturnsTheRangeThatWasAskedFor) {
    for (int i = 1; i <= 6; ++i) publish_keys("c", {std::to_string(i)});

    const auto middle = replay("c", 3, 5).value();

    ASSERT_EQ(middle.size(), 3U);
    EXPECT_EQ(middle.front().position.sequence, 3U);
    EXPECT_EQ(middle.back().position.sequence, 5U);
    EXPECT_EQ(middle.back().changed, KeySet{.keys = {"5"}});
    EXPECT_EQ(replay("c", 6, 100).value().size(), 1U);
    EXPECT_EQ(replay("c", 7, 9).value().size(), 0U);
    EXPECT_EQ(replay("c", 5, 3).value().size(), 0U);
    EXPECT_EQ(replay("nothing", 1, 9).value().size(), 0U);
}

TEST_P(BusLogContract, ReplayOfATrimmedLogReturnsWhatIsLeft) {
    for (int i = 1; i <= 5; ++i) publish_keys("c", {std::to_string(i)});
    world().trim_log("c", 2);

    const auto left = replay("c", 1, 5).value();

    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left.front().position.sequence, 4U);
}

TEST_P(BusLogContract, LosingOnlyTheLogKeepsEpochAndChain) {
    const BusPosition before = publish_keys("c", {"a"});
    world().lose_log("c");

    EXPECT_EQ(replay("c", 1, 1).value().size(), 0U);
    EXPECT_EQ(position("c"), before);
    const BusPosition after = publish_keys("c", {"b"});
    EXPECT_EQ(after.epoch, before.epoch);
    EXPECT_EQ(after.sequence, 2U);
    const auto left = replay("c", 1, 2).value();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().previous, before.chain);
}

TEST_P(BusLogContract, RestartWithoutDataIsANewEpoch) {
    expect_new_epoch_after([&] { world().restart_empty(); });
}

TEST_P(BusLogContract, RestartFromOlderDataIsANewEpoch) {
    publish_keys("c", {"before"});
    world().save();

    expect_new_epoch_after([&] { world().restart_from_saved(); });
}

TEST_P(BusLogContract, LostMembersAreANewEpoch) {
    expect_new_epoch_after([&] { world().lose_members("c"); });
}

TEST_P(BusLogContract, LostStateIsANewEpoch) {
    expect_new_epoch_after([&] { world().lose_state("c"); });
}

TEST_P(BusLogContract, BrokenConnectionsAndAStoppedServerKeepTheEpoch) {
    const BusPosition before = publish_keys("c", {"a"});

    world().break_subscriptions();
    world().stop_server();
    world().start_server();

    ASSERT_TRUE(eventually([&] { return renew_applied(before).has_value(); }));
    EXPECT_EQ(position("c"), before);
}

TEST_P(BusLogContract, RenewRecordsWhatAMemberAppliedAndNeverLowersIt) {
    const BusPosition one = publish_keys("c", {"a"});
    const BusPosition two = publish_keys("c", {"b"});

    ASSERT_TRUE(renew_applied(two));
    EXPECT_EQ(applied(), 2U);
    ASSERT_TRUE(renew_applied(one));
    EXPECT_EQ(applied(), 2U);
}

TEST_P(BusLogContract, RenewOfAnotherEpochCountsAsNothingApplied) {
    BusPosition other = publish_keys("c", {"a"});
    other.epoch = Epoch{std::to_underlying(other.epoch) ^ 1};

    ASSERT_TRUE(renew_applied(other));
    EXPECT_EQ(applied(), 0U);

    ASSERT_TRUE(renew_applied({}));
    EXPECT_EQ(applied(), 0U);
}

TEST_P(BusLogContract, PositionBeyondTheLogIsNotRecorded) {
    const BusPosition one = publish_keys("c", {"a"});
    BusPosition beyond = one;
    beyond.sequence = 99;

    ASSERT_TRUE(renew_applied(beyond));
    EXPECT_EQ(applied(), 0U);
    ASSERT_TRUE(renew_applied(one));
    ASSERT_TRUE(renew_applied(beyond));
    EXPECT_EQ(applied(), 1U);
}

TEST_P(BusLogContract, LeaveForgetsTheMemberAndKeepsTheEpoch) {
    const BusPosition before = publish_keys("c", {"a"});
    ASSERT_TRUE(renew_applied(before));

    EXPECT_TRUE(leave("c", "node"));
    EXPECT_EQ(applied(), std::nullopt);
    EXPECT_TRUE(leave("c", "node")) << "leaving twice is no error";
    EXPECT_EQ(position("c"), before);
}

class LeaseContract : public BusLogContract {
protected:
    // What the server says after that.
    Duration longest() {
        const auto published = publish("c", {.keys = {"a"}});
        EXPECT_TRUE(published) << published.error().message();
        return published->lease;
    }
    Duration renew_as(const std::string& member, Duration lease) {
        const auto renewed =
            renew({.channel = "c", .member = member, .applied = {}, .lease = lease});
        EXPECT_TRUE(renewed) << renewed.error().message();
        return renewed->lease;
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, LeaseContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(LeaseContract, EveryAnswerTellsTheLongestOfTheMembers) {
    EXPECT_EQ(longest(), seconds{0});
    EXPECT_EQ(renew_as("one", seconds{2}), seconds{2});
    EXPECT_EQ(renew_as("two", seconds{5}), seconds{5});
    EXPECT_EQ(renew_as("three", seconds{1}), seconds{5});
    EXPECT_EQ(longest(), seconds{5});
}

TEST_P(LeaseContract, LeavingTakesItBack) {
    renew_as("one", seconds{2});
    renew_as("odd", seconds{60});
    renew_as("odder", seconds{60});

    EXPECT_TRUE(leave("c", "odd"));
    EXPECT_EQ(longest(), seconds{60}) << "another one holds as long a lease";
    EXPECT_TRUE(leave("c", "odder"));
    EXPECT_EQ(longest(), seconds{2});
    EXPECT_TRUE(leave("c", "one"));
    EXPECT_EQ(longest(), seconds{0});
}

TEST_P(LeaseContract, LapsesByItselfAndTheMemberWithIt) {
    const Epoch epoch = position("c").epoch;
    renew_as("one", seconds{2});
    renew_as("node", seconds{60});
    world().age_members("c", seconds{124});
    EXPECT_EQ(renew_as("one", seconds{2}), seconds{60}) << "twice the lease, and a margin";
    EXPECT_TRUE(applied().has_value());

    world().age_members("c", seconds{8});

    EXPECT_EQ(renew_as("one", seconds{2}), seconds{2});
    EXPECT_EQ(longest(), seconds{2});
    EXPECT_EQ(applied(), std::nullopt);
    EXPECT_EQ(position("c").epoch, epoch);
    EXPECT_EQ(renew_as("node", seconds{60}), seconds{60}) << "it was only away";
}

TEST_P(LeaseContract, StaysAsLongAsItsMemberRenews) {
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(renew_as("odd", seconds{60}), seconds{60});
        world().age_members("c", seconds{100});
        EXPECT_EQ(renew_as("one", seconds{2}), seconds{60});
    }
}

TEST_P(LeaseContract, OfAMemberThatAskedForMoreBeforeIsTheLongerOne) {
    renew_as("one", seconds{60});

    EXPECT_EQ(renew_as("one", seconds{2}), seconds{60}) << "it may still hold that";
}

TEST_P(LeaseContract, OutlivesTheEpochAsTheLeasesDo) {
    renew_as("node", seconds{60});
    const Epoch before = position("c").epoch;

    world().lose_members("c");

    const auto published = publish("c", {.keys = {"a"}}, 1);
    ASSERT_TRUE(published);
    EXPECT_NE(published->position.epoch, before);
    EXPECT_EQ(published->lease, seconds{60});
    world().age_members("c", seconds{126});
    EXPECT_EQ(renew_as("one", seconds{2}), seconds{2}) << "and lapses in the new one";
}

TEST_P(LeaseContract, IsForgottenWithTheStateOfTheChannel) {
    renew_as("node", seconds{60});
    world().lose_state("c");

    EXPECT_EQ(longest(), seconds{0});
}

TEST_P(LeaseContract, MustBeAboveZeroAndBounded) {
    const auto refused = [&](Duration lease) {
        return error_of(renew({.channel = "c", .member = "m", .applied = {}, .lease = lease})) ==
               Errc::invalid_option;
    };

    EXPECT_TRUE(refused(Duration::zero()));
    EXPECT_TRUE(refused(Bus::lease_max + milliseconds{1}));
    EXPECT_TRUE(refused(Duration::max()));
    EXPECT_EQ(renew_as("m", Bus::lease_max), Bus::lease_max);
}

TEST_P(BusLogContract, KeysAreBytes) {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
    const std::vector<std::string> keys{every_byte, "", "*", "a,1:b", "{x}\r\n"};

    publish_keys("c", keys);

    EXPECT_EQ(replay("c", 1, 1).value().at(0).changed, KeySet{.keys = keys});
}

TEST_P(BusLogContract, EverythingIsAPublicationOfItsOwn) {
    ASSERT_TRUE(publish("c", KeySet::everything()));
    publish_keys("c", {"*"});

    const auto entries = replay("c", 1, 2).value();

    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].changed, KeySet::everything());
    EXPECT_EQ(entries[1].changed, KeySet{.keys = {"*"}});
}

TEST_P(BusLogContract, ThousandKeysAreAllowedAndOneMoreIsTooLarge) {
    const auto some = [](std::size_t count) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < count; ++i) keys.push_back(std::to_string(i));
        return KeySet{.keys = std::move(keys)};
    };

    EXPECT_TRUE(publish("c", some(Bus::keys_max)));
    EXPECT_EQ(error_of(publish("c", some(Bus::keys_max + 1))), Errc::too_large);

    EXPECT_EQ(position("c").sequence, 1U) << "what is refused is not in the log";
    EXPECT_EQ(replay("c", 1, 1).value().at(0).changed.keys.size(), Bus::keys_max);
}

TEST_P(BusLogContract, PublicationMayHave64KiBOfKeys) {
    const std::size_t netstring_overhead = 7;  // of a key of five-digit length
    const std::string fits(Bus::key_bytes_max - netstring_overhead, 'k');

    EXPECT_EQ(publish_keys("c", {fits}).sequence, 1U);
    EXPECT_EQ(error_of(publish("c", {.keys = {fits + "k"}})), Errc::too_large);
    EXPECT_EQ(replay("c", 1, 1).value().at(0).changed, KeySet{.keys = {fits}});
}

TEST_P(BusLogContract, PlainEventsAreBoundedToo) {
    const auto with = [&](std::vector<std::string> events) {
        return error_of(publish(
            {.channel = "c", .changed = {.keys = {"a"}}, .plain_events = std::move(events)}));
    };
    const std::string large(Bus::plain_event_bytes_max, 'e');

    EXPECT_EQ(with(std::vector<std::string>(Bus::plain_events_max, "e")), std::nullopt);
    EXPECT_EQ(with(std::vector<std::string>(Bus::plain_events_max + 1, "e")), Errc::too_large);
    EXPECT_EQ(with({large + "e"}), Errc::too_large);
    EXPECT_EQ(with(std::vector<std::string>(64, large)), std::nullopt) << "4 MiB";
    EXPECT_EQ(with(std::vector<std::string>(65, large)), Errc::too_large);
    EXPECT_EQ(position("c").sequence, 2U);
}

TEST_P(BusLogContract, NamesOfChannelsAndMembersAreChecked) {
    const auto renewed = [&](const std::string& channel, const std::string& member) {
        return error_of(
            renew({.channel = channel, .member = member, .applied = {}, .lease = seconds{3}}));
    };

    for (const char* bad : {"", "a{b", "a}b"}) {
        EXPECT_EQ(renewed(bad, "m"), Errc::invalid_option) << bad;
        EXPECT_EQ(renewed("c", bad), Errc::invalid_option) << bad;
        EXPECT_EQ(error_of(publish(bad, {.keys = {"a"}})), Errc::invalid_option) << bad;
        EXPECT_EQ(error_of(leave(bad, "m")), Errc::invalid_option) << bad;
        EXPECT_EQ(error_of(leave("c", bad)), Errc::invalid_option) << bad;
        EXPECT_EQ(error_of(replay(bad, 1, 2)), Errc::invalid_option) << bad;
    }
}

TEST_P(BusLogContract, DeadlineThatHasPassedIsATimeout) {
    const auto renewed = wait_for<Renewed>([&](auto done) {
        world().bus(0).renew({.channel = "c", .member = "node", .applied = {}, .lease = seconds{3}},
                             world().now() - milliseconds{1}, std::move(done));
    });

    EXPECT_EQ(error_of(renewed), Errc::timeout);
}

TEST_P(BusLogContract, WithoutItsServerAnOperationFailsInTime) {
    publish_keys("c", {"a"});
    world().stop_server();

    const auto published = wait_for<Published>([&](auto done) {
        world().bus(0).publish(publication("c", {.keys = {"b"}}), world().now() + milliseconds{500},
                               std::move(done));
    });

    ASSERT_FALSE(published);
    EXPECT_TRUE(published.error().retryable()) << published.error().message();
    world().start_server();
}

}  // namespace
}  // namespace tutti::contract
