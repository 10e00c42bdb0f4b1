// Caches that want to be fenced at once when the subscription ends, beside others that go on under
// the lease.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
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

class RenewingBus final : public testing::QuietBus {
public:
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        waiting.push_back(std::move(done));
    }
    void probe(TimePoint, Completion<void> done) override { done({}); }
    // A first answer brings the epoch, and is followed by another renewal.
    void answer() {
        while (!waiting.empty()) {
            for (auto& done : std::exchange(waiting, {})) {
                done(Renewed{.position = {.epoch = Epoch{1}, .sequence = 0, .chain = Chain{1}}});
            }
        }
    }

    std::vector<Completion<Renewed>> waiting;
};

class OnDisconnectTest : public ::testing::Test {
protected:
    void SetUp() override {
        channel->join({.cache = std::make_shared<testing::NoCache>(), .plain = {}});
    }

    [[nodiscard]] bool serves(OnDisconnect how) const {
        return clock.now() < channel->lease(how)->end();
    }

    testing::ManualClock clock;
    testing::ManualExecutor executor{clock};
    RenewingBus bus;
    std::shared_ptr<Channel> channel =
        std::make_shared<Channel>(Channel::Options{.name = "c",
                                                   .member = "m",
                                                   .timing = {.lease = 3s, .command_deadline = 1s},
                                                   .changed = [] {}},
                                  bus, executor, clock, Log(nullptr, clock));
};

TEST_F(OnDisconnectTest, SuspectServesNothingFromTheLossOfTheConnectionUntilARenewalOfTheNextOne) {
    channel->connect();
    EXPECT_FALSE(serves(OnDisconnect::suspect));
    channel->subscribed();
    bus.answer();
    EXPECT_TRUE(serves(OnDisconnect::suspect));

    clock.advance(1s);
    executor.run_ready();  // a renewal is on its way
    channel->disconnected();
    EXPECT_FALSE(serves(OnDisconnect::suspect));
    EXPECT_TRUE(serves(OnDisconnect::serve)) << "under the lease";

    clock.advance(100ms);
    channel->subscribed();
    EXPECT_FALSE(serves(OnDisconnect::suspect)) << "what was missed is not known";
    bus.answer();
    EXPECT_FALSE(serves(OnDisconnect::suspect)) << "it was sent before";
    clock.advance(1s);
    executor.run_ready();
    bus.answer();

    EXPECT_TRUE(serves(OnDisconnect::suspect));
}

TEST_F(OnDisconnectTest, NeitherServesWhenTheNodeHasLeft) {
    channel->connect();
    channel->subscribed();
    bus.answer();
    channel->leave(clock.now() + 1s, [](const Result<void>&) {});

    EXPECT_FALSE(serves(OnDisconnect::suspect));
    EXPECT_FALSE(serves(OnDisconnect::serve));
}

}  // namespace
}  // namespace tutti
