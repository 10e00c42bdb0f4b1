// The way of an invalidation of this node: from the cache to its channel, the channel's other
// caches, and the writer; and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coherence/channel.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AnsweringBus final : public testing::QuietBus {
public:
    void publish(PublishRequest request, TimePoint, Completion<Published> done) override {
        requests.push_back(std::move(request));
        answer = std::move(done);
    }

    std::vector<PublishRequest> requests;
    Completion<Published> answer;
};

// What happens to a cache, in order.
class NotedCache final : public CacheSink {
public:
    void remove(std::string_view key) override { notes.push_back("forgets " + std::string(key)); }
    void flush() override { notes.emplace_back("forgets all"); }
    void publication_begins(const KeySet&) override { notes.emplace_back("begins"); }
    void publication_ended(const KeySet&) override { notes.emplace_back("ends"); }

    std::vector<std::string> notes;
};

class OwnPublication : public ::testing::Test {
protected:
    OwnPublication() {
        channel_->join({.cache = origin_, .plain = PlainEvent{.type = "user", .key = "id"}});
        channel_->join({.cache = other_, .plain = PlainEvent{.type = "role", .key = "id"}});
    }
    // As the origin does it, which has begun and forgotten.
    void publish(const std::shared_ptr<Publisher>& publisher) {
        publisher->publish(origin_, {.keys = {"k"}}, {},
                           [this](Invalidation outcome) { outcome_ = std::move(outcome); });
    }
    [[nodiscard]] std::string outcome() const {
        return outcome_ ? std::string(to_string(outcome_->outcome)) + outcome_->reason : "none yet";
    }

    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    AnsweringBus bus_;
    std::shared_ptr<NotedCache> origin_ = std::make_shared<NotedCache>();
    std::shared_ptr<NotedCache> other_ = std::make_shared<NotedCache>();
    std::shared_ptr<Channel> channel_ =
        std::make_shared<Channel>(Channel::Options{.name = "c",
                                                   .member = "m",
                                                   .timing = {.lease = 2s, .command_deadline = 1s},
                                                   .changed = [] {}},
                                  bus_, executor_, clock_, Log{});
    std::optional<Invalidation> outcome_;
};

TEST_F(OwnPublication, ReachesTheOtherCachesBeforeTheBus) {
    channel_->connect();

    publish(channel_);

    EXPECT_THAT(origin_->notes, IsEmpty());
    EXPECT_THAT(other_->notes, ElementsAre("begins", "forgets k"));
    EXPECT_EQ(outcome(), "none yet");
}

TEST_F(OwnPublication, EndsForEveryCacheWithItsOutcome) {
    channel_->connect();
    publish(channel_);

    bus_.answer(Published{});

    EXPECT_THAT(origin_->notes, ElementsAre("ends"));
    EXPECT_THAT(other_->notes, ElementsAre("begins", "forgets k", "ends"));
    EXPECT_EQ(outcome(), "published");
}

TEST_F(OwnPublication, IsToldToForeignProgramsInTheShapeOfItsCache) {
    channel_->connect();

    publish(channel_);

    ASSERT_EQ(bus_.requests.size(), 1U);
    EXPECT_THAT(bus_.requests[0].plain_events, ElementsAre(R"({"type":"user","id":"k"})"));
}

TEST_F(OwnPublication, IsRefusedBeforeTheChannelIsConnectedAndConcernsNoOtherCache) {
    publish(channel_);

    EXPECT_EQ(outcome(), "unconfirmedcall Node::start first");
    EXPECT_THAT(origin_->notes, ElementsAre("ends"));
    EXPECT_THAT(other_->notes, IsEmpty());
    EXPECT_THAT(bus_.requests, IsEmpty());
}

TEST_F(OwnPublication, IsRefusedAfterTheEndAndEndsAllTheSame) {
    channel_->connect();
    channel_->leave(clock_.now() + 1s, [](const Result<void>&) {});

    publish(channel_);

    EXPECT_EQ(outcome(), "unconfirmedthe node was stopped");
    EXPECT_THAT(origin_->notes, ElementsAre("ends"));
    EXPECT_THAT(other_->notes, ElementsAre("begins", "forgets k", "ends"));
}

TEST_F(OwnPublication, OfACacheWithoutAChannelGoesToItsWriterAlone) {
    const auto writer =
        std::make_shared<Writer>(Writer::Options{.channel = "shared/c",
                                                 .timing = {.lease = 2s, .command_deadline = 1s},
                                                 .gate = nullptr,
                                                 .acknowledges_nothing = "no bus"},
                                 bus_, executor_, clock_, Log{});
    publish(writer);
    EXPECT_EQ(outcome(), "unconfirmedcall Node::start first");
    writer->connect();

    publish(writer);
    bus_.answer(Published{});

    EXPECT_EQ(outcome(), "published");
    EXPECT_THAT(origin_->notes, ElementsAre("ends", "ends"));
}

}  // namespace
}  // namespace tutti
