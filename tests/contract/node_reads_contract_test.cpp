// What a reader of a whole node is promised, whatever carries the node's shared tiers.
#include <gmock/gmock.h>

#include <atomic>
#include <span>
#include <unordered_map>

#include "contract/node_fixture.hpp"

namespace tutti::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class NodeReads : public NodeContract {
protected:
    // One query for many rows, whose keys are noted.
    Options queried_rows() {
        Options options = stored_rows();
        options.load_many = [this](std::span<const int> asked, LoadContext&) {
            std::unordered_map<int, int> found;
            const std::lock_guard lock(mutex_);
            for (const int row : queries_.emplace_back(asked.begin(), asked.end())) {
                if (const auto known = source_.read(row)) found.emplace(row, *known);
            }
            return found;
        };
        return options;
    }
    std::vector<std::vector<int>> queries() {
        const std::lock_guard lock(mutex_);
        return queries_;
    }
    // Short-lived, with a last known good behind it.
    Options perishable_rows() {
        Options options = rows();
        options.ttl = 1ms;
        options.stale_if_error = StaleIfError{.for_up_to = 1h, .retry_after = 0ms};
        return options;
    }
    static std::vector<int> values(const std::vector<Result<Lookup<int>>>& answers) {
        std::vector<int> all;
        for (const auto& each : answers) all.push_back(value(each));
        return all;
    }

    std::mutex mutex_;
    std::vector<std::vector<int>> queries_;
};

INSTANTIATE_TEST_SUITE_P(Adapters, NodeReads, ::testing::ValuesIn(node_worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(NodeReads, AValueIsLoadedOnceAndThenInMemory) {
    const Cache cache = one(rows());

    EXPECT_EQ(cache.get(1, patient)->tier(), Tier::source);
    EXPECT_EQ(cache.get(1, patient)->tier(), Tier::memory);

    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, ANodeSaysWhatItHoldsOfAKeyAndWhatItHasApplied) {
    Node& speaker = node("one");
    const Cache cache = speaker.coherent(rows());
    start();
    EXPECT_THAT(speaker.holdings("rows", "1").held, IsEmpty());

    EXPECT_EQ(get(cache, 1), 10);
    const Holdings said = speaker.holdings("rows", "1");
    ASSERT_THAT(said.held, SizeIs(1));
    EXPECT_EQ(said.held[0].cache, "rows");
    EXPECT_NE(said.epoch, Epoch::none);
    EXPECT_EQ(said.applied, 0U);
    EXPECT_EQ(speaker.holdings("columns", "1"), (Holdings{.node = "one", .member = said.member}));

    EXPECT_TRUE(cache.invalidate(1, published).published());
    EXPECT_THAT(speaker.holdings("rows", "1").held, IsEmpty());
    EXPECT_TRUE(eventually([&] { return speaker.holdings("rows", "1").applied == 1; }));
}

TEST_P(NodeReads, WhatOneNodeHasLoadedAnotherTakesFromTheStore) {
    const auto [cache, other] = two(stored_rows());
    EXPECT_EQ(get(cache, 1), 10);

    const auto found = other.get(1, patient);

    EXPECT_EQ(value(found), 10);
    EXPECT_EQ(found->tier(), Tier::store);
    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, ReadersOfOneMomentShareALoad) {
    Options options = rows();
    options.load = [&](int row, LoadContext&) {
        const auto found = source_.read(row);
        gate_.wait();
        return found;
    };
    options.load_deadline = patience;
    const Cache cache = one(options);
    std::atomic<int> sum = 0;
    std::atomic<int> answers = 0;

    for (int reader = 0; reader < 20; ++reader) {
        cache.get(1, patient, [&](const Result<Lookup<int>>& found) {
            sum += value(found);
            ++answers;
        });
    }
    gate_.open();

    EXPECT_TRUE(eventually([&] { return answers == 20; }));
    EXPECT_EQ(sum, 200);
    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, ThatThereIsNothingIsAnAnswerWhichNodesShare) {
    const auto [cache, other] = two(stored_rows());

    const auto found = cache.get(7, patient);
    const auto again = other.get(7, patient);

    ASSERT_TRUE(found && again);
    EXPECT_EQ(found->answer(), Answer::absent);
    EXPECT_EQ(again->answer(), Answer::absent);
    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, GetManyAnswersInTheOrderOfItsKeys) {
    const Cache cache = one(rows());

    EXPECT_THAT(values(cache.get_many({3, 7, 1, 3}, patient)), ElementsAre(30, -1, 10, 30));

    EXPECT_EQ(source_.loads(), 3);
}

TEST_P(NodeReads, GetManyAsksTheSourceOnceForAllThatIsMissing) {
    const Cache cache = one(queried_rows());
    EXPECT_THAT(values(cache.get_many({1}, patient)), ElementsAre(10));

    EXPECT_THAT(values(cache.get_many({1, 2, 3}, patient)), ElementsAre(10, 20, 30));

    ASSERT_EQ(queries().size(), 2U);
    EXPECT_THAT(queries()[1], UnorderedElementsAre(2, 3));
}

TEST_P(NodeReads, GetManyTakesFromTheStoreWhatAnotherNodeHasLoaded) {
    const auto [cache, other] = two(queried_rows());
    EXPECT_THAT(values(cache.get_many({1, 2}, patient)), ElementsAre(10, 20));

    EXPECT_THAT(values(other.get_many({1, 2, 3}, patient)), ElementsAre(10, 20, 30));

    ASSERT_EQ(queries().size(), 2U);
    EXPECT_THAT(queries()[1], ElementsAre(3));
}

TEST_P(NodeReads, AFailureIsToldAndNotKept) {
    const Cache cache = one(stored_rows());
    source_.break_down("the disk is full");

    const auto failed = cache.get(1, patient);

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::load_failed);
    EXPECT_THAT(failed.error().message(), HasSubstr("the disk is full"));
    source_.break_down(std::nullopt);
    EXPECT_EQ(get(cache, 1), 10);
}

TEST_P(NodeReads, AFailureThatLastsIsRememberedForEveryNode) {
    Options options = stored_rows();
    options.load = [this](int row, LoadContext&) -> Loaded<int> {
        (void)source_.read(row);
        return negative("forbidden");
    };
    options.negative = NegativeTtls{.ceiling = 1h, .categories = {{"forbidden", 1h}}};
    const auto [cache, other] = two(options);

    EXPECT_EQ(cache.get(1, patient)->category(), "forbidden");
    EXPECT_EQ(other.get(1, patient)->category(), "forbidden");

    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, AReaderThatWantsItYoungerHasItLoadedForEverybody) {
    const auto [cache, other] = two(stored_rows());
    EXPECT_EQ(get(cache, 1), 10);
    source_.write(1, 11);

    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(value(cache.get(1, {.deadline = patience, .age_max = 0s})), 11);

    EXPECT_TRUE(gets(cache, 1, 11));
    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(source_.loads(), 2);
}

TEST_P(NodeReads, ARefreshLoadsAnewAndIsThereForEverybody) {
    const auto [cache, other] = two(stored_rows());
    EXPECT_EQ(get(cache, 1), 10);
    source_.write(1, 11);

    EXPECT_EQ(value(cache.refresh(1, patient)), 11);

    EXPECT_TRUE(gets(cache, 1, 11));
    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(source_.loads(), 2);
}

TEST_P(NodeReads, WhileTheSourceFailsTheLastKnownGoodIsTheAnswer) {
    const Cache cache = one(perishable_rows());
    EXPECT_EQ(get(cache, 1), 10);
    source_.break_down("away");

    EXPECT_TRUE(eventually([&] {
        const auto found = cache.get(1, patient);
        return found && found->freshness() == Freshness::stale && value(found) == 10;
    }));
}

TEST_P(NodeReads, PastItsSoftDeadlineAReaderHasTheLastKnownGood) {
    std::atomic<bool> slow = false;
    Options options = perishable_rows();
    options.load_deadline = patience;
    options.load = [&](int row, LoadContext&) {
        if (slow) gate_.wait();
        return source_.read(row);
    };
    const Cache cache = one(options);
    EXPECT_EQ(get(cache, 1), 10);
    slow = true;

    EXPECT_TRUE(eventually([&] {
        const auto found = cache.get(1, {.deadline = patience, .soft_deadline = 0s});
        return found && found->freshness() == Freshness::stale && value(found) == 10;
    }));
    source_.write(1, 11);
    gate_.open();
    EXPECT_TRUE(gets(cache, 1, 11));
}

TEST_P(NodeReads, AReaderThatMayNotWaitIsAnsweredByMemoryAlone) {
    const Cache cache = one(rows());

    const auto late = cache.get(1, {.deadline = 0s});

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(value(cache.get(1, {.deadline = 0s})), 10);
}

TEST_P(NodeReads, WhoOnlyLooksLoadsNothing) {
    const Cache cache = one(rows());
    EXPECT_FALSE(cache.peek(1));
    EXPECT_EQ(get(cache, 2), 20);

    std::vector<int> seen;
    cache.for_each([&](const auto&, const Lookup<int>& known) { seen.push_back(*known); });

    EXPECT_THAT(seen, ElementsAre(20));
    EXPECT_TRUE(cache.contains(2));
    EXPECT_FALSE(cache.contains(1));
    EXPECT_EQ(source_.loads(), 1);
}

TEST_P(NodeReads, WithoutBlockingTheAnswersAreTheSame) {
    const Cache cache = one(rows());
    using Found = Result<Lookup<int>>;
    using All = std::vector<Found>;

    const auto missed = answer_of<Found>([&](auto done) { cache.get(1, patient, done); });
    const auto hit = answer_of<Found>([&](auto done) { cache.get(1, patient, done); });
    const auto many = answer_of<All>([&](auto done) { cache.get_many({2, 1}, patient, done); });
    const auto anew = answer_of<Found>([&](auto done) { cache.refresh(1, patient, done); });

    EXPECT_EQ(value(missed), 10);
    EXPECT_EQ(hit->tier(), Tier::memory);
    EXPECT_THAT(values(many), ElementsAre(20, 10));
    EXPECT_EQ(value(anew), 10);
    EXPECT_EQ(source_.loads(), 3);
}

TEST_P(NodeReads, ALoaderIsToldWhatTheCacheHasAndMayConfirmIt) {
    std::vector<int> former;
    std::mutex mutex;
    Options options = stored_rows();
    options.load = [&](int row, LoadContext& context) -> Loaded<int> {
        const std::lock_guard lock(mutex);
        const auto had = context.former<int>();
        former.push_back(had ? *had->value : 0);
        const auto now = source_.read(row);
        if (had && now == *had->value) return not_modified;
        return now;
    };
    const Cache cache = one(options);
    EXPECT_EQ(get(cache, 1), 10);
    ASSERT_TRUE(keeps(cache, 1));

    EXPECT_EQ(value(cache.refresh(1, patient)), 10);
    source_.write(1, 11);
    EXPECT_EQ(value(cache.refresh(1, patient)), 11);

    EXPECT_THAT(former, ElementsAre(0, 10, 10));
}

TEST_P(NodeReads, WhatWasInvalidatedIsToldToNoLoader) {
    std::atomic<int> told = 0;
    Options options = stored_rows();
    options.load = [&](int row, LoadContext& context) {
        if (context.former<int>()) ++told;
        return source_.read(row);
    };
    const auto [cache, other] = two(options);
    EXPECT_EQ(get(cache, 1), 10);
    EXPECT_EQ(get(other, 1), 10);
    source_.write(1, 11);

    EXPECT_TRUE(cache.invalidate(1, published).published());

    EXPECT_EQ(get(cache, 1), 11);
    EXPECT_TRUE(gets(other, 1, 11));
    EXPECT_EQ(told, 0);
}

TEST_P(NodeReads, AnOfferIsThereForEveryNode) {
    const auto [cache, other] = two(stored_rows());

    EXPECT_EQ(cache.offer(1, 99, patient), Filled::stored);

    EXPECT_EQ(get(cache, 1), 99);
    EXPECT_EQ(get(other, 1), 99);
    EXPECT_EQ(source_.loads(), 0);
}

}  // namespace
}  // namespace tutti::contract
