// How the processes are asked: at the time of the question, or not at all.
#include "cli/probe_askers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

class ProbeAskers : public ::testing::Test {
protected:
    static constexpr Duration patience = 1min;

    // What the two processes have answered to the question, or failed to.
    std::vector<Told> answers_to(const std::string& key, TimePoint due) {
        Askers askers({"http://one:1", "http://two:2"}, "prices", patience, world_);
        askers.ask(7, key, due);
        for (;;) {
            const auto answered = askers.take();
            if (!answered.empty()) return answered.front().answers;
            std::this_thread::yield();
        }
    }

    std::atomic<int> asked_ = 0;
    World world_{.catalogue = {},
                 .document = {},
                 .fetch = [this](const std::string&, Duration) -> Result<std::string> {
                     ++asked_;
                     return to_json(Holdings{.node = "web", .member = "web:a"});
                 },
                 .diagnose = {}};
};

TEST_F(ProbeAskers, AQuestionIsPutToEveryProcess) {
    const auto answers = answers_to("apple", Boottime::now());

    ASSERT_THAT(answers, SizeIs(2));
    for (const Told& told : answers) EXPECT_TRUE(told.holdings);
    EXPECT_EQ(asked_, 2);
}

TEST_F(ProbeAskers, OneThatIsOverdueByMoreThanThePatienceIsNotPut) {
    const auto answers = answers_to("apple", Boottime::now() - patience);

    ASSERT_THAT(answers, SizeIs(2));
    for (const Told& told : answers) EXPECT_EQ(told.holdings.error().code, Errc::timeout);
    EXPECT_EQ(asked_, 0) << "what has gathered during a hang hits nobody at once";
}

}  // namespace
}  // namespace tutti::cli
