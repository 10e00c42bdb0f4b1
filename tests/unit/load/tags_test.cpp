// R11 and S16: what an invalidated tag removes, and which loads it concerns. Times stand still; the
// loads are held back where their order matters.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store_fixture.hpp"
#include "tutti/cache.hpp"

namespace tutti::testing {
namespace {

Loaded<int> tagged(int value, std::vector<std::string> tags) {
    Loaded<int> loaded(value);
    for (std::string& tag : tags) loaded.tag(std::move(tag));
    return loaded;
}

class Tags : public StoreTest {
protected:
    static Options in_memory() {
        Options options = StoreTest::in_memory();
        options.tagged = Tagged{};
        return options;
    }
    static Options with_store() {
        Options options = StoreTest::options();
        options.tagged = Tagged{};
        return options;
    }
    static Options forgiving_in_store() {
        Options options = with_store();
        options.stale_if_error = StaleIfError{.for_up_to = 1h};
        return options;
    }
    Invalidation invalidate_tag(TestNode& node, const std::string& tag) {
        std::optional<Invalidation> outcome;
        node.cache->invalidate_tag(tag, [&](Invalidation given) { outcome = std::move(given); });
        executor_.run_ready();
        return outcome.value_or(Invalidation{});
    }
    // A load of `key` that a reader waits for and that has not ended.
    static Answered begin(TestNode& node, const std::string& key) {
        node.hold_loads = true;
        return node.get(key);
    }
};

TEST_F(Tags, AnInvalidatedTagRemovesWhatCarriesItAndNothingElse) {
    TestNode& one = node(in_memory());
    one.answer = [n = 0]() mutable {
        const int number = ++n;
        return tagged(number, {number == 2 ? "blue" : "red"});
    };
    for (const char* key : {"a", "b", "c"}) one.get(key);

    const Invalidation outcome = invalidate_tag(one, "red");

    EXPECT_TRUE(outcome.published()) << outcome.reason;
    EXPECT_EQ(value(one.get("b")), 2);
    EXPECT_EQ(value(one.get("a")), 4);
    EXPECT_EQ(value(one.get("c")), 5);
}

TEST_F(Tags, OtherInstancesForgetWhatCarriesIt) {
    TestNode& one = node(in_memory());
    TestNode& two = node(in_memory());
    source = tagged(1, {"red"});
    two.get("a");
    source = tagged(2, {"red"});

    invalidate_tag(one, "red");

    EXPECT_EQ(value(two.get("a")), 2);
}

TEST_F(Tags, AnEntryCarriesTheTagsOfItsLastLoad) {
    TestNode& one = node(in_memory());
    source = tagged(1, {"red"});
    one.get("a");
    source = tagged(2, {"blue"});
    one.refresh("a");
    source = tagged(3, {});

    invalidate_tag(one, "red");
    EXPECT_EQ(value(one.get("a")), 2);
    invalidate_tag(one, "blue");
    EXPECT_EQ(value(one.get("a")), 3);
}

TEST_F(Tags, AnAbsentAnswerCarriesTagsToo) {
    TestNode& one = node(in_memory());
    Loaded<int> nothing{absent};
    source = nothing.tag("red");
    one.get("a");
    source = tagged(2, {});

    invalidate_tag(one, "red");

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, ALoadThatBringsATagThatWasInvalidatedMeanwhileIsNotKept) {
    TestNode& one = node(in_memory());
    const auto first = begin(one, "a");

    invalidate_tag(one, "red");
    one.finish(0, tagged(1, {"red"}));

    EXPECT_EQ(value(first), 1);
    one.hold_loads = false;
    source = tagged(2, {"red"});
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, ALoadThatBringsOtherTagsIsKept) {
    TestNode& one = node(in_memory());
    begin(one, "a");

    invalidate_tag(one, "red");
    one.finish(0, tagged(1, {"blue"}));

    EXPECT_EQ(value(one.get("a")), 1);
    EXPECT_EQ(one.loads, 1U);
}

TEST_F(Tags, ALaterReaderJoinsNoLoadThatMayBringTheTag) {
    TestNode& one = node(in_memory());
    const auto before = begin(one, "a");

    invalidate_tag(one, "red");
    const auto after = one.get("a");
    one.finish(0, tagged(1, {"red"}));

    EXPECT_EQ(value(before), 1);
    EXPECT_FALSE(after->has_value());
    one.finish(1, tagged(2, {"red"}));
    EXPECT_EQ(value(after), 2);
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, MoreInvalidatedTagsThanAreRememberedPoisonEveryRunningLoad) {
    TestNode& one = node(in_memory());
    begin(one, "a");

    for (int i = 0; i < 1001; ++i) one.core->remove_tagged("tag " + std::to_string(i));
    one.finish(0, tagged(1, {"blue"}));

    one.hold_loads = false;
    source = tagged(2, {"blue"});
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, WhatIsRememberedOfTagsEndsWithTheLoadsThatBeganBefore) {
    TestNode& one = node(in_memory());
    for (int i = 0; i < 3000; ++i) one.core->remove_tagged("tag " + std::to_string(i));
    begin(one, "a");

    one.core->remove_tagged("red");
    one.finish(0, tagged(1, {"blue"}));

    EXPECT_EQ(value(one.get("a")), 1);
}

TEST_F(Tags, AConfirmedValueKeepsItsTags) {
    TestNode& one = node(in_memory());
    source = tagged(1, {"red"});
    one.get("a");
    source = Loaded<int>(not_modified);
    EXPECT_EQ(value(one.refresh("a")), 1);
    source = tagged(2, {});

    invalidate_tag(one, "red");

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, AFormerValueThatCarriesAnInvalidatedTagIsGivenToNoLoader) {
    Options options = in_memory();
    options.loads_max = 1;
    TestNode& one = node(options);
    source = tagged(1, {"red"});
    one.get("a");
    one.ask = [&](const LoadContext& context) -> Result<Loaded<int>> {
        EXPECT_FALSE(context.former<int>());
        return tagged(2, {});
    };

    invalidate_tag(one, "red");

    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, AFormerValueIsTakenFromARunningLoadByItsOwnTagsAlone) {
    for (const auto& [tag, is_given] : {std::pair("blue", false), std::pair("green", true)}) {
        TestNode& one = node(forgiving_in_store());
        source = tagged(1, {"blue"});
        one.get(tag);
        clock_.advance(11min);
        std::optional<bool> was_given;
        one.ask = [&](const LoadContext& context) -> Result<Loaded<int>> {
            was_given = context.former<int>().has_value();
            return tagged(2, {});
        };

        one.cache->get(tag, {}, [](const Result<Lookup<int>>&) {});
        one.core->remove_tagged(tag);
        executor_.run_ready();

        EXPECT_EQ(was_given, is_given) << tag;
    }
}

// A tag that has nothing to do with the key took it away.
TEST_F(Tags, TheStoresLastKnownGoodIsTakenFromARunningLoadByItsOwnTagsAlone) {
    source = tagged(1, {"blue"});
    TestNode& before = node(forgiving_in_store());
    for (const char* key : {"a", "b", "c"}) before.get(key);
    clock_.advance(11min);
    TestNode& one = node(forgiving_in_store());
    const auto fails_behind = [&](const std::string& key, const std::string& tag) {
        const auto reader = begin(one, key);
        one.core->remove_tagged(tag);
        one.finish(one.held.size() - 1, fail(broken()));
        return reader;
    };

    EXPECT_EQ(value(fails_behind("a", "green")), 1);
    EXPECT_EQ(value(fails_behind("b", "blue")), -1) << "it carries that one";
    const auto other_key = begin(one, "c");
    one.core->remove("a");
    one.finish(one.held.size() - 1, fail(broken()));
    EXPECT_EQ(value(other_key), 1);
}

TEST_F(Tags, ASlowSourceLeavesTheStoresLastKnownGoodOfOtherTags) {
    Options options = forgiving_in_store();
    options.stale_if_error->when_slower_than = 50ms;
    source = tagged(1, {"blue"});
    TestNode& before = node(options);
    for (const char* key : {"a", "b"}) before.get(key);
    clock_.advance(11min);
    TestNode& one = node(options);
    const auto a = begin(one, "a");
    const auto b = begin(one, "b");

    one.core->remove_tagged("green");
    clock_.advance(40ms);
    executor_.run_ready();
    EXPECT_FALSE(a->has_value());
    clock_.advance(10ms);
    executor_.run_ready();

    EXPECT_EQ(value(a), 1);
    EXPECT_EQ(value(b), 1);
}

TEST_F(Tags, ALoaderThatGivesTagsToAnUndeclaredCacheHasFailed) {
    TestNode& one = node(StoreTest::in_memory());
    source = tagged(1, {"red"});

    const auto answer = one.get("a");

    EXPECT_EQ(error(answer), Errc::load_failed);
    EXPECT_NE((*answer)->error().message().find("tagged"), std::string::npos);
}

TEST_F(Tags, ALoaderThatGivesTooManyTagsIsToldTheOption) {
    Options options = in_memory();
    options.tagged->tags_max = 1;
    TestNode& one = node(options);
    source = tagged(1, {"red", "blue"});

    const auto answer = one.get("a");

    EXPECT_EQ(error(answer), Errc::load_failed);
    EXPECT_NE((*answer)->error().message().find("tagged.tags_max"), std::string::npos);
}

TEST_F(Tags, SeveralAreARangeOrBracesAndEachHasAFormThatDoesNotWait) {
    TestNode& one = node(in_memory());
    std::size_t published = 0;
    const auto take = [&](const Invalidation& outcome) { published += outcome.published(); };
    const std::vector<std::string> range{"red", "blue"};
    const auto keep_both = [&] {
        for (const char* tag : {"red", "blue"}) {
            source = tagged(1, {tag});
            one.get(tag);
            ASSERT_TRUE(one.cache->contains(tag));
        }
    };
    const auto both_gone = [&] {
        executor_.run_ready();
        return !one.cache->contains("red") && !one.cache->contains("blue");
    };

    keep_both();
    one.cache->invalidate_tags(range, take);
    EXPECT_TRUE(both_gone());
    keep_both();
    one.cache->invalidate_tags(range, {.deadline = 1s}, take);
    EXPECT_TRUE(both_gone());
    keep_both();
    one.cache->invalidate_tags({"red", "blue"}, take);
    EXPECT_TRUE(both_gone());
    keep_both();
    one.cache->invalidate_tags({"red", "blue"}, {.deadline = 1s}, take);
    EXPECT_TRUE(both_gone());
    keep_both();
    one.cache->invalidate_all(take);
    EXPECT_TRUE(both_gone());

    EXPECT_EQ(published, 5U);
}

TEST_F(Tags, ATagOfNoLengthInvalidatesNothing) {
    TestNode& one = node(in_memory());

    const Invalidation outcome = invalidate_tag(one, "");

    EXPECT_FALSE(outcome.published());
    EXPECT_NE(outcome.reason.find("1 to 256 bytes"), std::string::npos);
}

TEST_F(Tags, AStoredValueWhoseTagWasInvalidatedIsAbsent) {
    TestNode& one = node(with_store());
    TestNode& two = node(with_store());
    source = tagged(1, {"red"});
    one.get("a");
    EXPECT_EQ(lookup(two.get("a")).tier(), Tier::store);
    source = tagged(2, {"red"});

    invalidate_tag(one, "red");

    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(two.loads, 1U);
    one.core->flush();
    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::store);
    EXPECT_EQ(value(one.get("a")), 2);
}

TEST_F(Tags, AValueFromTheStoreBringsItsTagsIntoMemory) {
    TestNode& one = node(with_store());
    TestNode& two = node(with_store());
    source = tagged(1, {"red"});
    one.get("a");
    two.get("a");
    one.core->flush();
    source = tagged(2, {"red"});

    two.core->remove_tagged("red");

    EXPECT_EQ(lookup(two.get("a")).tier(), Tier::store);
}

TEST_F(Tags, ALoadStoresNothingWhoseTagWasInvalidatedSinceItsClaim) {
    TestNode& one = node(with_store());
    TestNode& two = node(with_store());
    one.deaf = true;
    const auto reader = begin(one, "a");
    one.hold_loads = false;

    invalidate_tag(two, "red");
    one.finish(0, tagged(1, {"red"}));

    EXPECT_EQ(value(reader), 1);
    source = tagged(2, {"red"});
    EXPECT_EQ(value(two.get("a")), 2);
    EXPECT_EQ(value(one.get("a")), 2);  // S9: it is in no memory either
}

TEST_F(Tags, WhileATagIsPublishedTheStoreIsUsedForNoKeyOfTheCache) {
    TestNode& one = node(with_store());
    source = tagged(1, {"red"});
    one.get("a");
    source = tagged(2, {"red"});

    one.core->publication_begins(KeySet::of_tag("red"));
    one.core->remove_tagged("red");

    EXPECT_EQ(lookup(one.get("a")).tier(), Tier::source);
    one.core->publication_ended(KeySet::of_tag("red"));
}

TEST_F(Tags, AnOfferedValueHasNoTagsAndIsRefused) {
    TestNode& one = node(with_store());

    const auto filled = one.offer("a", 1);

    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().code, Errc::invalid_option);
}

TEST_F(Tags, ATagOfVeryManyEntriesDropsEverythingInsteadOfSearchingIt) {
    constexpr int many = 10'001;
    Options options = in_memory();
    options.bound = entries(2 * many);
    TestNode& one = node(options);
    source = tagged(1, {"red"});
    for (int i = 0; i < many; ++i) one.get(std::to_string(i));
    source = tagged(2, {"blue"});
    one.get("a");
    source = tagged(3, {});

    invalidate_tag(one, "red");

    EXPECT_EQ(value(one.get("7")), 3);
    EXPECT_EQ(value(one.get("a")), 3);
}

TEST_F(Tags, TheIndexForgetsWhatMemoryHasEvicted) {
    TagIndex index;
    for (int i = 0; i < 1000; ++i) index.put(std::to_string(i), {"red", "blue"});

    for (int i = 0; i < 1000; ++i) {
        index.look_over(4, [](const std::string& key) { return key.size() > 1; });
    }

    EXPECT_EQ(index.size(), 10U);
    EXPECT_EQ(index.take("red").size(), 10U);
    EXPECT_TRUE(index.take("blue").empty());
}

}  // namespace
}  // namespace tutti::testing
