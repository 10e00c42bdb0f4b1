// When calls go, on a clock that the test moves.
#include "bot-client/rest/call_scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::bot::rest {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Then = CallScheduler::Then;

class Scheduler : public ::testing::Test, private CallScheduler::Effects {
protected:
    static Route messages(const std::string& channel) {
        return Route::make("POST", "/channels/{}/messages", {channel}).value();
    }
    static Route typing(const std::string& channel) {
        return Route::make("POST", "/channels/{}/typing", {channel}).value();
    }
    static Route webhook(const std::string& token = "secret") {
        return Route::make("POST", "/webhooks/{}/{}", {"7", token}).value();
    }
    static AnswerFacts ok(std::int64_t remaining, Duration reset = 1s, std::string hash = "h",
                          std::int64_t limit = 5) {
        return {.status = 200,
                .bucket = BucketFacts{.hash = std::move(hash),
                                      .limit = limit,
                                      .remaining = remaining,
                                      .reset_after = reset}};
    }
    // Without a word about limits.
    static AnswerFacts plain(int status, std::int64_t code = 0, Duration retry_after = 0s) {
        AnswerFacts facts;
        facts.status = status;
        facts.code = code;
        facts.retry_after = retry_after;
        return facts;
    }
    static AnswerFacts limited(LimitScope scope, Duration after, std::int64_t remaining = 0) {
        AnswerFacts facts = ok(remaining, after);
        facts.status = 429;
        facts.scope = scope;
        facts.retry_after = after;
        return facts;
    }

    CallScheduler::Call submit(const Route& route, Duration within = 1min) {
        scheduler.submit(++last, route, now + within, now);
        return last;
    }
    Then answer(CallScheduler::Call call, const AnswerFacts& facts) {
        return scheduler.answered(call, facts, now);
    }
    void pass(Duration duration) {
        const TimePoint end = now + duration;
        while (wake <= end) {
            now = std::max(now, wake);
            scheduler.tick(now);
        }
        now = end;
    }
    // Calls of a route whose bucket is known.
    void get_to_know(const Route& route, std::int64_t remaining = 5) {
        answer(submit(route), ok(remaining));
        gone.clear();
    }

    std::vector<CallScheduler::Call> gone;
    std::map<CallScheduler::Call, Error> refused;
    TimePoint wake = TimePoint::max();
    TimePoint now{1000s};
    CallScheduler::Call last = 0;
    static constexpr std::size_t invalid_max = 10;
    CallScheduler scheduler{{.per_second = 50, .waiting_max = 100, .invalid_max = invalid_max},
                            *this};

private:
    void go(CallScheduler::Call call) override { gone.push_back(call); }
    void refuse(CallScheduler::Call call, Error error) override {
        refused.emplace(call, std::move(error));
    }
    void wake_at(TimePoint when) override { wake = when; }
};

TEST_F(Scheduler, TheFirstCallOfARouteFindsItsBucketOut) {
    submit(messages("1"));
    submit(messages("1"));
    submit(messages("1"));
    EXPECT_THAT(gone, ElementsAre(1));

    answer(1, ok(1));

    EXPECT_THAT(gone, ElementsAre(1, 2));
}

TEST_F(Scheduler, ChannelsAreKeptApartThoughTheirHashIsOne) {
    get_to_know(messages("1"), 0);

    const auto other = submit(messages("2"));
    submit(messages("1"));

    EXPECT_THAT(gone, ElementsAre(other));
}

TEST_F(Scheduler, RoutesOfOneHashShareABucket) {
    get_to_know(typing("1"), 5);
    get_to_know(messages("1"), 1);

    submit(messages("1"));
    submit(typing("1"));

    EXPECT_THAT(gone, SizeIs(1));
}

TEST_F(Scheduler, WhatIsUsedUpWaitsForTheReset) {
    get_to_know(messages("1"), 0);
    submit(messages("1"));

    pass(1s);
    EXPECT_THAT(gone, IsEmpty());
    pass(50ms);
    EXPECT_THAT(gone, SizeIs(1));
}

TEST_F(Scheduler, CallsUnderWayAreTakenOffWhatAnAnswerSays) {
    get_to_know(messages("1"), 5);
    for (int i = 0; i < 3; ++i) submit(messages("1"));
    ASSERT_THAT(gone, ElementsAre(2, 3, 4));

    // The answer to the first does not know of the other two: of four that remain two are left.
    answer(2, ok(4));
    for (int i = 0; i < 3; ++i) submit(messages("1"));

    EXPECT_THAT(gone, ElementsAre(2, 3, 4, 5, 6));
}

TEST_F(Scheduler, AnAnswerThatComesLateDoesNotGiveBackWhatIsUsed) {
    get_to_know(messages("1"), 2);
    submit(messages("1"));
    submit(messages("1"));

    answer(3, ok(0));
    answer(2, ok(1));
    submit(messages("1"));

    EXPECT_THAT(gone, ElementsAre(2, 3));
}

TEST_F(Scheduler, AHashThatChangesTakesTheWaitingCallsAlong) {
    get_to_know(messages("1"), 1);
    submit(messages("1"));
    submit(messages("1"));
    ASSERT_THAT(gone, ElementsAre(2));

    answer(2, ok(3, 1s, "another"));

    EXPECT_THAT(gone, ElementsAre(2, 3));
}

TEST_F(Scheduler, CallsOfABucketGoInTheirOrder) {
    get_to_know(messages("1"), 0);
    for (int i = 0; i < 4; ++i) submit(messages("1"));

    pass(1050ms);
    for (CallScheduler::Call call = 2; call <= 4; ++call)
        answer(call, ok(5 - static_cast<int>(call)));

    EXPECT_THAT(gone, ElementsAre(2, 3, 4, 5));
}

// 429

TEST_F(Scheduler, A429GoesAgainWhenItsBucketMay) {
    get_to_know(messages("1"), 5);
    const auto call = submit(messages("1"));

    EXPECT_EQ(answer(call, limited(LimitScope::user, 3s)), Then::goes_again);
    const auto other = submit(messages("2"));
    EXPECT_THAT(gone, ElementsAre(call, other));
    pass(3s);
    EXPECT_THAT(gone, SizeIs(2));
    pass(50ms);

    EXPECT_THAT(gone, ElementsAre(call, other, call));
}

TEST_F(Scheduler, AHiddenLimitHoldsUpTheCallThatMetIt) {
    get_to_know(messages("1"), 5);
    const auto call = submit(messages("1"));
    answer(call, limited(LimitScope::user, 10s, 4));

    const auto next = submit(messages("1"));

    EXPECT_THAT(gone, ElementsAre(call, next));
    EXPECT_EQ(scheduler.figures().limited_hidden, 1U);
}

TEST_F(Scheduler, AHiddenLimitThatThreeCallsMeetHoldsUpTheBucket) {
    get_to_know(messages("1"), 5);
    for (int i = 0; i < 3; ++i) answer(submit(messages("1")), limited(LimitScope::user, 10s, 4));
    gone.clear();

    submit(messages("1"));
    EXPECT_THAT(gone, IsEmpty());
    pass(10050ms);

    EXPECT_THAT(gone, ::testing::Not(IsEmpty()));
}

TEST_F(Scheduler, ASharedLimitHoldsUpItsBucketAndIsNoFaultOfOurs) {
    get_to_know(messages("1"), 5);

    EXPECT_EQ(answer(submit(messages("1")), limited(LimitScope::shared, 3s, 4)), Then::goes_again);
    submit(messages("1"));

    EXPECT_THAT(gone, SizeIs(1));
    EXPECT_EQ(scheduler.figures().invalid, 0U);
}

TEST_F(Scheduler, AGlobalLimitHoldsUpAllThatCountsForTheBot) {
    get_to_know(messages("1"), 5);
    answer(submit(messages("1")), limited(LimitScope::global, 3s, 4));
    gone.clear();

    submit(messages("2"));
    const auto reply =
        submit(Route::make("POST", "/interactions/{}/{}/callback", {"1", "t"}).value());

    EXPECT_THAT(gone, ElementsAre(reply));
    pass(3050ms);
    EXPECT_THAT(gone, SizeIs(3));
}

// Each has three seconds, and Discord says nothing of limits in its answers to them.
TEST_F(Scheduler, AnswersToInteractionsDoNotWaitForEachOther) {
    const auto callback = [](const std::string& id) {
        return Route::make("POST", "/interactions/{}/{}/callback", {id, "t"}).value();
    };

    const auto first = submit(callback("1"));
    const auto second = submit(callback("2"));

    EXPECT_THAT(gone, ElementsAre(first, second));
    answer(first, plain(204));
    answer(second, plain(204));
    EXPECT_EQ(scheduler.figures().buckets, 0U);
}

TEST_F(Scheduler, A429OfWhatStandsBeforeDiscordHoldsUpEverything) {
    const auto call = submit(messages("1"));
    answer(call, plain(429, 0, 20s));

    submit(typing("2"));

    EXPECT_THAT(gone, ElementsAre(call));
}

TEST_F(Scheduler, TheFourth429OfACallIsItsAnswer) {
    get_to_know(messages("1"), 5);
    const auto call = submit(messages("1"), 10min);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(answer(call, limited(LimitScope::user, 1s)), Then::goes_again);
        pass(1050ms);
    }
    EXPECT_EQ(answer(call, limited(LimitScope::user, 1s)), Then::done);
}

// Deadlines.

TEST_F(Scheduler, ACallThatCannotGoInTimeIsRefusedAtOnce) {
    answer(submit(messages("1")), ok(0, 30s));

    const auto call = submit(messages("1"), 5s);

    ASSERT_THAT(refused, SizeIs(1));
    EXPECT_EQ(refused.at(call).code, Errc::overloaded);
}

TEST_F(Scheduler, ATurnThatDoesNotComeIsATimeout) {
    submit(messages("1"));
    const auto call = submit(messages("1"), 5s);

    pass(5s);

    EXPECT_EQ(refused.at(call).code, Errc::timeout);
    answer(1, ok(5));
    EXPECT_THAT(gone, ElementsAre(1));
}

TEST_F(Scheduler, ACallThatIsForgottenDoesNotGo) {
    submit(messages("1"));
    const auto call = submit(messages("1"));

    scheduler.forget(call, now);
    answer(1, ok(5));

    EXPECT_THAT(gone, ElementsAre(1));
    EXPECT_EQ(scheduler.figures().waiting, 0U);
}

TEST_F(Scheduler, ACallWithoutAnAnswerMakesRoomForTheNext) {
    submit(messages("1"));
    submit(messages("1"));

    scheduler.failed(1, now);

    EXPECT_THAT(gone, ElementsAre(1, 2));
}

TEST_F(Scheduler, WhatWaitsIsBounded) {
    for (int i = 0; i < 101; ++i) submit(messages("1"));
    EXPECT_THAT(refused, IsEmpty());

    const auto call = submit(messages("1"));

    EXPECT_EQ(refused.at(call).code, Errc::overloaded);
}

TEST_F(Scheduler, BucketsThatAreNotUsedAreForgotten) {
    for (int i = 0; i < 50; ++i) answer(submit(messages(std::to_string(i))), ok(4));
    EXPECT_EQ(scheduler.figures().buckets, 50U);

    now += 2s;
    scheduler.tick(now);

    EXPECT_EQ(scheduler.figures().buckets, 0U);
}

// All calls together.

TEST_F(Scheduler, FiftyCallsGoInASecond) {
    for (int i = 0; i < 60; ++i) submit(messages(std::to_string(i)));
    EXPECT_THAT(gone, SizeIs(50));

    pass(999ms);
    EXPECT_THAT(gone, SizeIs(50));
    pass(1ms);

    EXPECT_THAT(gone, SizeIs(60));
}

TEST_F(Scheduler, A401EndsAllCallsWithTheToken) {
    const auto wrong = submit(messages("1"));
    const auto waiting = submit(messages("1"));

    answer(wrong, plain(401));

    EXPECT_EQ(refused.at(waiting).code, Errc::refused);
    EXPECT_THAT(refused.at(waiting).cause, HasSubstr("DISCORD_TOKEN"));
    EXPECT_EQ(refused.at(submit(typing("9"))).code, Errc::refused);
    const auto reply = submit(webhook());
    EXPECT_THAT(gone, ElementsAre(wrong, reply));
}

TEST_F(Scheduler, A401OfAWebhookIsNotAboutTheBotsToken) {
    answer(submit(webhook()), plain(401));

    const auto call = submit(messages("1"));

    EXPECT_THAT(gone, ElementsAre(1, call));
}

TEST_F(Scheduler, RefusedAnswersStopEverythingFarBelowDiscordsBan) {
    for (int i = 0; i < 10; ++i) {
        answer(submit(messages(std::to_string(i))), plain(403));
        now += 1s;
    }
    const auto call = submit(messages("99"));
    EXPECT_EQ(refused.at(call).code, Errc::overloaded);
    EXPECT_THAT(refused.at(call).cause, HasSubstr("ban"));

    now += 10min;
    const auto later = submit(messages("99"));

    EXPECT_EQ(gone.back(), later);
}

TEST_F(Scheduler, AWebhookThatWasDeletedIsNotCalledAgain) {
    answer(submit(webhook()), plain(404, 10015));

    const auto again = submit(webhook());
    const auto other = submit(webhook("other"));

    EXPECT_EQ(refused.at(again).code, Errc::refused);
    EXPECT_EQ(gone.back(), other);
}

TEST_F(Scheduler, AMessageThatIsUnknownDoesNotCostTheWebhook) {
    answer(submit(webhook()), plain(404, 10008));

    const auto again = submit(webhook());

    EXPECT_EQ(gone.back(), again);
}

// Whatever Discord answers: each call ends once.
TEST_F(Scheduler, OfManyCallsWithAllKindsOfAnswersNoneIsLost) {
    std::uint64_t state = 1;
    const auto below = [&state](std::uint64_t count) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return (state >> 33U) % count;
    };
    std::map<CallScheduler::Call, int> ends;
    for (int step = 0; step < 20'000; ++step) {
        if (below(2) == 0)
            submit(messages(std::to_string(below(5))), std::chrono::seconds(1 + below(30)));
        if (!gone.empty() && below(3) > 0) {
            const std::size_t at = below(gone.size());
            const auto call = gone[at];
            gone.erase(gone.begin() + static_cast<std::ptrdiff_t>(at));
            const auto scopes = {LimitScope::user, LimitScope::shared, LimitScope::global};
            AnswerFacts facts =
                below(10) == 0
                    ? limited(*(scopes.begin() + below(3)), 1s, static_cast<std::int64_t>(below(2)))
                    : ok(static_cast<std::int64_t>(below(5)), 1s, below(50) == 0 ? "x" : "h");
            if (below(20) == 0) {
                scheduler.failed(call, now);
                ++ends[call];
            } else if (answer(call, facts) == Then::done) {
                ++ends[call];
            }
        }
        pass(std::chrono::milliseconds(below(100)));
    }
    for (const auto call : gone) {
        scheduler.failed(call, now);
        ++ends[call];
    }
    gone.clear();
    pass(2min);
    for (int round = 0; round < 1000 && !gone.empty(); ++round) {
        const auto going = std::exchange(gone, {});
        for (const auto call : going) {
            scheduler.failed(call, now);
            ++ends[call];
        }
        pass(1s);
    }

    for (CallScheduler::Call call = 1; call <= last; ++call) {
        ASSERT_EQ(ends[call] + static_cast<int>(refused.count(call)), 1) << call;
    }
    EXPECT_EQ(scheduler.figures().waiting, 0U);
    EXPECT_EQ(scheduler.figures().in_flight, 0U);
}

}  // namespace
}  // namespace tutti::services::bot::rest
