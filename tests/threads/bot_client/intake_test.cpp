// Events on their way from a shard's thread to those that handle them.
#include "bot-client/events/intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <vector>

namespace tutti::services::bot::events {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Intake : ::testing::Test {
    void take(std::string_view name, const std::string& frame) {
        intake.take({.name = name, .frame = frame});
    }

    KnownChannels channels;
    Identity identity;
    std::vector<std::string> messages;
    std::latch begun{1};
    std::latch go_on{1};
    bool ready = false;
    EventIntake intake{channels,
                       identity,
                       {.message =
                            [this](const std::string& frame) {
                                if (messages.empty()) begun.count_down();
                                go_on.wait();
                                messages.push_back(frame);
                            },
                        .interaction = [](const std::string&) {},
                        .ready = [this] { ready = true; }},
                       {.messages = {.threads = 1, .queued_max = 2},
                        .interactions = {.threads = 1, .queued_max = 1}}};
};

TEST_F(Intake, WhatIsTooMuchIsDroppedCountedAndSaidSoAndTheShardNeverWaits) {
    EXPECT_EQ(intake.overload(), std::nullopt);
    take("MESSAGE_CREATE", "1");
    begun.wait();
    for (const char* frame : {"2", "3", "4", "5"}) take("MESSAGE_CREATE", frame);

    const auto figures = intake.figures();
    EXPECT_EQ(figures.taken[0], 5U);
    EXPECT_EQ(figures.dropped[0], 2U);
    EXPECT_EQ(figures.waiting, 2U);
    EXPECT_THAT(intake.overload().value_or(""), HasSubstr("dropped"));

    go_on.count_down();
    intake.stop();
    EXPECT_THAT(messages, ElementsAre("1", "2", "3")) << "what waits is handled";
    EXPECT_EQ(intake.figures().handled[0], 3U);
}

TEST_F(Intake, AnEventThatIsTooLargeIsDropped) {
    go_on.count_down();
    take("MESSAGE_CREATE", std::string(1U << 20U, 'x'));
    intake.stop();

    EXPECT_EQ(intake.figures().dropped[0], 1U);
    EXPECT_TRUE(messages.empty());
}

TEST_F(Intake, ReadySaysWhoTheBotIsAndServersAreNotedAtOnce) {
    go_on.count_down();
    take("READY", R"({"d":{"user":{"id":"1"},"application":{"id":"2"}}})");
    take("GUILD_CREATE", R"({"d":{"id":"9","name":"Home"}})");
    EXPECT_EQ(identity.get().application_id, "2");
    EXPECT_EQ(channels.guild_name("9"), "Home");
    take("GUILD_CREATE", "[]");
    take("TYPING_START", "{}");

    intake.stop();

    EXPECT_TRUE(ready);
    EXPECT_EQ(intake.figures().unreadable, 1U);
    EXPECT_EQ(intake.figures().taken[3], 2U) << "READY and what the bot does not look at";
}

}  // namespace
}  // namespace tutti::services::bot::events
