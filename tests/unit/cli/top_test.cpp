// `tutti top`: time passes only when the command waits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "tutti/inventory.hpp"
#include "tutti/testing/manual_clock.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

InventoryRow row(const std::string& cache, const std::string& node, CacheCounters counters) {
    return {.service = "bot",
            .node = node,
            .declaration = {.name = cache, .caches = "things"},
            .counters = counters};
}

class Top : public ::testing::Test {
protected:
    // `pass` happens while the command waits.
    int run(std::vector<std::string> arguments, const std::function<void()>& pass) {
        arguments.insert(arguments.begin(), {"top", "--plain"});
        return cli::run(arguments, out_, err_,
                        {.catalogue = {},
                         .document = {},
                         .fetch = [this](const std::string& url, Duration) -> Result<std::string> {
                             const auto found = processes_.find(url);
                             if (found != processes_.end()) return to_json(found->second);
                             return fail(Errc::unavailable, "http GET", "connection refused");
                         },
                         .clock = &clock_,
                         .wait =
                             [&](Duration pause) {
                                 clock_.advance(pause);
                                 pass();
                             },
                         .diagnose = {}});
    }
    Inventory& process(const std::string& host) { return processes_["http://" + host + "/audit"]; }

    testing::ManualClock clock_;
    std::map<std::string, Inventory> processes_;
    std::ostringstream out_;
    std::ostringstream err_;
};

TEST_F(Top, RatesOfACacheAreThoseOfAllItsInstances) {
    process("one:1") = {row("users", "bot-1", {.hits = 1000, .misses = 500, .entries = 7})};
    process("two:1") = {row("users", "bot-2", {.hits = 10, .entries = 3})};

    const int code = run({"one:1", "two:1", "--every", "2s", "--rounds", "1"}, [&] {
        process("one:1")[0].counters.hits += 30;
        process("two:1")[0].counters.misses += 10;
        process("two:1")[0].counters.loads += 4;
    });

    EXPECT_EQ(code, 0);
    EXPECT_THAT(out_.str(), StartsWith("2 processes answer\n"));
    EXPECT_THAT(out_.str(),
                ContainsRegex("bot users +2 +20\\.0 +75% +2\\.0 +0\\.0 +0\\.0 +0 +0 +10\n"));
}

TEST_F(Top, AProcessThatHasStartedAnewCountsFromItsStart) {
    process("one:1") = {row("users", "bot-1", {.hits = 1000})};

    (void)run({"one:1", "--every", "1s", "--rounds", "1"},
              [&] { process("one:1")[0].counters.hits = 5; });

    EXPECT_THAT(out_.str(), ContainsRegex("bot users +1 +5\\.0 +100%"));
}

TEST_F(Top, TheBusiestAreShownFirstAndTheOthersCounted) {
    process("one:1") = {row("idle", "b", {}), row("busy", "b", {}), row("calm", "b", {})};

    (void)run({"one:1", "--rounds", "1", "--rows", "2"}, [&] {
        process("one:1")[1].counters.hits = 100;
        process("one:1")[2].counters.hits = 10;
    });

    const std::string text = out_.str();
    EXPECT_LT(text.find("bot busy"), text.find("bot calm"));
    EXPECT_THAT(text, AllOf(Not(HasSubstr("bot idle")), HasSubstr("and 1 more (--rows)")));
}

TEST_F(Top, AProcessThatDoesNotAnswerIsNamedAndTheOthersGoOn) {
    process("one:1") = {row("users", "bot-1", {})};

    const int code = run({"one:1", "http://u:hunter2@down:1", "--rounds", "2"}, [] {});

    EXPECT_EQ(code, 2);
    EXPECT_THAT(out_.str(), AllOf(HasSubstr("1 processes answer, 1 do not"), HasSubstr("bot users"),
                                  HasSubstr("connection refused"), Not(HasSubstr("hunter2"))));
}

TEST_F(Top, NamesFromTheWireMoveNoCursor) {
    process("one:1") = {row("\x1b[2J", "bot-1", {})};

    (void)run({"one:1", "--rounds", "1"}, [] {});

    EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace tutti::cli
