// Several keys at once: memory, the store, and one call of the bulk loader.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <span>

#include "store_fixture.hpp"

namespace tutti::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Keys = std::vector<std::string>;
using Answers = std::vector<Result<Lookup<int>>>;

class GetMany : public StoreTest {
protected:
    // The length of each key; "absent" is not there.
    Options bulk(Options options) {
        options.load_many = [this](std::span<const std::string> keys, LoadContext&) {
            calls_.emplace_back(keys.begin(), keys.end());
            if (during_) during_();
            std::map<std::string, int> found;
            for (const std::string& key : keys) {
                if (key != "absent") found[key] = static_cast<int>(key.size());
            }
            return found;
        };
        return options;
    }
    std::shared_ptr<std::optional<Answers>> ask(TestNode& of, const Keys& keys,
                                                GetOptions how = {}) {
        auto answers = std::make_shared<std::optional<Answers>>();
        of.cache->get_many(keys, how, [answers](Answers given) { *answers = std::move(given); });
        executor_.run_ready();
        return answers;
    }
    Answers get(TestNode& of, const Keys& keys) { return ask(of, keys)->value_or(Answers{}); }
    static std::vector<int> values(const Answers& answers) {
        std::vector<int> all;
        for (const auto& answer : answers) all.push_back(answer.value_or(-1));
        return all;
    }

    std::vector<Keys> calls_;
    std::function<void()> during_;
};

TEST_F(GetMany, TwoHundredColdKeysAreOneCallOfTheLoader) {
    TestNode& one = node(bulk(StoreTest::options()));
    Keys keys;
    for (int i = 0; i < 200; ++i) keys.push_back("key" + std::to_string(i));

    const auto answers = get(one, keys);

    ASSERT_EQ(answers.size(), 200U);
    EXPECT_TRUE(
        std::ranges::all_of(answers, [](const auto& found) { return found.value_or(0) > 3; }));
    ASSERT_EQ(calls_.size(), 1U);
    EXPECT_EQ(calls_.front().size(), 200U);
    EXPECT_EQ(one.loads, 0U);
    EXPECT_EQ(one.core->counters().loads, 1U);
    EXPECT_EQ(one.core->counters().loaded_keys, 200U);
    EXPECT_EQ(one.core->counters().wait_times.count(), 200U);
    TestNode& two = node(bulk(StoreTest::options()));
    EXPECT_EQ(get(two, keys).size(), 200U);
    EXPECT_EQ(calls_.size(), 1U) << "all of them are stored";
}

TEST_F(GetMany, TheStoreIsAskedForAllOfThemInOneCall) {
    TestNode& one = node(bulk(StoreTest::options()));
    TestNode& two = node(bulk(StoreTest::options()));

    get(one, {"a", "bb", "ccc"});
    get(two, {"a", "bb", "ccc", "dddd"});

    EXPECT_THAT(one.asked, ElementsAre(3));
    EXPECT_THAT(two.asked, ElementsAre(4));
    EXPECT_THAT(calls_, ElementsAre(UnorderedElementsAre("a", "bb", "ccc"), Keys{"dddd"}));
}

TEST_F(GetMany, WhatOneCallHasLoadedIsStoredInOneCall) {
    TestNode& one = node(bulk(StoreTest::options()));

    get(one, {"a", "bb", "ccc"});

    EXPECT_THAT(one.filled, ElementsAre(3));
}

TEST_F(GetMany, TheStoreIsBusyWithFiftyWhileTheNextAreMadeReady) {
    TestNode& one = node(bulk(StoreTest::options()));
    Keys keys;
    for (int i = 0; i < 120; ++i) keys.push_back("key" + std::to_string(i));

    get(one, keys);

    EXPECT_THAT(one.asked, ElementsAre(50, 50, 20));
    EXPECT_THAT(one.filled, ElementsAre(50, 50, 20));
    EXPECT_EQ(calls_.size(), 1U);
}

TEST_F(GetMany, WhatIsInvalidatedMeanwhileIsNotStoredWithTheOthers) {
    TestNode& one = node(bulk(StoreTest::options()));
    TestNode& two = node(bulk(StoreTest::options()));
    during_ = [&] { one.core->remove("a"); };

    get(one, {"a", "bb", "ccc"});
    during_ = nullptr;
    calls_.clear();
    get(two, {"a", "bb", "ccc"});

    EXPECT_THAT(one.filled, ElementsAre(2));
    EXPECT_THAT(calls_, ElementsAre(Keys{"a"}));
}

TEST_F(GetMany, WhatCannotBeStoredKeepsNoOtherFromIt) {
    Options options = bulk(StoreTest::options());
    options.store->codec.encode = [](const int& number) -> Result<std::string> {
        if (number == 1) return fail(Errc::protocol, "encode", "broken");
        return std::to_string(number);
    };
    TestNode& one = node(std::move(options));
    TestNode& two = node(bulk(StoreTest::options()));

    EXPECT_THAT(values(get(one, {"a", "bb", "ccc"})), ElementsAre(1, 2, 3));
    calls_.clear();
    get(two, {"a", "bb", "ccc"});

    EXPECT_THAT(one.filled, ElementsAre(2));
    EXPECT_THAT(calls_, ElementsAre(Keys{"a"})) << "its claim was given back";
}

TEST_F(GetMany, AReaderWaitsNoLongerThanItSaidWhileTheValuesOfOthersAreEncoded) {
    Options options = bulk(StoreTest::options());
    options.store->codec.encode = [&](const int& number) -> Result<std::string> {
        clock_.advance(100ms);
        executor_.run_ready();
        return std::to_string(number);
    };
    TestNode& one = node(std::move(options));
    std::optional<Result<Lookup<int>>> hasty;
    one.cache->get_many(Keys{"a", "bb"}, {}, [](const Answers&) {});

    one.cache->get("a", {.deadline = 50ms}, [&](Result<Lookup<int>> given) { hasty = given; });
    executor_.run_ready();

    ASSERT_TRUE(hasty.has_value());
    EXPECT_EQ(hasty->error().code, Errc::timeout);
}

TEST_F(GetMany, AReaderHasItsAnswerWhenTheStoreWasAskedToKeepIt) {
    TestNode& one = node(bulk(StoreTest::options()));
    std::vector<std::size_t> filled_before;
    one.cache->get_many(Keys{"a", "bb"}, {}, [](const Answers&) {});
    one.cache->get("a", {}, [&](const Result<Lookup<int>>&) { filled_before = one.filled; });
    executor_.run_ready();

    EXPECT_THAT(filled_before, ElementsAre(2));
}

TEST_F(GetMany, WithoutABulkLoaderTooForThoseThatHaveTheirTurn) {
    Options options = StoreTest::options();
    options.loads_max = 2;
    TestNode& one = node(std::move(options));
    one.hold_loads = true;

    const auto answers = ask(one, {"a", "b", "c"});
    EXPECT_THAT(one.asked, ElementsAre(2));
    one.finish(0, 1);
    EXPECT_THAT(one.asked, ElementsAre(2, 1));
    one.finish(1, 1);
    one.finish(2, 1);

    EXPECT_THAT(values(answers->value()), ElementsAre(1, 1, 1));
}

TEST_F(GetMany, AReadMeanwhileIsAskedForWithThoseThatHaveBegun) {
    TestNode& one = node(bulk(StoreTest::options()));
    Answered other;
    int reads = 0;
    one.carry = [&] {
        if (++reads == 2) other = one.get("other");
    };

    EXPECT_THAT(values(get(one, {"a", "bb", "ccc"})), ElementsAre(1, 2, 3));

    EXPECT_EQ(value(other), 1);
    EXPECT_THAT(one.asked, ElementsAre(2, 2)) << "it waits for no others";
}

TEST_F(GetMany, WhatHasEndedBeforeTheStoreIsAskedClaimsNothing) {
    TestNode& one = node(bulk(StoreTest::options()));
    TestNode& two = node(bulk(StoreTest::options()));
    int reads = 0;
    one.carry = [&] {
        if (++reads == 2) one.core->close();
    };

    get(one, {"a", "bb"});

    EXPECT_THAT(one.asked, IsEmpty());
    EXPECT_THAT(values(get(two, {"a", "bb"})), ElementsAre(1, 2)) << "nobody holds a claim";
}

TEST_F(GetMany, OneOfWhichTheStoreSaysNothingIsLoadedAllTheSame) {
    TestNode& one = node(bulk(StoreTest::options()));
    one.faults.next(Operation::fetch, {.request_lost = true});

    const auto answers = ask(one, {"a", "bb"});
    clock_.advance(1s);
    executor_.run_ready();

    EXPECT_THAT(values(answers->value()), ElementsAre(1, 2));
    EXPECT_THAT(one.asked, ElementsAre(2));
}

TEST_F(GetMany, AnswersAreInTheOrderOfTheKeysAndDuplicatesAreAskedForOnce) {
    TestNode& one = node(bulk(in_memory()));

    EXPECT_THAT(values(get(one, {"ccc", "a", "ccc", "absent", "bb"})), ElementsAre(3, 1, 3, -1, 2));

    ASSERT_EQ(calls_.size(), 1U);
    EXPECT_THAT(calls_[0], UnorderedElementsAre("ccc", "a", "absent", "bb"));
    EXPECT_EQ(get(one, {"absent"})[0]->answer(), Answer::absent) << "it is remembered";
    EXPECT_EQ(calls_.size(), 1U);
}

TEST_F(GetMany, NoKeysAreNoAnswers) {
    TestNode& one = node(bulk(in_memory()));

    EXPECT_THAT(get(one, {}), IsEmpty());
}

TEST_F(GetMany, OnlyWhatMemoryLacksIsAskedFor) {
    TestNode& one = node(bulk(in_memory()));
    get(one, {"a"});

    EXPECT_THAT(values(get(one, {"a", "bb"})), ElementsAre(1, 2));

    EXPECT_THAT(calls_, ElementsAre(Keys{"a"}, Keys{"bb"}));
}

TEST_F(GetMany, WithoutABulkLoaderEachIsLoadedByItself) {
    TestNode& one = node(in_memory());

    EXPECT_THAT(values(get(one, {"a", "b", "a"})), ElementsAre(1, 1, 1));

    EXPECT_EQ(one.loads, 2U);
}

TEST_F(GetMany, ALoadThatRunsAlreadyIsWaitedFor) {
    TestNode& one = node(bulk(in_memory()));
    one.hold_loads = true;
    one.get("a");

    const auto answers = ask(one, {"a", "bb"});
    EXPECT_THAT(calls_, ElementsAre(Keys{"bb"}));
    EXPECT_FALSE(answers->has_value());
    one.finish(0, 9);

    EXPECT_THAT(values(answers->value()), ElementsAre(9, 2));
}

TEST_F(GetMany, AnInvalidationPoisonsTheLoadOfItsKeyAlone) {
    TestNode& one = node(bulk(in_memory()));
    during_ = [&] { one.core->remove("a"); };

    EXPECT_THAT(values(get(one, {"a", "bb"})), ElementsAre(1, 2));

    EXPECT_FALSE(one.cache->contains("a"));
    EXPECT_TRUE(one.cache->contains("bb"));
}

TEST_F(GetMany, AFailureOfOneKeyIsItsOwn) {
    Options options = in_memory();
    options.load_many = [](std::span<const std::string>, LoadContext&) {
        std::map<std::string, Result<int>> found;
        found.emplace("a", 1);
        found.emplace("bb", fail(broken()));
        return found;
    };
    TestNode& one = node(std::move(options));

    const auto answers = get(one, {"a", "bb"});

    EXPECT_EQ(answers[0].value_or(0), 1);
    EXPECT_EQ(answers[1].error().code, Errc::unavailable);
}

TEST_F(GetMany, AFailureOfTheCallIsThatOfEachKeyAndIsNotCached) {
    Options options = in_memory();
    int calls = 0;
    options.load_many = [&](std::span<const std::string>,
                            LoadContext&) -> Result<std::map<std::string, int>> {
        if (++calls == 1) throw std::runtime_error("out of luck");
        return fail(broken());
    };
    TestNode& one = node(std::move(options));

    const auto thrown = get(one, {"a", "bb"});
    EXPECT_EQ(thrown[0].error().code, Errc::load_failed);
    EXPECT_NE(thrown[1].error().cause.find("out of luck"), std::string::npos);
    EXPECT_EQ(get(one, {"a"})[0].error().code, Errc::unavailable);
}

TEST_F(GetMany, OneThatAnotherInstanceLoadsHoldsUpNoOther) {
    TestNode& other = node();
    other.hold_loads = true;
    other.get("a");
    TestNode& one = node(bulk(StoreTest::options()));

    const auto answers = ask(one, {"a", "bb"});
    EXPECT_THAT(calls_, ElementsAre(Keys{"bb"}));
    other.finish(0, 9);

    EXPECT_THAT(values(answers->value()), ElementsAre(9, 2));
}

TEST_F(GetMany, NeitherDoesTheLastOfThem) {
    TestNode& other = node();
    other.hold_loads = true;
    other.get("a");
    TestNode& one = node(bulk(StoreTest::options()));

    const auto answers = ask(one, {"bb", "a"});
    EXPECT_THAT(calls_, ElementsAre(Keys{"bb"}));
    other.finish(0, 9);

    EXPECT_THAT(values(answers->value()), ElementsAre(2, 9));
}

TEST_F(GetMany, ABatchHasOneTurnAmongTheLoads) {
    Options options = bulk(in_memory());
    options.loads_max = 1;
    TestNode& one = node(std::move(options));
    one.hold_loads = true;
    one.get("busy");

    const auto answers = ask(one, {"a", "bb", "ccc", "dddd"});
    one.get("later");
    EXPECT_THAT(calls_, IsEmpty());
    one.finish(0, 1);

    EXPECT_THAT(values(answers->value()), ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(calls_.size(), 1U);
    EXPECT_EQ(one.held.size(), 2U) << "and its end is the turn of the next";
}

TEST_F(GetMany, WhoseTimeIsUpBeforeTheirTurnIsNotAskedFor) {
    Options options = bulk(in_memory());
    options.loads_max = 1;
    TestNode& one = node(std::move(options));
    one.hold_loads = true;
    one.get("busy");

    const auto answers = ask(one, {"a", "bb"}, {.deadline = 1s});
    clock_.advance(1s);
    executor_.run_ready();
    one.finish(0, 1);

    ASSERT_TRUE(answers->has_value());
    EXPECT_EQ((**answers)[1].error().code, Errc::timeout);
    EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(GetMany, MoreKeysThanOneCallTakesAreSeveralCalls) {
    Options options = bulk(in_memory());
    options.load_many_keys_max = 2;
    TestNode& one = node(std::move(options));

    EXPECT_THAT(values(get(one, {"a", "bb", "ccc", "dddd", "eeeee"})), ElementsAre(1, 2, 3, 4, 5));

    EXPECT_THAT(calls_, ElementsAre(Keys{"a", "bb"}, Keys{"ccc", "dddd"}, Keys{"eeeee"}));
    EXPECT_EQ(one.core->counters().loads, 3U);
}

TEST_F(GetMany, AHundredThousandKeysAreAHundredCalls) {
    Options options = bulk(in_memory());
    options.bound = entries(200'000);
    TestNode& one = node(std::move(options));
    Keys keys;
    for (int i = 0; i < 100'000; ++i) keys.push_back("key" + std::to_string(i));

    const auto answers = get(one, keys);

    EXPECT_TRUE(std::ranges::all_of(answers, [](const auto& found) { return found.has_value(); }));
    EXPECT_EQ(calls_.size(), 100U);
    EXPECT_TRUE(std::ranges::all_of(calls_, [](const Keys& call) { return call.size() == 1000; }));
}

TEST_F(GetMany, AFailedCallIsThatOfItsOwnKeys) {
    Options options = in_memory();
    options.load_many_keys_max = 1;
    options.load_many = [](std::span<const std::string> keys,
                           LoadContext&) -> Result<std::map<std::string, int>> {
        if (keys[0] == "a") return fail(broken());
        return std::map<std::string, int>{{keys[0], 2}};
    };
    TestNode& one = node(std::move(options));

    EXPECT_THAT(values(get(one, {"a", "bb"})), ElementsAre(-1, 2));
}

TEST_F(GetMany, WhatIsInvalidatedWhileItWaitsForItsCallIsNotKept) {
    Options options = bulk(in_memory());
    options.load_many_keys_max = 1;
    TestNode& one = node(std::move(options));
    during_ = [&] { one.core->remove("bb"); };  // in the call for "a", too

    get(one, {"a", "bb"});

    EXPECT_TRUE(one.cache->contains("a"));
    EXPECT_FALSE(one.cache->contains("bb"));
}

TEST_F(GetMany, WhoseTimeIsUpBeforeAWorkerComesIsNotAskedFor) {
    TestNode& one = node(bulk(in_memory()));
    one.workers.hold = true;

    const auto answers = ask(one, {"a", "bb"}, {.deadline = 1s});
    clock_.advance(1s);
    executor_.run_ready();
    EXPECT_EQ((**answers)[0].error().code, Errc::timeout);
    one.workers.release();
    executor_.run_ready();

    EXPECT_THAT(calls_, IsEmpty());
    EXPECT_THAT(values(get(one, {"a"})), ElementsAre(1)) << "the load is not in the way";
}

TEST_F(GetMany, WithoutAWorkerInTimeTheErrorSaysWhatToRaise) {
    TestNode& one = node(bulk(in_memory()));
    one.workers.hold = true;

    const auto answers = ask(one, {"a"}, {.deadline = 1min});
    clock_.advance(5s);
    executor_.run_ready();

    EXPECT_EQ((**answers)[0].error().code, Errc::timeout);
    EXPECT_THAT((**answers)[0].error().cause, HasSubstr("load_many_keys_max"));
    one.workers.release();
}

TEST_F(GetMany, ABracedListHasAFormThatDoesNotWait) {
    TestNode& one = node(bulk(in_memory()));
    std::vector<Answers> given;
    const auto take = [&](Answers answers) { given.push_back(std::move(answers)); };

    one.cache->get_many({"a", "bb"}, take);
    one.cache->get_many({"a", "ccc"}, {.deadline = 1s}, take);
    executor_.run_ready();

    ASSERT_EQ(given.size(), 2U);
    EXPECT_THAT(values(given[0]), ElementsAre(1, 2));
    EXPECT_THAT(values(given[1]), ElementsAre(1, 3));
    one.cache->invalidate({"a", "bb"}, [](const Invalidation&) {});
    EXPECT_FALSE(one.cache->contains("a") || one.cache->contains("bb"));
}

TEST_F(GetMany, TheEndOfTheNodeAnswersAll) {
    TestNode& one = node(in_memory());
    one.hold_loads = true;

    const auto answers = ask(one, {"a", "bb"});
    one.core->close();

    ASSERT_TRUE(answers->has_value());
    EXPECT_EQ((**answers)[0].error().code, Errc::stopped);
}

TEST_F(GetMany, ABulkLoaderAloneLoadsOneKeyToo) {
    Options options = bulk(in_memory());
    auto spec = detail::untyped(std::move(options));
    ASSERT_TRUE(spec.load.blocking);
    const std::string key = "bb";
    LoadContext context(clock_.now(), clock_);

    const auto loaded = spec.load.blocking(&key, context);

    ASSERT_TRUE(loaded);
    EXPECT_EQ(*std::static_pointer_cast<const int>(loaded->value), 2);
}

}  // namespace
}  // namespace tutti::testing
