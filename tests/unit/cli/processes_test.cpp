// How running processes are asked.
#include "cli/processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti::cli {
namespace {

using ::testing::ElementsAre;

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

}  // namespace
}  // namespace tutti::cli
