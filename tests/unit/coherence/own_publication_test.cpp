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
using ::testing::StartsWith;

class AnsweringBus final : public testing::QuietBus {
public:
    void renew(RenewRequest, TimePoint, Completion<Renewed> done) override {
        renewal = std::move(done);
    }
    void publish(PublishRequest request, TimePoint, Completion<Published> done) override {
        requests.push_back(std::move(request));
        answer = std::move(done);
    }

    std::vector<PublishRequest> requests;
    Completion<Published> answer;
    Completion<Renewed> renewal;
};

// What happens to a cache, in order.
class NotedCache final : public CacheSink {
public:
    void remove(std::string_view key) override { notes.push_back("forgets " + std::string(key)); }
    void flush() override { notes.emplace_back("forgets all"); }
    void remove_tagged(std::string_view tag) override {
        notes.push_back("forgets tag " + std::string(tag));
    }
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
    // Subscribed, and nothing is in the log.
    void serve() {
        channel_->connect();
        channel_->subscribed();
        bus_.renewal(Renewed{.position = {.epoch = epoch}, .lease = 2s});
        origin_->notes.clear();
        other_->notes.clear();
    }
    [[nodiscard]] static BusEntry first_entry(KeySet changed) {
        return {.position = {.epoch = epoch, .sequence = 1, .chain = Chain{1}},
                .previous = {},
                .changed = std::move(changed)};
    }
    [[nodiscard]] std::string outcome() const {
        return outcome_ ? std::string(to_string(outcome_->outcome)) + outcome_->reason : "none yet";
    }

    static constexpr Epoch epoch{1};
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

TEST_F(OwnPublication, OfATagReachesTheOtherCachesToo) {
    channel_->connect();

    channel_->publish(origin_, KeySet::of_tag("t"), {}, [](const Invalidation&) {});

    EXPECT_THAT(other_->notes, ElementsAre("begins", "forgets tag t"));
    ASSERT_EQ(bus_.requests.size(), 1U);
    EXPECT_EQ(bus_.requests[0].changed, KeySet::of_tag("t"));
}

TEST_F(OwnPublication, EndsForEveryCacheWithItsOutcome) {
    channel_->connect();
    publish(channel_);

    bus_.answer(Published{});

    EXPECT_THAT(origin_->notes, ElementsAre("ends"));
    EXPECT_THAT(other_->notes, ElementsAre("begins", "forgets k", "ends"));
    EXPECT_EQ(outcome(), "published");
}

// What the caller loads when it has the outcome must not be taken away by the echo.
TEST_F(OwnPublication, IsAppliedByEveryCacheBeforeItsOutcomeAndNotOnceMore) {
    serve();
    publish(channel_);
    other_->notes.clear();
    const BusEntry own = first_entry({.keys = {"k"}});

    bus_.answer(Published{.position = own.position});
    channel_->entry(own);

    EXPECT_THAT(origin_->notes, ElementsAre("forgets k", "ends"));
    EXPECT_THAT(other_->notes, ElementsAre("forgets k", "ends"));
    EXPECT_EQ(channel_->status().applied, 1U);
}

TEST_F(OwnPublication, ThatFailedIsAppliedByItsEcho) {
    serve();
    publish(channel_);

    bus_.answer(fail(Errc::timeout, "publish"));
    channel_->entry(first_entry({.keys = {"k"}}));

    EXPECT_THAT(origin_->notes, ElementsAre("ends", "forgets k"));
    EXPECT_THAT(outcome(), StartsWith("unconfirmed"));
}

TEST_F(OwnPublication, ThatIsAnsweredAfterTheEndIsAppliedByNobody) {
    serve();
    publish(channel_);
    channel_->leave(clock_.now() + 1s, [](const Result<void>&) {});

    bus_.answer(Published{.position = first_entry({}).position});

    EXPECT_THAT(origin_->notes, ElementsAre("ends"));
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
