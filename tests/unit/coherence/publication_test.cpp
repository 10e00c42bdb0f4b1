// What one publication may hold, and how the rest is split.
#include "coherence/publication.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "coherence/wire.hpp"

namespace tutti::publication {
namespace {

const PlainEvent one{.type = "one", .key = "oneId"};
const PlainEvent two{.type = "two", .key = "twoId"};

KeySet numbered(int count) {
    KeySet keys;
    for (int number = 0; number < count; ++number) keys.keys.push_back(std::to_string(number));
    return keys;
}

PublishRequest request(const Part& part) {
    return {.channel = "c", .changed = part.change.keys, .plain_events = part.plain_events};
}

// Splits, and demands that the bus would take every part.
std::vector<Part> parts_of(KeySet changed, const std::vector<PlainEvent>& shapes,
                           Shape shape = {}) {
    Split made = split({std::move(changed), shape}, shapes);
    for (const Part& part : made.parts) {
        const auto error = check("publish", request(part));
        EXPECT_FALSE(error) << error->message();
        EXPECT_EQ(part.change.shape, shape);
    }
    return std::move(made.parts);
}

std::vector<std::string> keys_of(const std::vector<Part>& parts) {
    std::vector<std::string> all;
    for (const Part& part : parts)
        std::ranges::copy(part.change.keys.keys, std::back_inserter(all));
    return all;
}

std::size_t events_in(const std::vector<Part>& parts) {
    std::size_t events = 0;
    for (const Part& part : parts) events += part.plain_events.size();
    return events;
}

TEST(SplitPublication, OfKeysKeepsTheirOrder) {
    const auto parts = parts_of(numbered(2500), {});

    EXPECT_EQ(parts.size(), 3U);
    EXPECT_EQ(keys_of(parts), numbered(2500).keys);
}

TEST(SplitPublication, OfLongKeysFillsPartsByTheirBytes) {
    KeySet keys;
    for (int number = 0; number < 100; ++number)
        keys.keys.push_back(std::to_string(number) + std::string(4000, 'x'));

    EXPECT_EQ(parts_of(keys, {}).size(), 7U);
}

TEST(SplitPublication, CountsTheEventsOfAllShapes) {
    const auto parts = parts_of(numbered(600), {one, two});

    EXPECT_EQ(parts.size(), 2U);
    EXPECT_EQ(events_in(parts), 1200U);
    EXPECT_EQ(events_in(parts_of(numbered(600), {one, two}, 1)), 600U) << "in its own shape only";
}

TEST(SplitPublication, CountsTheBytesOfEvents) {
    std::vector<PlainEvent> shapes;
    for (int number = 0; number < 300; ++number) {
        shapes.push_back({.type = std::to_string(number), .key = std::string(30'000, 'k')});
    }

    const auto parts = parts_of(numbered(2), shapes);

    EXPECT_GT(parts.size(), 4U);
    EXPECT_EQ(events_in(parts), 600U) << "a key is named again where its events go on";
}

TEST(SplitPublication, LeavesOutAnEventThatIsTooLargeAndKeepsItsKey) {
    const std::string quotes(33'000, '"');

    const Split made = split({{.keys = {"a", quotes, "b"}}, {}}, std::vector{one});

    EXPECT_EQ(made.oversized_events, 1U);
    EXPECT_EQ(keys_of(made.parts), (std::vector<std::string>{"a", quotes, "b"}));
    EXPECT_EQ(events_in(made.parts), 2U);
    for (const Part& part : made.parts) EXPECT_FALSE(check("publish", request(part)));
}

TEST(SplitPublication, NamesAKeyOnce) {
    const auto parts = parts_of({.keys = {"b", "a", "b", "a"}}, {one});

    EXPECT_EQ(keys_of(parts), (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(events_in(parts), 2U);
}

TEST(SplitPublication, TakesTheLongestKeyThatFitsAndMakesAllOfALongerOne) {
    std::string longest(Bus::key_bytes_max, 'x');
    while (wire::encoded_bytes(longest) > Bus::key_bytes_max) longest.pop_back();

    EXPECT_EQ(keys_of(parts_of({.keys = {longest}}, {})).size(), 1U);
    const auto parts = parts_of({.keys = {"a", longest + "x"}}, {one, two});

    ASSERT_EQ(parts.size(), 1U);
    EXPECT_TRUE(parts[0].change.keys.all);
    EXPECT_EQ(parts[0].plain_events, std::vector<std::string>{R"({"type":"all"})"});
}

TEST(SplitPublication, CountsTagsAsKeys) {
    KeySet changed = numbered(600);
    for (int number = 0; number < 600; ++number) changed.tags.push_back(std::to_string(number));
    changed.tags.emplace_back("0");

    const auto parts = parts_of(changed, {});

    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(keys_of(parts).size(), 600U);
    EXPECT_EQ(parts[0].change.keys.tags.size(), 400U);
    EXPECT_EQ(parts[1].change.keys.tags.size(), 200U) << "each once";
}

TEST(SplitPublication, TellsProgramsThatKnowNoTagsOfEverythingOnce) {
    const auto parts = parts_of({.keys = {"a"}, .all = false, .tags = {"x", "y"}}, {one, two}, 0);

    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].plain_events.size(), 2U);
    EXPECT_EQ(parts[0].plain_events.back(), R"({"type":"all"})");
    EXPECT_EQ(events_in(parts_of({.keys = {"a"}, .all = false, .tags = {"x"}}, {})), 0U);
}

TEST(SplitPublication, OfNothingIsNothing) { EXPECT_TRUE(parts_of({}, {one}).empty()); }

TEST(CheckRenewal, ALeaseIsAboveZeroAndBounded) {
    const auto refused = [](Duration lease) {
        const RenewRequest renewal{.channel = "c", .member = "m", .applied = {}, .lease = lease};
        const auto error = check("renew", renewal);
        return error && error->code == Errc::invalid_option;
    };

    EXPECT_TRUE(refused(Duration::zero()));
    EXPECT_TRUE(refused(-Duration{1}));
    EXPECT_FALSE(refused(Duration{1}));
    EXPECT_FALSE(refused(Bus::lease_max));
    EXPECT_TRUE(refused(Bus::lease_max + Duration{1}));
    EXPECT_TRUE(refused(Duration::max()));
}

}  // namespace
}  // namespace tutti::publication
