// S16: a value in the store whose tag was invalidated since its claim is absent, and is not stored.
#include <string>

#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

class TagContract : public CoordinatedContract {
protected:
    static ValueAddress tagged(const std::string& key = "key") {
        return {.channel = "c", .prefix = "t:", .key = key, .form = ValueAddress::Form::tagged};
    }
    std::optional<Filled> fill_tagged(const std::string& bytes, Words tags,
                                      const LoadToken& token = "a",
                                      const std::string& key = "key") {
        return fill({.address = tagged(key),
                     .token = token,
                     .bytes = bytes,
                     .fresh_for = long_enough,
                     .tags = std::move(tags)});
    }
    std::optional<Filled> load(const std::string& bytes, Words tags,
                               const std::string& key = "key") {
        EXPECT_EQ(fetch(tagged(key)).claim, ours);
        return fill_tagged(bytes, std::move(tags), "a", key);
    }
    void invalidate(Words tags) {
        ASSERT_TRUE(publish("c", {.keys = {}, .all = false, .tags = std::move(tags)}));
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, TagContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(TagContract, AValueIsReadWithItsTags) {
    ASSERT_EQ(load("1", {"red", "blue"}), stored);

    const Fetched fetched = fetch(tagged());

    ASSERT_TRUE(fetched.value);
    EXPECT_EQ(fetched.value->bytes, "1");
    EXPECT_EQ(fetched.value->tags, (Words{"red", "blue"}));
}

TEST_P(TagContract, AValueWhoseTagWasInvalidatedIsAbsent) {
    load("1", {"red", "blue"});
    load("2", {"blue"}, "other");
    load("3", {}, "plain");

    invalidate({"red"});

    EXPECT_EQ(fresh(tagged()), std::nullopt);
    EXPECT_EQ(fresh(tagged("other")), Found("2"));
    EXPECT_EQ(fresh(tagged("plain")), Found("3"));
}

TEST_P(TagContract, AnAbsentOneIsNoLastKnownGoodEither) {
    load("1", {"red"});

    invalidate({"red"});

    EXPECT_FALSE(fetch(tagged()).value);
}

TEST_P(TagContract, WhatWasClaimedBehindTheInvalidationIsStored) {
    invalidate({"red"});

    EXPECT_EQ(load("1", {"red"}), stored);
    EXPECT_EQ(fresh(tagged()), Found("1"));
}

TEST_P(TagContract, AFillWhoseTagWasInvalidatedSinceItsClaimStoresNothingAndWakes) {
    Recorder recorder;
    world().bus(0).subscribe({{.channel = "c", .plain = false}}, recorder);
    ASSERT_TRUE(world().run_until([&] { return recorder.heard().subscribed == 1; }));
    fetch(tagged());
    EXPECT_EQ(fetch(tagged(), "b").claim, theirs);

    invalidate({"red"});

    EXPECT_EQ(fill_tagged("1", {"red"}), claim_lost);
    EXPECT_TRUE(hears(recorder, {"t:key"}));
    EXPECT_EQ(fetch(tagged(), "b").claim, ours);
}

TEST_P(TagContract, AFillOfOtherTagsIsStored) {
    fetch(tagged());

    invalidate({"red"});

    EXPECT_EQ(fill_tagged("1", {"blue"}), stored);
}

// It may have asked its source already.
TEST_P(TagContract, AnAttemptThatAsksAgainKeepsTheMomentOfItsClaim) {
    fetch(tagged());
    invalidate({"red"});
    fetch(tagged());

    EXPECT_EQ(fill_tagged("1", {"red"}), claim_lost);
}

TEST_P(TagContract, AClaimThatIsTakenOverBeginsAnew) {
    fetch(tagged());
    invalidate({"red"});
    fetch({.address = tagged(), .token = "b", .claim_for = long_enough, .take_over = true});

    EXPECT_EQ(fill_tagged("1", {"red"}, "b"), stored);
    EXPECT_EQ(fresh(tagged()), Found("1"));
}

TEST_P(TagContract, WhatIsNotKnownOfTagsAnyMoreCountsAsInvalidated) {
    load("1", {"red"});
    load("2", {}, "plain");
    invalidate({"blue"});

    world().lose_tags("c");

    EXPECT_EQ(fresh(tagged()), std::nullopt);
    EXPECT_EQ(fresh(tagged("plain")), Found("2"));
    EXPECT_EQ(load("3", {"red"}), stored);
    EXPECT_EQ(fresh(tagged()), Found("3"));
}

TEST_P(TagContract, MoreTagsThanAreRememberedCountAsInvalidatedOnce) {
    load("1", {"red"});
    for (int part = 0; part < 11; ++part) {
        Words tags;
        for (int i = 0; i < 1000; ++i)
            tags.push_back(std::to_string(part) + "/" + std::to_string(i));
        invalidate(std::move(tags));
    }

    EXPECT_EQ(fresh(tagged()), std::nullopt);
    EXPECT_EQ(load("2", {"red"}), stored);
    EXPECT_EQ(fresh(tagged()), Found("2"));
}

// That many tags, each of which is invalidated again and again, are known all the time.
TEST_P(TagContract, ATagThatIsKnownNeedsNoFurtherRoom) {
    const auto invalidate_all = [&] {
        for (int part = 0; part < 10; ++part) {
            Words tags;
            for (int i = 0; i < 1000; ++i)
                tags.push_back(std::to_string(part) + "/" + std::to_string(i));
            invalidate(std::move(tags));
        }
    };
    invalidate_all();
    load("1", {"red"});
    load("2", {"7/7"}, "other");

    invalidate_all();

    EXPECT_EQ(fresh(tagged()), Found("1"));
    EXPECT_EQ(fresh(tagged("other")), std::nullopt);
    invalidate({"blue"});
    EXPECT_EQ(fresh(tagged()), std::nullopt) << "one more is too many";
}

TEST_P(TagContract, AnotherEpochBeginsWithoutTags) {
    load("1", {"red"});
    invalidate({"red"});
    world().lose_members("c");

    EXPECT_EQ(load("2", {"red"}), stored);
    EXPECT_EQ(fresh(tagged()), Found("2"));
}

TEST_P(TagContract, WhatWasStoredWithoutTagsIsAbsentWhereTheyAreCarried) {
    ValueAddress untagged = tagged();
    untagged.form = ValueAddress::Form::framed;
    ASSERT_EQ(offer(untagged, "1"), stored);

    EXPECT_EQ(fresh(tagged()), std::nullopt);
    load("2", {});
    EXPECT_EQ(fresh(untagged), std::nullopt);
}

TEST_P(TagContract, AnEntryTellsItsTagsAsTheyAre) {
    const Words tags{"red", "#1:x,", std::string("\0*", 2)};
    ASSERT_TRUE(publish("c", {.keys = {"red"}, .all = false, .tags = tags}));

    const auto entries = replay("c", 1, 1).value();

    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].changed, (KeySet{.keys = {"red"}, .all = false, .tags = tags}));
}

TEST_P(TagContract, TagsThatAreTooManyOrTooLongAreRefused) {
    EXPECT_EQ(publish("c", KeySet::of_tag("")).error().code, Errc::invalid_option);
    EXPECT_EQ(publish("c", KeySet::of_tag(std::string(257, 't'))).error().code, Errc::too_large);
    const auto filled = try_fill({.address = tagged(),
                                  .token = "a",
                                  .bytes = "1",
                                  .fresh_for = long_enough,
                                  .tags = Words(65, "t")});
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().code, Errc::too_large);
    const auto framed_one = try_fill({.address = framed(),
                                      .token = "a",
                                      .bytes = "1",
                                      .fresh_for = long_enough,
                                      .tags = {"red"}});
    ASSERT_FALSE(framed_one);
    EXPECT_EQ(framed_one.error().code, Errc::invalid_option);
}

}  // namespace
}  // namespace tutti::contract
