// Several values stored in one call are as several calls: each under its own claim, with its own
// answer and failure.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

using Fills = std::vector<Result<Filled>>;

class FillManyContract : public CoordinatedContract {
protected:
    static FillRequest of(ValueAddress address, std::string bytes = "value",
                          LoadToken token = "a") {
        return {.address = std::move(address),
                .token = std::move(token),
                .bytes = std::move(bytes),
                .fresh_for = long_enough};
    }
    static ValueAddress tagged(const std::string& key = "key") {
        return {.channel = "c", .prefix = "t:", .key = key, .form = ValueAddress::Form::tagged};
    }
    static std::string numbered(std::size_t number) { return "key" + std::to_string(number); }

    void claim(const std::vector<ValueAddress>& addresses) {
        for (const ValueAddress& address : addresses) ASSERT_EQ(fetch(address, "a").claim, ours);
    }

    Fills fill_all(std::vector<FillRequest> requests, TimePoint until) {
        std::vector<Answer<Filled>> answers(requests.size());
        std::vector<Store::Fill> fills;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            fills.push_back({.request = std::move(requests[i]), .done = answers[i].completion()});
        }
        world().store(0).fill_many(std::move(fills), until);
        Fills all;
        for (const auto& answer : answers) {
            world().run_until([&] { return answer.count() > 0; });
            EXPECT_EQ(answer.count(), 1U);
            all.push_back(answer.result());
        }
        return all;
    }
    Fills fill_all(std::vector<FillRequest> requests) {
        return fill_all(std::move(requests), deadline());
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, FillManyContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(FillManyContract, EachIsStoredAsIfItWereAlone) {
    claim({framed("1"), framed("2")});
    ASSERT_EQ(fetch(framed("elsewhere"), "b").claim, ours);

    const Fills all = fill_all({of(framed("1"), "one"), of(framed("elsewhere"), "wrong"),
                                of(framed("unclaimed"), "wrong"), of(framed("2"), "two")});

    EXPECT_EQ(all[0], stored);
    EXPECT_EQ(all[1], claim_lost);
    EXPECT_EQ(all[2], claim_lost);
    EXPECT_EQ(all[3], stored);
    EXPECT_EQ(fresh(framed("1")), Found("one"));
    EXPECT_EQ(fresh(framed("2")), Found("two"));
    EXPECT_EQ(fresh(framed("unclaimed")), std::nullopt);
    EXPECT_EQ(fill(framed("elsewhere"), "b", "theirs"), stored) << "its claim still stands";
    EXPECT_EQ(count("tutti:claim:").value(), 0U);
}

TEST_P(FillManyContract, NothingIsStoredAndNothingHappens) { EXPECT_TRUE(fill_all({}).empty()); }

TEST_P(FillManyContract, TheyTakeEffectInTheirOrder) {
    claim({framed()});

    const Fills all = fill_all({of(framed(), "first"), of(framed(), "second")});

    EXPECT_EQ(all[0], stored);
    EXPECT_EQ(all[1], claim_lost) << "the first has ended the claim";
    EXPECT_EQ(fresh(framed()), Found("first"));
}

TEST_P(FillManyContract, OfSeveralPlacesAndForms) {
    ValueAddress elsewhere = framed();
    elsewhere.channel = "d";
    elsewhere.prefix = "q:";
    claim({framed(), raw(), tagged(), elsewhere});

    const Fills all = fill_all(
        {of(framed(), "framed"), of(raw(), "raw"), of(tagged(), "tagged"), of(elsewhere, "d")});

    for (const auto& one : all) EXPECT_EQ(one, stored);
    EXPECT_EQ(fresh(framed()), Found("framed"));
    EXPECT_EQ(fresh(raw()), Found("raw"));
    EXPECT_EQ(fresh(tagged()), Found("tagged"));
    EXPECT_EQ(fresh(elsewhere), Found("d"));
}

TEST_P(FillManyContract, EachHasItsOwnTimeToLiveAndRank) {
    ASSERT_EQ(offer({.address = framed("better"),
                     .token = {},
                     .bytes = "better",
                     .fresh_for = long_enough,
                     .rank = Rank{.value = 2}}),
              stored);
    FetchRequest forced{.address = framed("better"), .token = "a", .claim_for = long_enough};
    forced.age_max = Duration::zero();
    ASSERT_EQ(fetch(forced).claim, ours);
    claim({framed("short"), framed("ranked"), framed("long")});
    FillRequest brief = of(framed("short"));
    brief.fresh_for = milliseconds{1};
    FillRequest worse = of(framed("better"), "worse");
    worse.rank = Rank{.value = 1};
    FillRequest ranked = of(framed("ranked"), "ranked");
    ranked.rank = Rank{.value = -1};

    const Fills all = fill_all({brief, worse, ranked, of(framed("long"), "long")});
    world().run_for(milliseconds{20});

    EXPECT_EQ(all[0], stored);
    EXPECT_EQ(all[1], kept_better);
    EXPECT_EQ(all[2], stored);
    EXPECT_EQ(all[3], stored);
    EXPECT_EQ(fresh(framed("short")), std::nullopt);
    EXPECT_EQ(fresh(framed("better")), Found("better"));
    EXPECT_EQ(fresh(framed("ranked")), Found("ranked"));
    EXPECT_EQ(fresh(framed("long")), Found("long"));
}

TEST_P(FillManyContract, AnInvalidationMeanwhileConcernsItsKeysAndTagsAlone) {
    claim({tagged("1"), tagged("2"), tagged("3")});
    ASSERT_TRUE(publish("c", {.keys = {"1"}, .all = false, .tags = {"red"}}));
    FillRequest red = of(tagged("2"));
    red.tags = {"red"};
    FillRequest blue = of(tagged("3"), "three");
    blue.tags = {"blue"};

    const Fills all = fill_all({of(tagged("1")), red, blue});

    EXPECT_EQ(all[0], claim_lost);
    EXPECT_EQ(all[1], claim_lost);
    EXPECT_EQ(all[2], stored);
    EXPECT_EQ(fresh(tagged("1")), std::nullopt);
    EXPECT_EQ(fresh(tagged("2")), std::nullopt);
    EXPECT_EQ(fresh(tagged("3")), Found("three"));
}

TEST_P(FillManyContract, AFlushMeanwhileLosesAllOfThem) {
    claim({framed("1"), framed("2")});
    ASSERT_TRUE(publish("c", KeySet::everything()));

    const Fills all = fill_all({of(framed("1")), of(framed("2"))});

    EXPECT_EQ(all[0], claim_lost);
    EXPECT_EQ(all[1], claim_lost);
    EXPECT_EQ(fresh(framed("1")), std::nullopt);
}

TEST_P(FillManyContract, WhoWaitsForOneOfThemIsWoken) {
    const Recorder& recorder = subscribe(0, {});
    claim({framed("1"), framed("2")});
    ASSERT_EQ(fetch(framed("2"), "b").claim, theirs);

    const Fills all = fill_all({of(framed("1")), of(framed("2"))});

    EXPECT_EQ(all[1], stored);
    EXPECT_TRUE(hears(recorder, {"p:2"}));
}

TEST_P(FillManyContract, WhatMakesNoSenseIsRefusedAloneAndInItsPlace) {
    claim({framed("1"), framed("3")});
    FillRequest ageless = of(framed("2"));
    ageless.fresh_for = Duration::zero();

    const Fills all =
        fill_all({of(framed("1")), ageless, of(framed(std::string(4095, 'k'))), of(framed("3"))});

    EXPECT_EQ(all[0], stored);
    EXPECT_EQ(error_of(all[1]), Errc::invalid_option);
    EXPECT_EQ(error_of(all[2]), Errc::too_large);
    EXPECT_EQ(all[3], stored);
}

TEST_P(FillManyContract, OneDeadlineIsThatOfAll) {
    claim({framed("1"), framed("2")});

    const Fills all = fill_all({of(framed("1")), of(framed("2"))}, world().now() - milliseconds{1});

    EXPECT_EQ(error_of(all[0]), Errc::timeout);
    EXPECT_EQ(error_of(all[1]), Errc::timeout);
}

TEST_P(FillManyContract, TheyMayBeMoreThanOneCallTakes) {
    std::vector<FillRequest> requests;
    for (std::size_t i = 0; i < 250; ++i) {
        claim({framed(numbered(i))});
        requests.push_back(of(framed(numbered(i)), numbered(i)));
    }

    const Fills all = fill_all(std::move(requests));

    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i], stored) << i;
        ASSERT_EQ(fresh(framed(numbered(i))), Found(numbered(i)));
    }
}

TEST_P(FillManyContract, TheirValuesMayBeMoreThanOneCallTakes) {
    const std::string large(600'000, 'v');
    claim({framed("1"), framed("2"), framed("larger"), framed("small")});

    const Fills all = fill_all({of(framed("1"), "1" + large), of(framed("2"), "2" + large),
                                of(framed("larger"), large + large), of(framed("small"), "small")});

    for (const auto& one : all) EXPECT_EQ(one, stored);
    EXPECT_TRUE(fresh(framed("1")) == Found("1" + large));
    EXPECT_TRUE(fresh(framed("2")) == Found("2" + large));
    EXPECT_TRUE(fresh(framed("larger")) == Found(large + large));
    EXPECT_EQ(fresh(framed("small")), Found("small"));
}

}  // namespace
}  // namespace tutti::contract
