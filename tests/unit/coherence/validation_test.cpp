// Reads that ask the server before memory counts (R10), as the channel answers them.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "coherence/channel.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/coherence/no_cache.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

constexpr BusPosition at(Sequence sequence) {
    return {.epoch = Epoch{1}, .sequence = sequence, .chain = Chain{sequence + 1}};
}

class RecordingBus final : public testing::QuietBus {
public:
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        renewals.push_back(std::move(done));
    }
    void publish(PublishRequest, TimePoint, Completion<Published> done) override {
        ++publications;
        done(fail(Errc::unavailable, "PUB", "the server takes none"));
    }
    void replay(std::string, Sequence, Sequence, TimePoint,
                Completion<std::vector<BusEntry>> done) override {
        replays.push_back(std::move(done));
    }

    std::vector<Completion<Renewed>> renewals;
    std::vector<Completion<std::vector<BusEntry>>> replays;
    int publications = 0;
};

class ValidationTest : public ::testing::Test {
protected:
    using Proof = std::shared_ptr<std::optional<Result<void>>>;

    void SetUp() override {
        channel->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
        channel->connect();
        channel->subscribed();
        answer(at(0));  // brings the epoch
    }
    ~ValidationTest() override {
        channel->leave(clock.now() + 1s, [](const Result<void>&) {});
    }

    // A read of memory begins.
    Proof begin_read() {
        auto proof = std::make_shared<std::optional<Result<void>>>();
        channel->validate([proof](Result<void> given) { proof->emplace(std::move(given)); });
        executor.run_ready();
        return proof;
    }
    // To the renewal that was sent last.
    void answer(Result<Renewed> with) {
        std::exchange(bus.renewals.back(), nullptr)(std::move(with));
        executor.run_ready();
    }
    void answer(const BusPosition& position) { answer(Renewed{.position = position}); }
    [[nodiscard]] std::size_t renewals() const { return bus.renewals.size(); }

    static bool waits(const Proof& proof) { return !proof->has_value(); }
    static bool proven(const Proof& proof) { return proof->has_value() && (*proof)->has_value(); }
    static bool failed(const Proof& proof) { return proof->has_value() && !(*proof)->has_value(); }

    testing::ManualClock clock;
    testing::ManualExecutor executor{clock};
    RecordingBus bus;
    std::shared_ptr<Channel> channel =
        std::make_shared<Channel>(Channel::Options{.name = "c",
                                                   .member = "m",
                                                   .timing = {.lease = 3s, .command_deadline = 1s},
                                                   .changed = [] {}},
                                  bus, executor, clock, Log(nullptr, clock));
};

class NotHeardYet : public ValidationTest {
    void SetUp() override {
        channel->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
        channel->connect();
    }
};

TEST_F(NotHeardYet, AReadDoesNotWaitForAServerThatHasNeverBeenThere) {
    EXPECT_TRUE(failed(begin_read()));
}

TEST_F(ValidationTest, AReadIsProvenByARenewalOfItsOwnThoughTheClockStandsStill) {
    const std::size_t before = renewals();

    const Proof read = begin_read();
    EXPECT_TRUE(waits(read));
    EXPECT_EQ(renewals(), before + 1);
    answer(at(0));

    EXPECT_TRUE(proven(read));
    EXPECT_EQ(renewals(), before + 1) << "none that no read waits for";
}

// A round of it may be ten thousand keys, and a server that takes none may have too much to do.
TEST_F(ValidationTest, ReadsDoNotHurryWhatIsNotPublishedYet) {
    channel->publish(std::make_shared<testing::NoCache>(), {.keys = {"a"}}, {},
                     [](Invalidation) {});
    for (int i = 0; i < 100; ++i) {
        const Proof read = begin_read();
        answer(at(0));
        EXPECT_TRUE(proven(read));
    }

    EXPECT_LE(bus.publications, 2);
}

TEST_F(ValidationTest, ReadsThatComeDuringARenewalShareTheNextOne) {
    const Proof first = begin_read();
    const std::size_t sent = renewals();
    const Proof second = begin_read();
    const Proof third = begin_read();
    EXPECT_EQ(renewals(), sent);

    answer(at(0));
    EXPECT_TRUE(proven(first));
    EXPECT_TRUE(waits(second)) << "it may have been answered before this read began";
    EXPECT_EQ(renewals(), sent + 1);
    answer(at(0));

    EXPECT_TRUE(proven(second));
    EXPECT_TRUE(proven(third));
    EXPECT_EQ(renewals(), sent + 1);
}

TEST_F(ValidationTest, WhatTheServerHasMoreIsAppliedBefore) {
    const Proof read = begin_read();
    answer(at(1));
    EXPECT_TRUE(waits(read));
    ASSERT_EQ(bus.replays.size(), 1U);
    const std::size_t sent = renewals();
    const Proof later = begin_read();
    EXPECT_EQ(renewals(), sent) << "another renewal would put off the end of the wait";

    std::exchange(bus.replays.back(), nullptr)(std::vector<BusEntry>{
        {.position = at(1), .previous = at(0).chain, .changed = KeySet::of("k")}});
    executor.run_ready();

    EXPECT_TRUE(proven(read));
    EXPECT_TRUE(waits(later));
    answer(at(1));
    EXPECT_TRUE(proven(later));
}

TEST_F(ValidationTest, WithoutAnAnswerNothingIsProvenAndNoReadWaitsWhileThatLasts) {
    const Proof first = begin_read();
    const Proof second = begin_read();
    answer(fail(Errc::timeout, "renew", "no answer"));
    EXPECT_TRUE(failed(first));
    EXPECT_TRUE(failed(second)) << "it would wait as long for the next one";

    answer(fail(Errc::timeout, "renew", "no answer"));
    const std::size_t sent = renewals();
    EXPECT_TRUE(failed(begin_read()));
    EXPECT_TRUE(failed(begin_read()));
    EXPECT_EQ(renewals(), sent + 1)
        << "it sets off the next one, of which the reads behind it profit";
    answer(at(0));

    const Proof later = begin_read();
    EXPECT_TRUE(waits(later));
    answer(at(0));
    EXPECT_TRUE(proven(later));
}

TEST_F(ValidationTest, ANodeThatLeavesProvesNothing) {
    const Proof read = begin_read();

    channel->leave(clock.now() + 1s, [](const Result<void>&) {});

    EXPECT_TRUE(failed(read));
    EXPECT_TRUE(failed(begin_read()));
}

}  // namespace
}  // namespace tutti
