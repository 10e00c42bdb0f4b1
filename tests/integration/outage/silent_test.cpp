// A Redis that is there and says nothing, as a machine that swaps or a process that was stopped:
// whatever waits for it in vain says for what, where, and what to do. No error holds the password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/redis_server.hpp"
#include "tutti/doctor.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tutti::Errc;

class SilentRedis : public ::testing::Test {
protected:
    using Numbers = tutti::Coherent<std::string, std::string>;

    SilentRedis() {
        options_ = {.name = "node",
                    .redis = redis_.url(),
                    .app = "silent",
                    .command_deadline = 500ms,
                    .log = [this](tutti::LogLevel, std::string_view line) {
                        const std::lock_guard lock(mutex_);
                        log_.emplace_back(line);
                    }};
    }
    ~SilentRedis() override { redis_.resume(); }

    std::unique_ptr<tutti::Node> node() const {
        auto created = tutti::Node::create(options_);
        EXPECT_TRUE(created.has_value()) << created.error().message();
        return std::move(created).value();
    }
    static Numbers declare(tutti::Node& node) {
        return node.coherent<std::string, std::string>(
            {.name = "numbers",
             .caches = "numbers",
             .stale = tutti::Stale::wrong,
             .ttl = 1h,
             .bound = tutti::entries(10),
             .load = [](const std::string&, tutti::LoadContext&) { return std::string("one"); },
             .store = tutti::StoreTier<std::string>{.ttl = 1h, .codec = tutti::bytes_codec()},
             .channel = "cache:numbers"});
    }
    static tutti::Reservation<std::string> reservation(tutti::Node& node) {
        return node.reservation<std::string>({.name = "turns",
                                              .caches = "turns",
                                              .window = 1min,
                                              .when_store_fails = tutti::WhenStoreFails::refuse});
    }
    // Where it waited, and no secret; the user's name is none.
    auto names_the_server() const {
        return AllOf(HasSubstr("127.0.0.1:" + std::to_string(redis_.port())),
                     Not(HasSubstr(password)));
    }

    static constexpr const char* password = "s3cret-word";
    RedisServer redis_{{.config = {std::string("requirepass ") + password}, .password = password}};
    tutti::NodeOptions options_;
    std::mutex mutex_;
    std::vector<std::string> log_;
};

TEST_F(SilentRedis, ACreateNamesWhatHasNotAnswered) {
    redis_.pause();

    const auto created = tutti::Node::create(options_);

    ASSERT_FALSE(created.has_value());
    EXPECT_EQ(created.error().code, Errc::timeout);
    EXPECT_THAT(created.error().message(), names_the_server());
    EXPECT_THAT(created.error().cause, HasSubstr("does it run?"));
}

TEST_F(SilentRedis, AStartThatHasLessTimeThanACommandNamesTheStepAndTheServer) {
    const auto one = node();
    (void)declare(*one);
    redis_.pause();

    const auto started = one->start(300ms);

    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, Errc::timeout);
    EXPECT_THAT(started.error().message(), names_the_server());
    EXPECT_THAT(started.error().cause,
                AllOf(HasSubstr("after 300 ms"), HasSubstr("what its user may do"),
                      HasSubstr("longer deadline"), HasSubstr("start_degraded")));
}

TEST_F(SilentRedis, AStartThatHasMoreNamesThemToo) {
    const auto one = node();
    (void)declare(*one);
    redis_.pause();

    const auto started = one->start(3s);

    ASSERT_FALSE(started.has_value());
    EXPECT_TRUE(started.error().retryable());
    EXPECT_THAT(started.error().message(), AllOf(names_the_server(), HasSubstr("does it run?")));
}

TEST_F(SilentRedis, ReservationsAndInvalidationsNameIt) {
    const auto one = node();
    const auto cache = declare(*one);
    const auto turns = reservation(*one);
    ASSERT_TRUE(one->start());
    const auto held = turns.reserve("held", "note");
    ASSERT_TRUE(held.has_value());
    redis_.pause();

    const auto offered = cache.offer("a", "two", {.deadline = 200ms});  // less than a command has
    const auto reserved = turns.reserve("a", "note", 200ms);
    const auto confirmed = turns.confirm(*held, 200ms);
    const auto released = turns.release(*held, 200ms);
    const auto counted = turns.count(200ms);
    const auto sent = cache.invalidate("a", {.deadline = 200ms});

    for (const auto* error :
         {&reserved.error(), &confirmed.error(), &released.error(), &counted.error()}) {
        EXPECT_THAT(error->message(), AllOf(names_the_server(), HasSubstr("does it run?")));
        EXPECT_TRUE(error->retryable());
    }
    EXPECT_THAT(offered.error().message(), HasSubstr("within the deadline of 200 ms"));
    EXPECT_FALSE(sent.published());
    EXPECT_THAT(sent.reason, names_the_server());
}

TEST_F(SilentRedis, AStopSaysWhatRedisWasNotTold) {
    const auto one = node();
    (void)declare(*one);
    ASSERT_TRUE(one->start());
    redis_.pause();

    const auto stopped = one->stop(3s);

    EXPECT_TRUE(stopped.complete()) << "nothing of the process is left";
    EXPECT_THAT(log_, ::testing::Contains(AllOf(HasSubstr("without having left cache:numbers"),
                                                names_the_server())));
}

TEST_F(SilentRedis, ADiagnosisNamesIt) {
    redis_.pause();

    const auto diagnosis = tutti::diagnose(options_.redis, {.timeout = 300ms});

    ASSERT_FALSE(diagnosis.has_value());
    EXPECT_EQ(diagnosis.error().code, Errc::timeout);
    EXPECT_THAT(diagnosis.error().message(), AllOf(names_the_server(), HasSubstr("within 300 ms")));
}

}  // namespace
}  // namespace tests
