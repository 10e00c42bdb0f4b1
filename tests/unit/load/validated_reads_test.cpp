// CacheOptions::validate_on_read, as the cache sees it: a lease in force counts for nothing, and
// the answer that it asks for decides (R10).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/validator.hpp"
#include "cache_fixture.hpp"

namespace tutti::testing {
namespace {

class AskedValidator final : public Validator {
public:
    void validate(Completion<void> done) override { waiting.push_back(std::move(done)); }

    std::vector<Completion<void>> waiting;
};

class ValidatedReads : public CacheTest {
protected:
    void open_validated(OnSuspect on_suspect = OnSuspect::bypass()) {
        auto options = CacheTest::options();
        options.on_suspect = on_suspect;
        options.stale_if_error = StaleIfError{.for_up_to = 1h};
        options.validate_on_read = true;
        open(std::move(options), server);
    }
    // Of the oldest read that waits for it.
    void confirm(Result<void> with = {}) {
        Completion<void> done = std::move(server->waiting.front());
        server->waiting.erase(server->waiting.begin());
        done(std::move(with));
        executor_.run_ready();
    }
    void deny() { confirm(fail(Errc::timeout, "validate", "no answer")); }
    void fill_validated(const std::string& key, int value) {
        const auto answer = read(key);
        confirm();
        finish(loads_.size() - 1, value);
        ASSERT_EQ(CacheTest::value(answer), value);
    }

    std::shared_ptr<AskedValidator> server = std::make_shared<AskedValidator>();
};

TEST_F(ValidatedReads, WhatIsInMemoryWaitsForTheServer) {
    open_validated();
    fill_validated("a", 1);

    const auto answer = read("a");
    EXPECT_FALSE(answer->has_value());
    confirm();

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ(tier(answer), Tier::memory);
    EXPECT_EQ(loads_.size(), 1U);
    EXPECT_EQ(core_->counters().hits, 1U);
    EXPECT_EQ(core_->counters().misses, 1U);
}

TEST_F(ValidatedReads, NoLeaseIsNeeded) {
    open_validated();
    fill_validated("a", 1);
    lapse_lease();

    const auto answer = read("a");
    confirm();

    EXPECT_EQ(value(answer), 1);
    EXPECT_EQ((*answer)->value().freshness(), Freshness::fresh);
}

TEST_F(ValidatedReads, WhatIsInvalidatedWhileTheServerIsAskedIsGone) {
    open_validated();
    fill_validated("a", 1);

    const auto answer = read("a");
    core_->remove("a");
    confirm();
    ASSERT_EQ(loads_.size(), 2U);
    finish(1, 2);

    EXPECT_EQ(value(answer), 2);
}

TEST_F(ValidatedReads, WithoutItsAnswerTheSourceIsAskedAnewThoughALoadRunsAndALeaseIsInForce) {
    open_validated();
    fill_validated("a", 1);
    const auto running = read("b");
    confirm();
    ASSERT_EQ(loads_.size(), 2U);

    const auto known = read("a");
    deny();
    const auto joins_none = read("b");
    deny();
    ASSERT_EQ(loads_.size(), 4U);
    finish(1, 10);
    EXPECT_FALSE(joins_none->has_value());
    finish(2, 2);
    finish(3, 11);

    EXPECT_EQ(value(running), 10);
    EXPECT_EQ(value(known), 2);
    EXPECT_EQ(value(joins_none), 11);
    EXPECT_NE((*known)->value().degraded(), "");
}

TEST_F(ValidatedReads, AProvenReadJoinsALoad) {
    open_validated();
    const auto one = read("a");
    confirm();
    const auto two = read("a");
    confirm();
    ASSERT_EQ(loads_.size(), 1U);
    finish(0, 1);

    EXPECT_EQ(value(one), 1);
    EXPECT_EQ(value(two), 1);
}

TEST_F(ValidatedReads, ALastKnownGoodGoesToProvenReadsOnly) {
    open_validated();
    fill_validated("a", 1);
    clock_.advance(31s);
    const Error broken{Errc::unavailable, "source", "away"};

    const auto proven = read("a");
    confirm();
    finish(1, fail(broken));
    const auto unproven = read("a");
    deny();
    finish(2, fail(broken));

    EXPECT_EQ(value(proven), 1);
    EXPECT_EQ((*proven)->value().freshness(), Freshness::stale);
    EXPECT_EQ(error(unproven), Errc::unavailable);
}

TEST_F(ValidatedReads, FailSaysThatNothingIsProven) {
    open_validated(OnSuspect::fail());
    fill_validated("a", 1);

    const auto answer = read("a");
    deny();

    EXPECT_EQ(error(answer), Errc::suspect);
    EXPECT_NE((*answer)->error().cause.find("the server has not confirmed"), std::string::npos);
}

TEST_F(ValidatedReads, TheServerIsWaitedForNoLongerThanACommandMayTake) {
    open_validated();
    fill_validated("a", 1);

    const auto answer = read("a", {.deadline = 5s});
    clock_.advance(1s);
    executor_.run_ready();
    ASSERT_EQ(loads_.size(), 2U);
    finish(1, 2);
    confirm();  // late

    EXPECT_EQ(value(answer), 2);
}

TEST_F(ValidatedReads, TheDeadlineOfAReadHoldsForBoth) {
    open_validated();
    fill_validated("a", 1);

    const auto during_validation = read("a", {.deadline = 300ms});
    const auto during_load = read("b", {.deadline = 800ms});
    clock_.advance(300ms);
    executor_.run_ready();
    EXPECT_EQ(error(during_validation), Errc::timeout);
    confirm();  // late
    confirm();
    clock_.advance(500ms);
    executor_.run_ready();

    EXPECT_EQ(error(during_load), Errc::timeout);
    ASSERT_EQ(loads_.size(), 2U);
    finish(1, 2);
}

TEST_F(ValidatedReads, WhatOnlyLooksIsShownNothing) {
    open_validated();
    fill_validated("a", 1);

    EXPECT_FALSE(cache_->peek("a"));
    cache_->for_each([](std::string_view key, const auto&) { ADD_FAILURE() << key; });
    EXPECT_FALSE(core_->hit("a", Duration::max()));
}

TEST_F(ValidatedReads, SeveralKeysAskOnce) {
    auto options = CacheTest::options();
    options.load = {};
    options.load_many = [](std::span<const std::string> keys, LoadContext&) {
        std::vector<std::pair<std::string, Loaded<int>>> loaded;
        for (const std::string& key : keys) loaded.emplace_back(key, 7);
        return loaded;
    };
    options.validate_on_read = true;
    open(std::move(options), server);
    std::vector<Result<Lookup<int>>> answers;

    cache_->get_many({"a", "b"}, [&](auto given) { answers = std::move(given); });
    ASSERT_EQ(server->waiting.size(), 1U);
    confirm();
    executor_.run_ready();

    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(*answers[0].value(), 7);
    EXPECT_EQ(*answers[1].value(), 7);
}

TEST_F(ValidatedReads, SeveralKeysThatAreLoadedOneByOneAskOnceToo) {
    open_validated();
    std::vector<Result<Lookup<int>>> answers;

    cache_->get_many({"a", "b"}, [&](auto given) { answers = std::move(given); });
    ASSERT_EQ(server->waiting.size(), 1U);
    confirm();
    ASSERT_EQ(loads_.size(), 2U);
    finish(0, 1);
    finish(1, 2);

    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(*answers[0].value(), 1);
    EXPECT_EQ(*answers[1].value(), 2);
}

TEST_F(ValidatedReads, ACacheThatEndsAnswersThoseWhoWaitForTheServer) {
    open_validated();

    const auto answer = read("a");
    core_->close();
    EXPECT_EQ(error(answer), Errc::stopped);

    deny();  // by the channel that leaves, too late
}

}  // namespace
}  // namespace tutti::testing
