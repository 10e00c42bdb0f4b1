// What the bus of a channel has not taken goes as soon as commands go through again, though the
// subscription was never lost.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "coherence/channel.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/coherence/no_cache.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

// Answers renewals; publications are lost while `loses` is set.
class LosingBus final : public testing::QuietBus {
public:
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        done(Renewed{.position = {.epoch = Epoch{1}}, .lease = 2s});
    }
    void publish(PublishRequest, TimePoint, Completion<Published> done) override {
        if (loses) return done(fail(Errc::unavailable, "PUB", "the connection was lost"));
        ++published;
        done(Published{.position = {.epoch = Epoch{1}, .sequence = 1}, .lease = 2s, .members = 1});
    }

    bool loses = true;
    int published = 0;
};

TEST(ChannelBacklog, GoesWithTheNextRenewalThatIsAnswered) {
    testing::ManualClock clock;
    testing::ManualExecutor executor(clock);
    LosingBus bus;
    auto channel = std::make_shared<Channel>(
        Channel::Options{.name = "c", .member = "m", .timing = {.lease = 2s}, .changed = [] {}},
        bus, executor, clock, Log({}, clock));
    channel->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
    channel->connect();
    channel->subscribed();
    executor.advance(3s);

    // Retries by themselves come ever later, up to 2 s; renewals with each third of a lease.
    channel->publish(std::make_shared<testing::NoCache>(), {.keys = {"a"}}, {},
                     [](Invalidation) {});
    executor.advance(10s);
    ASSERT_EQ(bus.published, 0);
    bus.loses = false;
    executor.advance(700ms);

    EXPECT_EQ(bus.published, 1);
    channel->leave(clock.now(), [](const Result<void>&) {});
}

}  // namespace
}  // namespace tutti
