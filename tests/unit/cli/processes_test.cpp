// How running processes are asked, and whether they are those that a probe needs.
#include "cli/processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/roll_call.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Processes, OneIsAskedWhatItHoldsOfAKeyHoweverThatIsWritten) {
    std::string asked;
    const World world{.catalogue = {},
                      .document = {},
                      .fetch = [&](const std::string& url, Duration) -> Result<std::string> {
                          asked = url;
                          return to_json(Holdings{.node = "web-1", .member = "web-1:a"});
                      },
                      .diagnose = {}};

    const auto held = ask_holdings("http://one:1", "cache:a b", "\xC3\xA4/&?=%\n", {}, world);

    EXPECT_EQ(asked, "http://one:1/holdings?channel=cache%3Aa%20b&key=%C3%A4%2F%26%3F%3D%25%0A");
    ASSERT_TRUE(held);
    EXPECT_EQ(held->node, "web-1");
}

TEST(Processes, AKeyWhoseQuestionNoServerTakesIsNotAskedFor) {
    EXPECT_TRUE(can_ask_holdings("prices", std::string(10'000, 'a')));
    EXPECT_FALSE(can_ask_holdings("prices", std::string(16'000, 'a')));
    EXPECT_FALSE(can_ask_holdings("prices", std::string(6'000, '/'))) << "each is written as %2F";
}

TEST(Processes, EachIsNamedOnceHoweverItsUrlIsWritten) {
    EXPECT_THAT(process_urls({"one:1", "http://one:1/", "http://one:1/audit", "https://two"}),
                ElementsAre("http://one:1", "https://two"));
}

AskedHoldings present(const std::string& process, const std::string& node, Epoch epoch = Epoch{7}) {
    return {.process = process,
            .holdings = Holdings{.node = node, .member = node + ":a", .epoch = epoch}};
}
AskedHoldings silent(const std::string& process, Errc code, const std::string& cause) {
    return {.process = process, .holdings = fail(code, "http GET", cause)};
}
RollCall call(const std::vector<AskedHoldings>& asked, const std::vector<std::string>& members) {
    return call_the_roll("cache:prices", asked, members);
}

TEST(TheRoll, OfAllThatAreNeededNothingIsSaid) {
    const RollCall roll = call({present("http://one:1", "web-1"), present("http://two:1", "web-2")},
                               {"web-1:a", "web-2:a"});

    EXPECT_THAT(roll.unanswered, IsEmpty());
    EXPECT_THAT(roll.remarks, IsEmpty());
}

TEST(TheRoll, AProcessThatDoesNotAnswerIsNamedWithWhatToDo) {
    const RollCall roll =
        call({silent("http://u:hunter2@one:1", Errc::unavailable, "connection refused"),
              silent("http://two:1", Errc::protocol, "answered 404, not 200"),
              silent("http://three:1", Errc::too_large, "more than 64 MiB"),
              silent("http://four:x", Errc::invalid_option, "x is no port")},
             {});

    EXPECT_THAT(
        roll.unanswered,
        ElementsAre(AllOf(HasSubstr("'http://one:1' does not answer"),
                          HasSubstr("connection refused. Does it run"), Not(HasSubstr("hunter2"))),
                    AllOf(HasSubstr("'http://two:1' answers, but not what it holds"),
                          HasSubstr("answered 404"), HasSubstr("the route GET /holdings")),
                    HasSubstr("'http://three:1' answers, but not what it holds"),
                    AllOf(HasSubstr("'http://four:x'"), HasSubstr("x is no port"),
                          Not(HasSubstr("answer")))));
    EXPECT_THAT(roll.remarks, IsEmpty());
}

TEST(TheRoll, WhatASampleWouldNotKnowIsRemarked) {
    const RollCall roll = call({present("http://one:1", "web-1"), present("http://proxy", "web-1"),
                                present("http://other:1", "mail-1", Epoch::none)},
                               {"web-1:a", "web-2:a"});

    EXPECT_THAT(roll.unanswered, IsEmpty());
    EXPECT_THAT(
        roll.remarks,
        ElementsAre(HasSubstr("'http://one:1' and 'http://proxy' are one instance, 'web-1'"),
                    HasSubstr("'mail-1' at 'http://other:1' hears no channel 'cache:prices'"),
                    HasSubstr("'web-2:a' is a member of the channel and none of these")));
}

}  // namespace
}  // namespace tutti::cli
