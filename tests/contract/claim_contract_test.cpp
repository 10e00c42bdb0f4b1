// One loader in the fleet, and nothing that was loaded before an invalidation is stored after it.
#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

class ClaimContract : public CoordinatedContract {};

INSTANTIATE_TEST_SUITE_P(Adapters, ClaimContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

TEST_P(ClaimContract, OfManyWhoMissOneIsTheLoader) {
    const Fetched first = fetch(framed(), "a");
    const Fetched second = fetch(framed(), "b");
    const Fetched third = fetch(framed(), "c");

    EXPECT_EQ(first.claim, ours);
    EXPECT_EQ(second.claim, theirs);
    EXPECT_EQ(third.claim, theirs);
    EXPECT_GT(second.claim_left, long_enough - seconds{30});
    EXPECT_LE(second.claim_left, long_enough);
    EXPECT_EQ(fetch(framed("another"), "b").claim, ours);
}

TEST_P(ClaimContract, TheLoaderThatAsksAgainStillHasItsClaim) {
    EXPECT_EQ(fetch(framed(), "a").claim, ours);

    EXPECT_EQ(fetch(framed(), "a").claim, ours);
    EXPECT_EQ(fetch(framed(), "b").claim, theirs);
    EXPECT_EQ(fill(framed(), "a", "value"), stored);
}

TEST_P(ClaimContract, WhatTheLoaderStoresEndsItsClaimAndIsFresh) {
    ASSERT_EQ(fetch(framed(), "a").claim, ours);

    EXPECT_EQ(fill(framed(), "a", "value"), stored);

    EXPECT_EQ(fresh(framed()), Found("value"));
    EXPECT_EQ(fill(framed(), "a", "again"), claim_lost);
    EXPECT_EQ(fresh(framed()), Found("value"));
}

TEST_P(ClaimContract, AClaimLapsesAndTheNextTakesOver) {
    const FetchRequest dies{.address = framed(), .token = "a", .claim_for = milliseconds{50}};
    ASSERT_EQ(fetch(dies).claim, ours);
    world().run_for(milliseconds{200});

    EXPECT_EQ(fetch(framed(), "b").claim, ours);
    EXPECT_EQ(fill(framed(), "a", "late"), claim_lost);
    EXPECT_FALSE(release(framed(), "a"));
    EXPECT_EQ(fill(framed(), "b", "value"), stored);
    EXPECT_EQ(fresh(framed()), Found("value"));
}

TEST_P(ClaimContract, WhoWaitsIsWokenByTheValueOnEveryNode) {
    const Recorder& one = subscribe(0, {});
    const Recorder& two = subscribe(1, {{.channel = "elsewhere", .plain = false}});
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);

    ASSERT_EQ(fill(framed(), "a", "value"), stored);

    EXPECT_TRUE(hears(one, {"p:key"}));
    EXPECT_TRUE(hears(two, {"p:key"}));
}

TEST_P(ClaimContract, NobodyIsWokenWhenNobodyWaits) {
    const Recorder& recorder = subscribe(0, {});

    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fill(framed(), "a", "value"), stored);
    ASSERT_EQ(fetch(framed("last"), "a").claim, ours);
    ASSERT_EQ(fetch(framed("last"), "b").claim, theirs);
    ASSERT_TRUE(release(framed("last"), "a"));

    EXPECT_TRUE(hears(recorder, {"p:last"}));
}

TEST_P(ClaimContract, AFailedLoadEndsItsClaimAndWakesWhoWaits) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);

    EXPECT_FALSE(release(framed(), "b"));
    EXPECT_TRUE(release(framed(), "a"));
    EXPECT_FALSE(release(framed(), "a"));

    EXPECT_TRUE(hears(recorder, {"p:key"}));
    EXPECT_EQ(fetch(framed(), "b").claim, ours);
}

TEST_P(ClaimContract, APublicationRemovesValueAndClaimAndTheLateLoadIsNotStored) {
    const Recorder& recorder = subscribe(0, {{.channel = "c", .plain = false}});
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);
    ASSERT_EQ(fetch(framed("loading"), "b").claim, theirs);
    ASSERT_EQ(offer(framed("untouched"), "value"), stored);

    publish_keys("c", {"stored", "loading"});

    EXPECT_TRUE(hears(recorder, {"p:loading"}));
    EXPECT_EQ(recorder.heard().order, (Words{"subscribed", "entry", "woken"}));
    EXPECT_EQ(kept(fetch(framed("stored"), "a")), std::nullopt);
    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(fetch(framed("loading"), "b").claim, ours);
    EXPECT_EQ(fresh(framed("untouched")), Found("value"));
}

TEST_P(ClaimContract, WhoeverWaitsIsWokenOnceHoweverOftenTheKeyIsNamed) {
    const Recorder& recorder = subscribe(0, {});
    ValueAddress nested = framed("x");
    nested.prefix += "ke";  // with the key "y" it names what "key" names under the other prefix
    ASSERT_EQ(fetch(nested, "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);

    publish_keys("c", {"key", "key", "y"});

    EXPECT_TRUE(hears(recorder, {"p:key"}));
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);
    EXPECT_TRUE(drop("c", {"key", "key", "y"}));
    EXPECT_TRUE(hears(recorder, {"p:key", "p:key"}));
}

TEST_P(ClaimContract, APublicationRemovesTheValuesOfEveryCacheOfTheChannel) {
    ValueAddress other = framed();
    other.prefix = "other cache:";
    ValueAddress elsewhere = framed();
    elsewhere.channel = "elsewhere";
    elsewhere.prefix = "elsewhere:";
    for (const ValueAddress& address : {framed(), raw(), other, elsewhere}) {
        ASSERT_EQ(offer(address, "old"), stored);
    }

    publish_keys("c", {"key"}, 1);

    for (const ValueAddress& address : {framed(), raw(), other})
        EXPECT_EQ(fresh(address), std::nullopt);
    EXPECT_EQ(fresh(elsewhere), Found("old"));
    EXPECT_EQ(get("raw:key").value(), std::nullopt);
}

TEST_P(ClaimContract, PublishingAllMakesEveryValueAndClaimOfTheChannelAbsent) {
    const Recorder& recorder = subscribe(0, {});
    ValueAddress elsewhere = framed();
    elsewhere.channel = "elsewhere";
    elsewhere.prefix = "elsewhere:";
    ASSERT_EQ(offer(elsewhere, "value"), stored);
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(offer(foreign("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);

    ASSERT_TRUE(publish("c", KeySet::everything()));

    EXPECT_TRUE(hears(recorder, {""}));
    EXPECT_EQ(kept(fetch(framed("stored"), "a")), std::nullopt);
    EXPECT_EQ(kept(fetch(foreign("stored"), "a")), std::nullopt) << "it is not a foreign one";
    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(fetch(framed("loading"), "b").claim, ours);
    EXPECT_EQ(fresh(elsewhere), Found("value"));
}

TEST_P(ClaimContract, DropRemovesAsAPublicationDoesAndPublishesNothing) {
    const Recorder& recorder = subscribe(0, {{.channel = "c", .plain = false}});
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(offer(raw("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);
    ASSERT_EQ(fetch(framed("loading"), "b").claim, theirs);
    ASSERT_EQ(offer(framed("untouched"), "value"), stored);

    ASSERT_TRUE(drop("c", {"stored", "loading"}));

    EXPECT_TRUE(hears(recorder, {"p:loading"}));
    EXPECT_TRUE(recorder.heard().entries.empty());
    EXPECT_EQ(fresh(framed("stored")), std::nullopt);
    EXPECT_EQ(get("raw:stored").value(), std::nullopt);
    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(fresh(framed("untouched")), Found("value"));
    EXPECT_EQ(position("c").sequence, 0U);
}

TEST_P(ClaimContract, DropOfNothingDropsAllOfTheChannel) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);
    const BusPosition before = position("c");

    ASSERT_TRUE(drop("c", {}));

    EXPECT_TRUE(hears(recorder, {""}));
    EXPECT_EQ(fresh(framed("stored")), std::nullopt);
    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(position("c"), before) << "the members lose nothing";
}

TEST_P(ClaimContract, WhoTakesTheClaimOverMakesTheOlderLoadFailAndKeepsItsWaiters) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);

    const Fetched forced =
        fetch({.address = framed(), .token = "c", .claim_for = long_enough, .take_over = true});

    EXPECT_EQ(forced.claim, ours);
    EXPECT_EQ(fill(framed(), "a", "older"), claim_lost);
    EXPECT_EQ(fill(framed(), "c", "newer"), stored);
    EXPECT_TRUE(hears(recorder, {"p:key"}));
    EXPECT_EQ(fresh(framed()), Found("newer"));
}

TEST_P(ClaimContract, AnOfferTakesTheClaimOver) {
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(fetch(framed(), "a").claim, ours);
    ASSERT_EQ(fetch(framed(), "b").claim, theirs);

    EXPECT_EQ(offer(framed(), "offered"), stored);

    EXPECT_TRUE(hears(recorder, {"p:key"}));
    EXPECT_EQ(fill(framed(), "a", "loaded before"), claim_lost);
    EXPECT_EQ(fresh(framed()), Found("offered"));
}

TEST_P(ClaimContract, ARestartFromAnOldCopyBringsBackNeitherValueNorClaim) {
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(offer(foreign("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);
    world().save();
    publish_keys("c", {"stored", "loading"});

    world().restart_from_saved();
    ASSERT_TRUE(
        eventually([&] { return try_fetch({framed("any"), "any", long_enough}).has_value(); }));

    EXPECT_EQ(kept(fetch(framed("stored"), "b")), std::nullopt);
    EXPECT_EQ(kept(fetch(foreign("stored"), "b")), std::nullopt);
    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(fetch(framed("loading"), "b").claim, ours);
}

TEST_P(ClaimContract, LosingTheStateOfTheChannelLosesItsValues) {
    ASSERT_EQ(offer(framed("stored"), "old"), stored);
    ASSERT_EQ(fetch(framed("loading"), "a").claim, ours);

    world().lose_state("c");

    EXPECT_EQ(fill(framed("loading"), "a", "old"), claim_lost);
    EXPECT_EQ(fresh(framed("stored")), std::nullopt);
    EXPECT_EQ(offer(framed("stored"), "new"), stored);
    publish_keys("c", {"stored"});
    EXPECT_EQ(fresh(framed("stored")), std::nullopt) << "the prefixes are known again";
}

TEST_P(ClaimContract, AClaimThatWasEvictedIsLost) {
    ASSERT_EQ(fetch(framed(), "a").claim, ours);

    ASSERT_EQ(erase("tutti:claim:p:key").value(), true);

    EXPECT_EQ(fill(framed(), "a", "value"), claim_lost);
    EXPECT_EQ(fetch(framed(), "b").claim, ours);
}

TEST_P(ClaimContract, GarbageInThePlaceOfAClaimIsNone) {
    ASSERT_TRUE(put("tutti:claim:p:key", "1 garbage", {.ttl = long_enough}));

    EXPECT_EQ(fetch(framed(), "a").claim, ours);
    EXPECT_EQ(fill(framed(), "a", "value"), stored);
}

TEST_P(ClaimContract, RequestsThatMakeNoSenseAreRefused) {
    const auto fetched = [&](FetchRequest request) {
        return error_of(try_fetch(std::move(request)));
    };
    const auto filled = [&](FillRequest request) { return error_of(try_fill(std::move(request))); };
    ValueAddress no_channel = framed();
    no_channel.channel = "";
    ValueAddress braces = framed();
    braces.channel = "a}b";

    EXPECT_EQ(fetched({no_channel, "a", long_enough}), Errc::invalid_option);
    EXPECT_EQ(fetched({braces, "a", long_enough}), Errc::invalid_option);
    EXPECT_EQ(fetched({framed(), "", long_enough}), Errc::invalid_option);
    EXPECT_EQ(fetched({framed(), std::string(129, 't'), long_enough}), Errc::invalid_option);
    EXPECT_EQ(fetched({framed(), "a", seconds{0}}), Errc::invalid_option);
    EXPECT_EQ(fetched({framed(std::string(4095, 'k')), "a", long_enough}), Errc::too_large);
    EXPECT_EQ(filled({framed(), "a", "value", seconds{0}}), Errc::invalid_option);
    EXPECT_EQ(filled({raw(), "a", "value", long_enough, long_enough, Rank{1}}),
              Errc::invalid_option);
    EXPECT_EQ(filled({framed(), "", "value", long_enough}), Errc::invalid_option);
    EXPECT_EQ(filled({framed(), "a", std::string(Store::value_bytes_max + 1, 'v'), long_enough}),
              Errc::too_large);
    EXPECT_EQ(error_of(drop("c", Words(1001, "k"))), Errc::too_large);
    EXPECT_EQ(error_of(drop("", {"k"})), Errc::invalid_option);
}

TEST_P(ClaimContract, AChannelRemembersSoManyPrefixesAndNoMore) {
    ValueAddress address = framed();
    for (std::size_t i = 0; i < ValueAddress::prefixes_max; ++i) {
        address.prefix = std::to_string(i) + ":";
        ASSERT_EQ(offer(address, "value"), stored);
    }

    EXPECT_EQ(error_of(try_fetch({framed(), "a", long_enough})), Errc::too_large);
    EXPECT_EQ(fetch(address).claim, none);
    publish_keys("c", {"key"});
    EXPECT_EQ(fetch(address).claim, ours);
}

TEST_P(ClaimContract, AnOfferThatIsLateIsNotStored) {
    const FetchRequest claim{.address = framed(),
                             .token = "offer",
                             .claim_for = long_enough,
                             .age_max = Duration::zero(),
                             .take_over = true};
    ASSERT_EQ(fetch(claim).claim, ours);
    publish_keys("c", {"key"});

    EXPECT_EQ(fill(framed(), "offer", "from before"), claim_lost);

    EXPECT_EQ(fresh(framed()), std::nullopt);
}

TEST_P(ClaimContract, AKeyMayBeAnyBytes) {
    std::string key = "\r\n:,*";
    for (int byte = 0; byte < 256; ++byte) key.push_back(static_cast<char>(byte));
    const Recorder& recorder = subscribe(0, {});
    ASSERT_EQ(fetch(framed(key), key.substr(0, 128)).claim, ours);
    ASSERT_EQ(fetch(framed(key), "b").claim, theirs);

    ASSERT_EQ(fill(framed(key), key.substr(0, 128), key), stored);

    EXPECT_TRUE(hears(recorder, {"p:" + key}));
    EXPECT_EQ(fresh(framed(key)), Found(key));
    publish_keys("c", {key});
    EXPECT_EQ(fresh(framed(key)), std::nullopt);
}

}  // namespace
}  // namespace tutti::contract
