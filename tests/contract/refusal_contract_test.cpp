// What one server refuses, the other refuses too, and as the same error: a program that runs on the
// embedded hub runs on Redis.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "contract/coordinated_fixture.hpp"

namespace tutti::contract {
namespace {

class RefusalContract : public CoordinatedContract {
protected:
    using Error = std::optional<Errc>;

    // Of every operation that takes a channel.
    std::vector<Error> errors_with_channel(const std::string& channel) {
        const ValueAddress address{.channel = channel, .prefix = "p:", .key = "k"};
        return {error_of(publish(channel, {.keys = {"k"}})),
                error_of(renew(renewal(channel, "m"))),
                error_of(replay(channel, 1, 1)),
                error_of(leave(channel, "m")),
                error_of(try_fetch({.address = address, .token = "t", .claim_for = seconds{60}})),
                error_of(try_fill(
                    {.address = address, .token = "t", .bytes = "v", .fresh_for = seconds{60}})),
                error_of(wait_for<bool>([&](auto done) {
                    world().store(0).release(address, "t", deadline(), std::move(done));
                })),
                error_of(drop(channel, {"k"}))};
    }
    std::vector<Error> errors_with_member(const std::string& member) {
        return {error_of(renew(renewal("c", member))), error_of(leave("c", member))};
    }
    static RenewRequest renewal(const std::string& channel, const std::string& member) {
        return {.channel = channel, .member = member, .applied = {}, .lease = seconds{1}};
    }
};

INSTANTIATE_TEST_SUITE_P(Adapters, RefusalContract, ::testing::ValuesIn(worlds()),
                         ::testing::PrintToStringParamName());

const std::vector<std::string> wrong_names{"",
                                           "a{b",
                                           "a}b",
                                           std::string(513, 'n'),
                                           "two\nlines",
                                           std::string("nul\0", 4),
                                           "\x7F",
                                           "\xFF",
                                           "\xC2\x9B"
                                           "31m"};
const std::vector<std::string> right_names{"n", std::string(512, 'n'), "with blanks",
                                           "cache:users/*?", "Schl\xC3\xBCssel"};

TEST_P(RefusalContract, AChannelIsANameOrIsRefusedByEveryOperation) {
    for (const std::string& name : wrong_names) {
        for (const Error& error : errors_with_channel(name)) {
            EXPECT_EQ(error, Errc::invalid_option) << name;
        }
    }
    for (const std::string& name : right_names) {
        for (const Error& error : errors_with_channel(name)) EXPECT_EQ(error, std::nullopt) << name;
    }
}

TEST_P(RefusalContract, AMemberIsANameOrIsRefused) {
    for (const std::string& name : wrong_names) {
        for (const Error& error : errors_with_member(name)) {
            EXPECT_EQ(error, Errc::invalid_option) << name;
        }
    }
    for (const std::string& name : right_names) {
        for (const Error& error : errors_with_member(name)) EXPECT_EQ(error, std::nullopt) << name;
    }
}

TEST_P(RefusalContract, WhatIsComparedHasTheLimitOfAValue) {
    const std::string huge(Store::value_bytes_max + 1, 'v');

    EXPECT_EQ(error_of(erase_if_equal("k", huge)), Errc::too_large);
    EXPECT_EQ(error_of(replace_if_equal("k", huge, "v")), Errc::too_large);
    EXPECT_EQ(error_of(replace_if_equal("k", "v", huge)), Errc::too_large);
}

}  // namespace
}  // namespace tutti::contract
