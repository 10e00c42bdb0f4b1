// A node is ready when all of its channels are, and says which are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "coherence/writer.hpp"
#include "node/engine.hpp"
#include "support/unowned.hpp"
#include "tutti/cache.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Confirms subscriptions when told to, and renews leases of the channels that it knows.
class PartialBus final : public testing::QuietBus {
public:
    PartialBus(std::set<std::string>& known, const bool& publishes)
        : known_(known), publishes_(publishes) {}

    void subscribe(std::vector<Subscription>, BusListener& listener) override {
        listener.on_subscribed();
    }
    void publish(PublishRequest, TimePoint, Completion<Published> done) override {
        if (!publishes_) return done(fail(Errc::refused, "publish", "no permission"));
        done(Published{.position = {.epoch = Epoch{1}, .sequence = 1, .chain = Chain{2}}});
    }
    void renew(RenewRequest request, TimePoint, Completion<Renewed> done) override {
        if (!known_.contains(request.channel)) return done(fail(Errc::refused, "renew", "unknown"));
        done(Renewed{.position = {.epoch = Epoch{1}, .sequence = 0, .chain = Chain{1}}});
    }
    void leave(std::string, std::string, TimePoint, Completion<void> done) override { done({}); }
    void probe(TimePoint, Completion<void> done) override { done({}); }

private:
    std::set<std::string>& known_;
    const bool& publishes_;
};

class Readiness : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* channel : {"one", "two"}) {
            caches_[channel] = engine_->declare(
                Pattern::coherent, detail::untyped(CacheOptions<std::string, int>{
                                       .name = channel,
                                       .caches = "numbers",
                                       .stale = Stale::wrong,
                                       .ttl = 30s,
                                       .bound = entries(10),
                                       .load = [](const std::string&, LoadContext,
                                                  Completion<Loaded<int>> done) { done(1); },
                                       .channel = channel,
                                   }));
        }
    }
    void start() {
        engine_->start(10s, [this](const Result<void>& outcome) {
            started_ = outcome ? "started" : outcome.error().cause;
        });
        executor_.run_ready();
    }

    void invalidate(const std::string& channel) {
        caches_.at(channel)->invalidate(KeySet::of("key"), {}, [](const Invalidation&) {});
        executor_.run_ready();
    }

    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    std::set<std::string> known_{"one", "two"};
    bool publishes_ = true;
    std::shared_ptr<Engine> engine_ = std::make_shared<Engine>(
        NodeOptions{.name = "node", .lease = 2s},
        EngineParts{.store = nullptr,
                    .bus = std::make_shared<PartialBus>(known_, publishes_),
                    .executor = tests::unowned<Executor>(executor_),
                    .workers = nullptr,
                    .clock = &clock_,
                    .member = "m"});
    std::map<std::string, std::shared_ptr<detail::Cache>> caches_;
    std::string started_;
};

TEST_F(Readiness, NothingIsReadyBeforeTheStart) {
    const Health health = engine_->health();

    EXPECT_FALSE(health.live);
    EXPECT_FALSE(health.ready);
    EXPECT_THAT(health.reasons, ElementsAre("the node is not started"));
}

TEST_F(Readiness, EveryChannelIsReadyWhenTheNodeIs) {
    start();

    EXPECT_EQ(started_, "started");
    EXPECT_TRUE(engine_->health().ready);
    EXPECT_THAT(engine_->health().reasons, IsEmpty());
}

TEST_F(Readiness, SomeAreNotEnoughAndTheMissingOneIsNamed) {
    known_ = {"two"};
    start();

    EXPECT_EQ(started_, "");
    EXPECT_FALSE(engine_->health().ready);
    executor_.advance(11s);
    EXPECT_THAT(started_, AllOf(HasSubstr("channel one"), Not(HasSubstr("channel two"))));
}

TEST_F(Readiness, ChannelThatIsLostLaterIsNamedAndComesBack) {
    start();
    known_ = {"one"};
    executor_.advance(3s);

    EXPECT_TRUE(engine_->health().live);
    EXPECT_FALSE(engine_->health().ready);
    EXPECT_THAT(engine_->health().reasons, ElementsAre(HasSubstr("channel two")));

    known_ = {"one", "two"};
    executor_.advance(3s);
    EXPECT_TRUE(engine_->health().ready);
}

TEST_F(Readiness, InvalidationsThatDoNotGoOutForLongAreNamedUntilTheyDo) {
    start();
    publishes_ = false;
    invalidate("one");
    EXPECT_TRUE(engine_->health().ready) << "a moment's trouble";

    executor_.advance(Writer::stuck_after + 2s);
    EXPECT_FALSE(engine_->health().ready);
    EXPECT_THAT(engine_->health().reasons,
                ElementsAre(AllOf(HasSubstr("channel one"), HasSubstr("have not been published"),
                                  HasSubstr("no permission"))));

    publishes_ = true;
    executor_.advance(3s);
    EXPECT_TRUE(engine_->health().ready);
}

TEST_F(Readiness, StoppedNodeIsNeitherLiveNorReady) {
    start();

    engine_->stop([] {});
    executor_.run_ready();

    EXPECT_FALSE(engine_->health().live);
    EXPECT_FALSE(engine_->health().ready);
}

}  // namespace
}  // namespace tutti
