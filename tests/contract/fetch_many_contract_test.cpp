// Several values in one call are as several calls: each with its own claim, answer and failure.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

using Fetches = std::vector<Result<Fetched>>;

class FetchManyContract : public CoordinatedContract {
protected:
    static FetchRequest of(ValueAddress address, LoadToken token = "a") {
        return {.address = std::move(address), .token = std::move(token), .claim_for = long_enough};
    }
    static ValueAddress tagged(const std::string& key = "key") {
        return {.channel = "c", .prefix = "t:", .key = key, .form = ValueAddress::Form::tagged};
    }
    static std::string numbered(std::size_t number) { return "key" + std::to_string(number); }

    Fetches fetch_all(std::vector<FetchRequest> requests, TimePoint until) {
        std::vector<Answer<Fetched>> answers(requests.size());
        std::vector<Store::Fetch> fetches;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            fetches.push_back({.request = std::move(requests[i]), .done = answers[i].completion()});
        }
        world().store(0).fetch_many(std::move(fetches), until);
        Fetches all;
        for (const auto& answer : answers) {
            world().run_until([&] { return answer.count() > 0; });
            EXPECT_EQ(answer.count(), 1U);
            all.push_back(answer.result());
        }
        return all;
    }
    Fetches fetch_all(std::vector<FetchRequest> requests) {
        return fetch_all(std::move(requests), deadline());
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, FetchManyContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(FetchManyContract, EachIsAnsweredAsIfItWereAlone) {
    ASSERT_EQ(offer(framed("fresh"), "value"), stored);
    ASSERT_EQ(fetch(framed("elsewhere"), "b").claim, ours);
    ASSERT_EQ(offer({.address = framed("kept"),
                     .token = {},
                     .bytes = "old",
                     .fresh_for = milliseconds{1},
                     .keep_for = long_enough}),
              stored);
    world().run_for(milliseconds{20});

    const Fetches all = fetch_all(
        {of(framed("absent")), of(framed("fresh")), of(framed("elsewhere")), of(framed("kept"))});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_FALSE(all[0]->value);
    EXPECT_EQ(all[1]->claim, none);
    EXPECT_EQ(kept(*all[1]), Found("value"));
    EXPECT_EQ(all[2]->claim, theirs);
    EXPECT_GT(all[2]->claim_left, Duration::zero());
    EXPECT_EQ(all[3]->claim, ours);
    EXPECT_EQ(kept(*all[3]), Found("old"));
    EXPECT_EQ(fill(framed("absent"), "a", "loaded"), stored);
    EXPECT_EQ(fresh(framed("absent")), Found("loaded"));
}

TEST_P(FetchManyContract, NoneIsAskedForAndNothingHappens) { EXPECT_TRUE(fetch_all({}).empty()); }

TEST_P(FetchManyContract, EachHasItsOwnTokenAndAge) {
    ASSERT_EQ(offer(framed("1"), "value"), stored);
    ASSERT_EQ(fetch(framed("2"), "elsewhere").claim, ours);
    FetchRequest news = of(framed("1"), "one");
    news.age_max = Duration::zero();
    FetchRequest forced = of(framed("2"), "two");
    forced.take_over = true;

    const Fetches all = fetch_all({of(framed("1"), "reader"), news, forced});

    EXPECT_EQ(all[0]->claim, none);
    EXPECT_EQ(all[1]->claim, ours);
    EXPECT_EQ(all[2]->claim, ours);
    EXPECT_EQ(fill(framed("1"), "two", "wrong"), claim_lost);
    EXPECT_EQ(fill(framed("1"), "one", "right"), stored);
    EXPECT_EQ(fill(framed("2"), "elsewhere", "wrong"), claim_lost);
    EXPECT_EQ(fill(framed("2"), "two", "right"), stored);
}

TEST_P(FetchManyContract, TheyTakeEffectInTheirOrder) {
    const Fetches all = fetch_all({of(framed(), "a"), of(framed(), "b"), of(framed(), "a")});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_EQ(all[1]->claim, theirs);
    EXPECT_EQ(all[2]->claim, ours);
}

TEST_P(FetchManyContract, OfSeveralPlacesAndForms) {
    ASSERT_EQ(offer(raw(), "raw"), stored);
    ASSERT_TRUE(put("raw:foreign", "theirs", {.ttl = long_enough}));
    ASSERT_EQ(offer(tagged(), "tagged"), stored);
    ValueAddress elsewhere = framed();
    elsewhere.channel = "d";
    ASSERT_EQ(offer(elsewhere, "elsewhere"), stored);

    const Fetches all =
        fetch_all({of(framed()), of(raw()), of(foreign("foreign")), of(tagged()), of(elsewhere)});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_EQ(kept(*all[1]), Found("raw"));
    EXPECT_EQ(kept(*all[2]), Found("theirs"));
    EXPECT_EQ(kept(*all[3]), Found("tagged"));
    EXPECT_EQ(kept(*all[4]), Found("elsewhere"));
}

TEST_P(FetchManyContract, AnInvalidationConcernsItsKeysAndTagsAlone) {
    for (const char* key : {"1", "2"}) {
        ASSERT_EQ(fetch(tagged(key), "a").claim, ours);
        ASSERT_EQ(fill({.address = tagged(key),
                        .token = "a",
                        .bytes = key,
                        .fresh_for = long_enough,
                        .tags = {key == std::string("1") ? "red" : "blue"}}),
                  stored);
    }
    ASSERT_TRUE(publish("c", {.keys = {}, .all = false, .tags = {"red"}}));

    const Fetches all = fetch_all({of(tagged("1")), of(tagged("2")), of(tagged("3"))});
    publish_keys("c", {"3"});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_EQ(kept(*all[0]), std::nullopt);
    EXPECT_EQ(kept(*all[1]), Found("2"));
    EXPECT_EQ(all[1]->value->tags, (Words{"blue"}));
    EXPECT_EQ(fill({.address = tagged("3"),
                    .token = "a",
                    .bytes = "from before",
                    .fresh_for = long_enough}),
              claim_lost);
    EXPECT_EQ(fill({.address = tagged("1"),
                    .token = "a",
                    .bytes = "new",
                    .fresh_for = long_enough,
                    .tags = {"red"}}),
              stored);
}

TEST_P(FetchManyContract, WhoWaitsForOneOfThemIsWoken) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(fetch(framed("1"), "b").claim, ours);
    ASSERT_EQ(fetch(framed("2"), "b").claim, ours);
    fetch_all({of(framed("1")), of(framed("2"))});

    ASSERT_EQ(fill(framed("2"), "b", "value"), stored);

    EXPECT_TRUE(hears(recorder, {"p:2"}));
}

TEST_P(FetchManyContract, WhatMakesNoSenseIsRefusedAloneAndInItsPlace) {
    const Fetches all = fetch_all({of(framed("1")), of(framed("2"), ""),
                                   of(framed(std::string(4095, 'k'))), of(framed("3"))});

    EXPECT_EQ(all[0]->claim, ours);
    EXPECT_EQ(error_of(all[1]), Errc::invalid_option);
    EXPECT_EQ(error_of(all[2]), Errc::too_large);
    EXPECT_EQ(all[3]->claim, ours);
}

TEST_P(FetchManyContract, OneDeadlineIsThatOfAll) {
    const Fetches all =
        fetch_all({of(framed("1")), of(framed("2"))}, world().now() - milliseconds{1});

    EXPECT_EQ(error_of(all[0]), Errc::timeout);
    EXPECT_EQ(error_of(all[1]), Errc::timeout);
}

TEST_P(FetchManyContract, TheyMayBeMoreThanOneCallTakes) {
    std::vector<FetchRequest> requests;
    for (std::size_t i = 0; i < 350; ++i) requests.push_back(of(framed(numbered(i)), numbered(i)));

    const Fetches all = fetch_all(std::move(requests));

    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_TRUE(all[i]);
        ASSERT_EQ(all[i]->claim, ours);
        ASSERT_TRUE(release(framed(numbered(i)), numbered(i)));
    }
}

TEST_P(FetchManyContract, TheirValuesMayBeMoreThanOneAnswerTakes) {
    const std::string large(600'000, 'v');
    for (std::size_t i = 0; i < 4; ++i) {
        ASSERT_EQ(offer(framed(numbered(i)), numbered(i) + large), stored);
        ASSERT_EQ(offer(raw(numbered(i)), numbered(i) + large), stored);
    }
    ASSERT_EQ(offer(framed("larger"), large + large), stored);
    ASSERT_EQ(offer(framed("small"), "small"), stored);

    const Fetches all = fetch_all(
        {of(framed("larger")), of(framed(numbered(0))), of(framed(numbered(1))),
         of(framed("absent")), of(framed(numbered(2))), of(framed(numbered(3))),
         of(framed("small")), of(raw(numbered(0))), of(raw(numbered(1))), of(raw(numbered(2)))});

    const std::vector<std::string> expected{
        large + large,  "key0" + large, "key1" + large, "", "key2" + large, "key3" + large, "small",
        "key0" + large, "key1" + large, "key2" + large};
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_TRUE(all[i]) << i;
        if (i == 3) continue;
        EXPECT_EQ(all[i]->claim, none) << i;
        EXPECT_TRUE(kept(*all[i]) == Found(expected[i])) << i;
    }
    EXPECT_EQ(all[3]->claim, ours);
    EXPECT_EQ(count("tutti:claim:").value(), 1U) << "of the absent one";
}

TEST_P(FetchManyContract, OnePrefixTooManyIsTheErrorOfAllUnderIt) {
    ValueAddress address = framed();
    for (std::size_t i = 0; i < ValueAddress::prefixes_max; ++i) {
        address.prefix = std::to_string(i) + ":";
        ASSERT_EQ(fetch(address).claim, ours);
    }

    const Fetches all = fetch_all({of(framed("1")), of(framed("2")), of(address, "b")});

    EXPECT_EQ(error_of(all[0]), Errc::too_large);
    EXPECT_EQ(error_of(all[1]), Errc::too_large);
    EXPECT_EQ(all[2]->claim, theirs);
}

}  // namespace
}  // namespace tutti::contract
