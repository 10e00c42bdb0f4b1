// A server may answer anything; only what the scripts answer is taken for an answer.
#include "redis/value_reply.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "redis/reply.hpp"

namespace tutti::redis {
namespace {

using std::chrono::milliseconds;

Reply text(std::string bytes) {
    Reply reply;
    reply.type = Reply::Type::text;
    reply.text = std::move(bytes);
    return reply;
}
Reply number(std::int64_t value) {
    Reply reply;
    reply.type = Reply::Type::integer;
    reply.integer = value;
    return reply;
}
Reply array(std::vector<Reply> items) {
    Reply reply;
    reply.type = Reply::Type::array;
    reply.items = std::move(items);
    return reply;
}

constexpr const char* epoch = "00000000000000e1";

Reply reply_of(std::vector<Reply> keys) {
    keys.insert(keys.begin(), text(epoch));
    return array(std::move(keys));
}
Reply found(const char* bytes = "value") {
    return array({text("none"), number(0), text(bytes), number(7), number(93)});
}
Reply claimed() { return array({text("ours"), number(0), Reply{}, number(0), number(0)}); }

// Of a key that was asked for alone.
Result<Fetched> fetched_of(Reply reply) {
    auto fetched = to_fetched("test", 1, std::move(reply));
    EXPECT_EQ(fetched.size(), 1U);
    if (!fetched[0]) return fail(fetched[0].error());
    EXPECT_TRUE(*fetched[0]) << "alone it is answered now";
    return (*fetched[0]).value_or(Fetched{});
}

Result<Filled> filled(Reply of_key) {
    return to_filled("test", 1, array({std::move(of_key)})).front();
}

Errc error_of(Reply reply) {
    const auto fetched = fetched_of(std::move(reply));
    EXPECT_FALSE(fetched);
    return fetched ? Errc{} : fetched.error().code;
}

TEST(ValueReply, AFreshValueWithItsTimes) {
    const auto fetched = fetched_of(reply_of({found()}));

    ASSERT_TRUE(fetched) << fetched.error().message();
    EXPECT_EQ(fetched->claim, Fetched::Claim::none);
    EXPECT_EQ(fetched->value->bytes, "value");
    EXPECT_EQ(fetched->value->age, milliseconds{7});
    EXPECT_EQ(fetched->value->fresh, milliseconds{93});
    EXPECT_EQ(fetched->epoch, Epoch{0xe1});
}

TEST(ValueReply, ATaggedValueWithItsTags) {
    const auto reply = [](const char* tags) {
        return fetched_of(reply_of(
            {array({text("none"), number(0), text("value"), number(7), number(93), text(tags)})}));
    };

    EXPECT_EQ(reply("1:a,2:bc,")->value->tags, (std::vector<std::string>{"a", "bc"}));
    EXPECT_TRUE(reply("")->value->tags.empty());
    EXPECT_EQ(reply("not tags").error().code, Errc::protocol);
}

TEST(ValueReply, AClaimWithoutAValueAndOneWithALastKnownGood) {
    const auto ours = fetched_of(reply_of({claimed()}));
    const auto theirs = fetched_of(
        reply_of({array({text("theirs"), number(50), text("old"), number(100), number(-20)})}));

    ASSERT_TRUE(ours);
    EXPECT_EQ(ours->claim, Fetched::Claim::ours);
    EXPECT_FALSE(ours->value);
    ASSERT_TRUE(theirs);
    EXPECT_EQ(theirs->claim, Fetched::Claim::theirs);
    EXPECT_EQ(theirs->claim_left, milliseconds{50});
    EXPECT_EQ(theirs->value->fresh, milliseconds{-20});
}

TEST(ValueReply, EachOfSeveralKeysHasItsOwnInTheirOrder) {
    const auto fetched = to_fetched("test", 5,
                                    reply_of({found("1"), array({text("large")}), claimed(),
                                              array({text("later")}), number(3)}));

    ASSERT_EQ(fetched.size(), 5U);
    EXPECT_EQ((*fetched[0])->value->bytes, "1");
    EXPECT_EQ(fetched[1].error().code, Errc::too_large);
    EXPECT_EQ((*fetched[2])->claim, Fetched::Claim::ours);
    EXPECT_FALSE(fetched[3].value()) << "there was no room";
    EXPECT_EQ(fetched[4].error().code, Errc::protocol);
}

TEST(ValueReply, WhatConcernsTheCallIsTheErrorOfEachKey) {
    const auto errors = [](Result<Reply> reply) {
        std::vector<Errc> codes;
        for (const auto& fetched : to_fetched("test", 2, std::move(reply)))
            codes.push_back(fetched ? Errc{} : fetched.error().code);
        return codes;
    };
    const auto both = [](Errc code) { return std::vector<Errc>(2, code); };

    EXPECT_EQ(errors(fail(Errc::timeout, "test")), both(Errc::timeout));
    EXPECT_EQ(errors(array({text("prefixes")})), both(Errc::too_large));
    EXPECT_EQ(errors(reply_of({found()})), both(Errc::protocol)) << "one is missing";
    EXPECT_EQ(errors(reply_of({found(), found(), found()})), both(Errc::protocol));
    EXPECT_EQ(errors(array({found(), found(), found()})), both(Errc::protocol)) << "no epoch";
    EXPECT_EQ(errors(Reply{}), both(Errc::protocol));
}

TEST(ValueReply, AKeyThatWasAskedForAloneIsNotPutOff) {
    EXPECT_EQ(error_of(reply_of({array({text("later")})})), Errc::protocol);
}

TEST(ValueReply, AnythingElseIsAProtocolError) {
    const auto with = [](Reply claim, Reply left, Reply value, Reply age, Reply fresh) {
        return error_of(reply_of({array({std::move(claim), std::move(left), std::move(value),
                                         std::move(age), std::move(fresh)})}));
    };
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();

    EXPECT_EQ(error_of({}), Errc::protocol);
    for (const char* wrong : {"", "e1", "00000000000000eX"}) {
        EXPECT_EQ(error_of(array({text(wrong), claimed()})), Errc::protocol) << wrong;
    }
    EXPECT_EQ(error_of(text("none")), Errc::protocol);
    EXPECT_EQ(error_of(reply_of({text("none")})), Errc::protocol);
    EXPECT_EQ(error_of(reply_of({array({text("ours"), number(0)})})), Errc::protocol);
    EXPECT_EQ(with(text("mine"), number(0), Reply{}, number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(number(1), number(0), Reply{}, number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("none"), number(0), Reply{}, number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(-1), Reply{}, number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(highest), Reply{}, number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(0), number(1), number(0), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(0), Reply{}, number(-1), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(0), Reply{}, text("0"), number(0)), Errc::protocol);
    EXPECT_EQ(with(text("ours"), number(0), Reply{}, number(0), number(lowest)), Errc::protocol);
}

TEST(ValueReply, WhatIsTooMuchHasItsOwnError) {
    EXPECT_EQ(error_of(reply_of({array({text("large")})})), Errc::too_large);
    EXPECT_EQ(error_of(array({text("prefixes")})), Errc::too_large);
    EXPECT_EQ(filled(text("prefixes")).error().code, Errc::too_large);
}

TEST(ValueReply, OfAFill) {
    EXPECT_EQ(filled(text("stored")).value(), Filled::stored);
    EXPECT_EQ(filled(text("claim_lost")).value(), Filled::claim_lost);
    EXPECT_EQ(filled(text("kept_better")).value(), Filled::kept_better);
    EXPECT_EQ(filled(text("")).error().code, Errc::protocol);
    EXPECT_EQ(filled(number(1)).error().code, Errc::protocol);
}

TEST(ValueReply, OfSeveralFillsIsOneForEachInTheirOrder) {
    const auto each = to_filled("test", 3, array({text("stored"), text("?"), text("claim_lost")}));

    ASSERT_EQ(each.size(), 3U);
    EXPECT_EQ(each[0], Filled::stored);
    EXPECT_EQ(each[1].error().code, Errc::protocol);
    EXPECT_EQ(each[2], Filled::claim_lost);
}

TEST(ValueReply, OfSeveralFillsIsTheErrorOfEachWhenItIsOfTheCallOrOfAnotherLength) {
    for (const auto& one : to_filled("test", 2, array({text("stored")})))
        EXPECT_EQ(one.error().code, Errc::protocol);
    const auto broken = to_filled("test", 2, fail(Errc::unavailable, "test", "no connection"));
    ASSERT_EQ(broken.size(), 2U);
    for (const auto& one : broken) EXPECT_EQ(one.error().code, Errc::unavailable);
}

TEST(ValueReply, RanksOrderAsTheirWordsDo) {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();

    EXPECT_EQ(rank_word(lowest), "0000000000000000");
    EXPECT_EQ(rank_word(0), "8000000000000000");
    EXPECT_EQ(rank_word(highest), "ffffffffffffffff");
    EXPECT_LT(rank_word(-2), rank_word(-1));
    EXPECT_LT(rank_word(-1), rank_word(0));
}

}  // namespace
}  // namespace tutti::redis
