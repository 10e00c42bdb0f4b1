// Acknowledgements: what members have applied, which are behind, and which are forgotten.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract_fixture.hpp"

namespace tutti::contract {
namespace {

using std::chrono::seconds;

class BusAckContract : public Contract {
protected:
    using Marks = std::vector<std::pair<Epoch, Sequence>>;

    void renew_as(const std::string& member, const BusPosition& applied = {}) {
        EXPECT_TRUE(
            renew({.channel = "c", .member = member, .applied = applied, .lease = seconds{3}}));
    }
    void acknowledge(const std::string& member, const BusPosition& applied) {
        EXPECT_TRUE(wait_for<void>([&](auto done) {
            world().bus(0).acknowledge({.channel = "c", .member = member, .applied = applied},
                                       deadline(), std::move(done));
        }));
    }
    Published publish_wanted(std::vector<std::string> plain_events = {}) {
        const auto published = publish({.channel = "c",
                                        .changed = {.keys = {"a"}},
                                        .plain_events = std::move(plain_events),
                                        .acknowledge = true});
        EXPECT_TRUE(published) << (published ? "" : published.error().message());
        return published.value_or(Published{});
    }
    std::string behind(Sequence sequence) {
        const auto laggards = wait_for<Laggards>([&](auto done) {
            world().bus(0).laggards("c", sequence, deadline(), std::move(done));
        });
        EXPECT_TRUE(laggards);
        std::string text;
        for (const Laggards::Member& member : laggards->members)
            text += member.name + " " + std::to_string(member.applied) + " ";
        return text;
    }
    void reap(Epoch epoch, std::uint64_t renewals) {
        EXPECT_TRUE(wait_for<void>([&](auto done) {
            world().bus(0).reap("c", epoch, renewals, deadline(), std::move(done));
        }));
    }
    // Everything that was pushed before has arrived.
    Marks acked(const Recorder& recorder) {
        EXPECT_TRUE(probe(0));
        return recorder.heard().acked;
    }
    Recorder& listen() { return subscribe(0, {{.channel = "c", .plain = true}}); }
};

INSTANTIATE_TEST_SUITE_P(Adapters, BusAckContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(BusAckContract, IsWantedOfEveryListenerBehindTheEntryAndItsEvents) {
    const Recorder& recorder = listen();

    const BusPosition at = publish_wanted({"e", "e"}).position;
    publish_keys("c", {"b"});

    EXPECT_TRUE(probe(0));
    const Heard heard = recorder.heard();
    EXPECT_EQ(heard.wanted, (Marks{{at.epoch, at.sequence}}));
    EXPECT_EQ(heard.order,
              (std::vector<std::string>{"subscribed", "entry", "ack wanted", "entry"}));
}

TEST_P(BusAckContract, TheMarkIsToldWhenTheLastMemberHasAcknowledged) {
    const Recorder& recorder = listen();
    renew_as("one");
    renew_as("two");
    const Published published = publish_wanted();
    EXPECT_EQ(published.members, 2U);
    const BusPosition at = published.position;

    acknowledge("one", at);
    EXPECT_EQ(acked(recorder), Marks{});
    EXPECT_EQ(behind(at.sequence), "two 0 ");
    acknowledge("two", at);

    EXPECT_EQ(acked(recorder), (Marks{{at.epoch, at.sequence}}));
    EXPECT_EQ(behind(at.sequence), "");
    acknowledge("two", at);
    EXPECT_EQ(acked(recorder).size(), 1U) << "once";
}

TEST_P(BusAckContract, TheMarkRisesToTheNextLowestMemberOnly) {
    const Recorder& recorder = listen();
    renew_as("one");
    renew_as("two");
    const BusPosition first = publish_wanted().position;
    const BusPosition second = publish_wanted().position;

    acknowledge("one", first);
    EXPECT_EQ(acked(recorder), Marks{}) << "another one is the lowest";
    acknowledge("two", second);

    EXPECT_EQ(acked(recorder), (Marks{{first.epoch, first.sequence}}));
    acknowledge("one", second);
    EXPECT_EQ(acked(recorder),
              (Marks{{first.epoch, first.sequence}, {second.epoch, second.sequence}}));
}

TEST_P(BusAckContract, OneCoversEverythingBefore) {
    const Recorder& recorder = listen();
    renew_as("one");
    publish_wanted();
    const BusPosition at = publish_wanted().position;

    acknowledge("one", at);

    EXPECT_EQ(acked(recorder), (Marks{{at.epoch, 2}}));
}

TEST_P(BusAckContract, ARenewalIsOne) {
    const Recorder& recorder = listen();
    renew_as("one");
    const BusPosition at = publish_wanted().position;

    renew_as("one", at);

    EXPECT_EQ(acked(recorder), (Marks{{at.epoch, at.sequence}}));
}

TEST_P(BusAckContract, TheMarkIsToldOnlyWhereItWasAskedFor) {
    const Recorder& recorder = listen();
    renew_as("one");
    const BusPosition first = publish_keys("c", {"a"});
    renew_as("one", first);
    EXPECT_EQ(acked(recorder), Marks{});
    publish_wanted();
    const BusPosition last = publish_keys("c", {"a"});

    acknowledge("one", last);

    EXPECT_EQ(acked(recorder), (Marks{{last.epoch, last.sequence}}));
}

TEST_P(BusAckContract, IsNeverTakenBack) {
    renew_as("one");
    BusPosition at = publish_wanted().position;
    acknowledge("one", at);
    at.sequence = 0;

    acknowledge("one", at);

    EXPECT_EQ(world().applied_of("c", "one"), 1U);
}

TEST_P(BusAckContract, OfAnotherEpochCountsForNothing) {
    renew_as("one");
    BusPosition at = publish_wanted().position;
    at.epoch = Epoch{1};

    acknowledge("one", at);

    EXPECT_EQ(world().applied_of("c", "one"), 0U);
}

TEST_P(BusAckContract, OfWhatIsNotInTheLogCountsForNothing) {
    renew_as("one");
    BusPosition at = publish_wanted().position;
    ++at.sequence;

    acknowledge("one", at);

    EXPECT_EQ(world().applied_of("c", "one"), 0U);
}

TEST_P(BusAckContract, OfAStrangerMakesItNoMember) {
    const BusPosition at = publish_wanted().position;

    acknowledge("stranger", at);

    EXPECT_EQ(world().applied_of("c", "stranger"), std::nullopt);
    EXPECT_EQ(position("c").epoch, at.epoch);
}

TEST_P(BusAckContract, OfALostStateOrItsMembersChangesNothing) {
    renew_as("one");
    const BusPosition at = publish_wanted().position;

    world().lose_members("c");
    acknowledge("one", at);
    EXPECT_EQ(world().applied_of("c", "one"), std::nullopt);
    world().lose_state("c");
    acknowledge("one", at);

    EXPECT_NE(position("c").epoch, at.epoch);
}

TEST_P(BusAckContract, TheMarkRisesWhenTheOnlySilentMemberLeaves) {
    const Recorder& recorder = listen();
    renew_as("one");
    renew_as("silent");
    const BusPosition at = publish_wanted().position;
    acknowledge("one", at);

    EXPECT_TRUE(leave("c", "silent"));

    EXPECT_EQ(acked(recorder), (Marks{{at.epoch, at.sequence}}));
}

TEST_P(BusAckContract, SilentMembersAreForgottenAndOthersAreNot) {
    const Recorder& recorder = listen();
    renew_as("one");
    renew_as("silent");
    const Published published = publish_wanted();
    EXPECT_EQ(published.renewals, 2U);
    renew_as("one", published.position);

    reap(published.position.epoch, published.renewals);

    EXPECT_EQ(world().applied_of("c", "silent"), std::nullopt);
    EXPECT_EQ(world().applied_of("c", "one"), published.position.sequence);
    EXPECT_EQ(acked(recorder).size(), 1U) << "none is waited for any more";
    EXPECT_EQ(position("c").epoch, published.position.epoch);
}

// It renewed behind the publication and waits for what it has missed: it will serve without having
// said so.
TEST_P(BusAckContract, AMemberThatRenewedSinceIsNotForgottenThoughItIsBehind) {
    renew_as("late");
    const Published published = publish_wanted();
    renew_as("late");

    reap(published.position.epoch, published.renewals);

    EXPECT_EQ(world().applied_of("c", "late"), 0U);
}

TEST_P(BusAckContract, AMemberThatWasForgottenAndComesBackIsAnotherRenewal) {
    renew_as("one");
    const Published published = publish_wanted();
    EXPECT_TRUE(leave("c", "one"));
    renew_as("one");

    reap(published.position.epoch, published.renewals);

    EXPECT_EQ(world().applied_of("c", "one"), 0U);
}

TEST_P(BusAckContract, NoneIsForgottenInAnotherEpoch) {
    renew_as("one");
    const Published published = publish_wanted();
    world().lose_members("c");
    renew_as("one");

    reap(published.position.epoch, published.renewals);

    EXPECT_EQ(world().applied_of("c", "one"), 0U);
}

TEST_P(BusAckContract, LaggardsAreBoundedAndTheFurthestBehindComeFirst) {
    for (int i = 0; i < 12; ++i) renew_as("m" + std::to_string(10 + i));
    const BusPosition first = publish_wanted().position;
    publish_wanted();
    acknowledge("m10", first);

    const std::string all = behind(2);

    EXPECT_TRUE(all.starts_with("m11 0 m12 0 ")) << all;
    EXPECT_EQ(std::ranges::count(all, ' '), std::ptrdiff_t{2 * Bus::laggards_max});
    EXPECT_EQ(behind(0), "");
}

}  // namespace
}  // namespace tutti::contract
