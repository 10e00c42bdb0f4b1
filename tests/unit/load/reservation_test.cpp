// Attempts whose outcome the store does not tell.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "embedded/store.hpp"
#include "load/reservation_core.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/faults.hpp"
#include "tutti/testing/faulty_store.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::testing {
namespace {

using namespace std::chrono_literals;

class UnknownOutcome : public ::testing::Test {
protected:
    using Answer = std::optional<Result<detail::RawAttempt>>;

    UnknownOutcome() { core_->open(); }
    ~UnknownOutcome() override { core_->close(); }

    static detail::ReservationSpec spec(WhenStoreFails when) {
        return {.name = "dedup",
                .caches = "requests",
                .window = 5s,
                .when_store_fails = when,
                .note_bytes_max = 4096,
                .raw_prefix = "dedup:",
                .has_codec = true,
                .note = {}};
    }
    [[nodiscard]] std::shared_ptr<ReservationCore> core(WhenStoreFails when) {
        return std::make_shared<ReservationCore>(
            spec(when),
            LoadEnvironment{
                .clock = &clock_,
                .executor = std::shared_ptr<Executor>(std::shared_ptr<void>(), &executor_),
                .store = store_,
                .random = [] { return 1U; }},
            "dedup:");
    }

    // Within its deadline of a second; the attempt itself is what a test scripted.
    Answer reserve(const std::string& note) {
        auto answer = std::make_shared<Answer>();
        core_->reserve("key", note, 1s,
                       [answer](Result<detail::RawAttempt> given) { *answer = std::move(given); });
        pass(1s);
        return *answer;
    }
    // What another program sees.
    [[nodiscard]] std::optional<std::string> held() {
        std::optional<std::string> found;
        server_store_->get("dedup:key", TimePoint::max(),
                           [&](const auto& got) { found = got.value(); });
        executor_.run_ready();
        return found;
    }
    void pass(Duration time) {
        for (; time > Duration::zero(); time -= 10ms) {
            clock_.advance(10ms);
            executor_.run_ready();
        }
    }

    ManualClock clock_;
    ManualExecutor executor_{clock_};
    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create({.seed = 1, .clock = clock_});
    EmbeddedServer server_{hub_};
    std::shared_ptr<Store> server_store_ =
        std::make_shared<embedded::EmbeddedStore>(hub_, executor_, clock_);
    ScriptedFaults faults_;
    Link link_{faults_};
    std::shared_ptr<Store> store_ =
        std::make_shared<FaultyStore>(*server_store_, executor_, clock_, link_);
    std::shared_ptr<ReservationCore> core_ = core(WhenStoreFails::refuse);
};

TEST_F(UnknownOutcome, AnAttemptWhoseAnswerWasLostHoldsNothing) {
    faults_.next(Operation::put, {.reply_lost = true});

    EXPECT_EQ(reserve("job-1")->error().code, Errc::timeout);

    EXPECT_EQ(held(), std::nullopt);
    EXPECT_TRUE(reserve("job-2").value()->granted);
}

// A server that stands still carries out what it was sent when it goes on, in its order.
TEST_F(UnknownOutcome, WhatASilentStoreDoesWhenItWakesIsTakenBack) {
    faults_.next(Operation::put, {.request_delay = 3s});
    faults_.next(Operation::erase_if_equal, {.request_delay = 2s});
    EXPECT_FALSE(*reserve("job-1"));

    pass(2s + 10ms);

    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(UnknownOutcome, ALostTakingBackIsRepeatedUntilTheStoreAnswers) {
    faults_.next(Operation::put, {.reply_lost = true});
    faults_.every(Operation::erase_if_equal, {.request_lost = true});
    EXPECT_FALSE(*reserve("job-1"));
    EXPECT_EQ(held(), "job-1");
    faults_.every(Operation::erase_if_equal, {});

    pass(2500ms);

    EXPECT_EQ(held(), std::nullopt);
}

// What a command of a dead connection does.
TEST_F(UnknownOutcome, AnAttemptThatArrivesBehindItsTakingBackIsTakenBack) {
    faults_.next(Operation::put, {.request_delay = 2s, .overtake = true});
    EXPECT_FALSE(*reserve("job-1"));
    pass(1s);
    EXPECT_EQ(held(), "job-1");

    pass(1500ms);

    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(UnknownOutcome, TakingBackLeavesTheReservationOfAnotherAttemptAlone) {
    faults_.next(Operation::put, {.request_lost = true});
    EXPECT_FALSE(*reserve("job-1"));
    EXPECT_TRUE(reserve("job-2").value()->granted);

    pass(3s);

    EXPECT_EQ(held(), "job-2");
}

TEST_F(UnknownOutcome, AStoreThatIsAwayForLongIsAskedWhenItIsBack) {
    faults_.next(Operation::put, {.reply_lost = true});
    faults_.next(Operation::erase_if_equal, {.error = Error{Errc::unavailable, "store", "away"}});
    EXPECT_FALSE(*reserve("job-1"));
    server_.go_away();
    pass(2s);
    server_.come_back();

    pass(1300ms);

    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(UnknownOutcome, AnAttemptThatWasNeverSentIsNotTakenBack) {
    server_.go_away();
    EXPECT_TRUE(reserve("job-1")->error().unsent);
    server_.come_back();
    EXPECT_TRUE(reserve("job-1").value()->granted);

    pass(2s);

    EXPECT_EQ(held(), "job-1") << "of the second attempt, which looks the same";
}

// What is told to the caller is of the whole call, of which the store has heard the first half.
TEST_F(UnknownOutcome, AnAttemptThatTheStoreHasAnsweredWasSent) {
    const Error never_sent{
        .code = Errc::unavailable, .operation = "store", .cause = "away", .unsent = true};
    ASSERT_TRUE(reserve("job-1").value()->granted);
    faults_.next(Operation::get, {.error = never_sent});

    const auto looked = reserve("job-2");

    EXPECT_EQ(looked->error().code, Errc::unavailable);
    EXPECT_FALSE(looked->error().unsent) << "it was refused, and only the holder is not known";

    faults_.next(Operation::put, {.error = never_sent});
    EXPECT_TRUE(reserve("job-3")->error().unsent);
}

TEST_F(UnknownOutcome, AnAttemptWhoseRepetitionIsNeverSentWasSent) {
    ASSERT_TRUE(reserve("job-1").value()->granted);
    faults_.next(Operation::get, {.request_delay = 300ms});
    Answer answer;
    core_->reserve("key", "job-2", 1s,
                   [&](Result<detail::RawAttempt> given) { answer = std::move(given); });
    executor_.run_ready();  // refused, and on its way to see by whom
    faults_.every(
        Operation::put,
        {.error = Error{
             .code = Errc::unavailable, .operation = "store", .cause = "away", .unsent = true}});
    server_store_->erase("dedup:key", TimePoint::max(), [](const auto&) {});

    pass(400ms);

    EXPECT_EQ(answer->error().code, Errc::unavailable);
    EXPECT_FALSE(answer->error().unsent);
    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(UnknownOutcome, AReleaseWhoseRequestWasLostIsRepeated) {
    const auto attempt = reserve("job-1").value();
    faults_.next(Operation::erase_if_equal, {.request_lost = true});
    std::optional<Result<bool>> released;

    core_->release("key", attempt->stored, 1s, [&](Result<bool> given) { released = given; });
    pass(1010ms);

    EXPECT_EQ(released->error().code, Errc::timeout);
    EXPECT_EQ(held(), std::nullopt);
}

// The action happens, so that the same again is better refused.
TEST_F(UnknownOutcome, WhatIsAllowedWithoutAnAnswerStaysReserved) {
    core_ = core(WhenStoreFails::allow);
    core_->open();
    faults_.next(Operation::put, {.reply_lost = true});

    const auto attempt = reserve("job-1").value();

    EXPECT_FALSE(attempt->guarded);
    EXPECT_EQ(held(), "job-1");
    core_->release("key", attempt->stored, 1s, [](const auto&) {});
    executor_.run_ready();
    EXPECT_EQ(held(), std::nullopt);
}

TEST_F(UnknownOutcome, TheStoreIsNotAskedForEver) {
    faults_.next(Operation::put, {.request_lost = true});
    EXPECT_FALSE(*reserve("job-1"));

    pass(10s);

    EXPECT_EQ(executor_.next_timer(), std::nullopt);
}

TEST_F(UnknownOutcome, AClosedReservationAsksNoMore) {
    faults_.next(Operation::put, {.reply_lost = true});
    faults_.every(Operation::erase_if_equal, {.request_lost = true});
    EXPECT_FALSE(*reserve("job-1"));
    core_->close();
    faults_.every(Operation::erase_if_equal, {});

    pass(3s);

    EXPECT_EQ(held(), "job-1");
}

}  // namespace
}  // namespace tutti::testing
