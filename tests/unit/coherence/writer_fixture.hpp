// A writer over a bus whose answers the test gives.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coherence/writer.hpp"
#include "tutti/testing/fake_executor.hpp"
#include "tutti/testing/manual_clock.hpp"
#include "unit/quiet_bus.hpp"

namespace tutti {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Keeps publications until the test answers them.
class HeldBus final : public testing::QuietBus {
public:
    struct Held {
        PublishRequest request;
        Completion<Published> done;
    };

    struct Question {
        Sequence sequence;
        Completion<Laggards> done;
    };

    void publish(PublishRequest request, TimePoint, Completion<Published> done) override {
        held.push_back({std::move(request), std::move(done)});
    }
    Held next() {
        Held first = std::move(held.front());
        held.pop_front();
        return first;
    }

    void laggards(std::string, Sequence sequence, TimePoint, Completion<Laggards> done) override {
        questions.push_back({sequence, std::move(done)});
    }
    Question next_question() {
        Question first = std::move(questions.front());
        questions.pop_front();
        return first;
    }
    void reap(std::string, Epoch epoch, std::uint64_t renewals, TimePoint,
              Completion<void>) override {
        reaped.emplace_back(epoch, renewals);
    }

    std::deque<Held> held;
    std::deque<Question> questions;
    std::vector<std::pair<Epoch, std::uint64_t>> reaped;
};

class WriterTest : public ::testing::Test {
protected:
    using Outcome = Invalidation::Outcome;
    using Answer = std::shared_ptr<std::optional<Invalidation>>;

    Answer invalidate(KeySet changed, InvalidateOptions options = {},
                      publication::Shape shape = {}) {
        auto answer = std::make_shared<std::optional<Invalidation>>();
        writer_->publish({std::move(changed), shape}, {}, options,
                         [answer](Invalidation given) { answer->emplace(std::move(given)); });
        executor_.run_ready();
        return answer;
    }
    static KeySet key(std::string text) { return {.keys = {std::move(text)}, .all = false}; }

    void take(Duration lease = 3s, std::uint64_t replicas = 0) {
        reply({.position = {.epoch = epoch_, .sequence = ++taken_, .chain = {}},
               .lease = lease,
               .renewals = 7,
               .members = 1,
               .replicas = replicas});
    }
    void reply(Published published) {
        bus_.next().done(published);
        executor_.run_ready();
    }
    void refuse(Errc code = Errc::unavailable) {
        bus_.next().done(fail(code, "redis PUB", "down"));
        executor_.run_ready();
    }
    void make(const std::vector<PlainEvent>& shapes) {
        writer_ = std::make_shared<Writer>(Writer::Options{.channel = "c",
                                                           .timing = {.lease = 2s,
                                                                      .clock_drift_max = 0.2,
                                                                      .wait_out_margin = 50ms,
                                                                      .command_deadline = 1s},
                                                           .gate = gate_},
                                           bus_, executor_, clock_,
                                           Log([this](LogLevel level, std::string_view text) {
                                               if (level != LogLevel::info)
                                                   written_.emplace_back(text);
                                           }));
        for (const PlainEvent& shape : shapes) writer_->add_shape(shape);
        writer_->connect();
    }
    // How long `done` takes when the server says that lease.
    Duration wait_out_at(Duration lease) {
        const auto outcome = invalidate(key("w"), {.ack = Ack::every_instance, .deadline = 1h});
        take(lease);
        const TimePoint begun = clock_.now();
        while (!outcome->has_value()) executor_.advance(50ms);
        EXPECT_TRUE((*outcome)->done());
        return clock_.now() - begun;
    }

    Sequence taken_ = 0;
    testing::ManualClock clock_;
    testing::ManualExecutor executor_{clock_};
    HeldBus bus_;
    std::shared_ptr<StoreGate> gate_ = std::make_shared<StoreGate>();
    Epoch epoch_{1};
    std::vector<std::string> written_;
    std::shared_ptr<Writer> writer_;

    WriterTest() { make({{.type = "channel", .key = "channelId"}}); }
};

}  // namespace tutti
