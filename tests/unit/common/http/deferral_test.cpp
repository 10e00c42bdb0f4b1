#include "common/http/deferral.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tutti::services::http {
namespace {

struct Deferred : ::testing::Test {
    // Begins, and keeps what the start was given.
    void begin() {
        Deferral::begin(deferral, [this](Answer given) {
            answer = std::move(given);
            return [this] { ++cancelled; };
        });
    }
    // The status of the answer; 0: none.
    int close() { return deferral->close().value_or(Response{.status = 0}).status; }

    int woken = 0;
    int cancelled = 0;
    Answer answer;
    std::shared_ptr<Deferral> deferral = std::make_shared<Deferral>([this] { ++woken; });
};

TEST_F(Deferred, AnswerWakesOnceAndIsTakenOnce) {
    begin();
    EXPECT_FALSE(deferral->answered());

    answer({.status = 201});
    answer({.status = 202});

    EXPECT_TRUE(deferral->answered());
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(close(), 201);
    EXPECT_EQ(close(), 0);
    EXPECT_EQ(cancelled, 0);
}

TEST_F(Deferred, ClosedWithoutAnAnswerItCancelsAndTakesNone) {
    begin();

    EXPECT_EQ(close(), 0);
    answer({.status = 200});

    EXPECT_EQ(cancelled, 1);
    EXPECT_EQ(woken, 0);
    EXPECT_FALSE(deferral->answered());
    EXPECT_EQ(close(), 0);
    EXPECT_EQ(cancelled, 1);
}

TEST_F(Deferred, AnswerDuringTheStartCounts) {
    Deferral::begin(deferral, [](const Answer& given) {
        given({.status = 204});
        return nullptr;
    });

    EXPECT_EQ(woken, 1);
    EXPECT_EQ(close(), 204);
}

TEST_F(Deferred, LastCopyThatIsDroppedAnswers) {
    begin();
    auto copy = answer;
    answer = nullptr;
    EXPECT_FALSE(deferral->answered());

    copy = nullptr;

    EXPECT_EQ(close(), 500);
}

TEST_F(Deferred, ThrowingStartAnswers) {
    Deferral::begin(
        deferral, [](const Answer&) -> std::function<void()> { throw std::runtime_error("oops"); });

    const auto response = deferral->close();

    ASSERT_TRUE(response);
    EXPECT_TRUE(response->body.contains("oops")) << response->body;
}

}  // namespace
}  // namespace tutti::services::http
