// A subscriber whose effects a test writes down, and a history that it may be told of.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coherence/subscriber.hpp"

namespace tutti::tests {

using namespace std::chrono_literals;

inline constexpr Epoch first_epoch{11};
inline constexpr Epoch second_epoch{22};

// A history whose chain at a position is a function of epoch and sequence.
inline Chain chain(Sequence sequence, Epoch epoch = first_epoch) {
    return Chain{static_cast<std::uint64_t>(epoch) * 1000 + sequence};
}
inline BusPosition at(Sequence sequence, Epoch epoch = first_epoch) {
    return {.epoch = epoch, .sequence = sequence, .chain = chain(sequence, epoch)};
}
inline BusEntry entry(Sequence sequence, Epoch epoch = first_epoch) {
    return {.position = at(sequence, epoch),
            .previous = chain(sequence - 1, epoch),
            .changed = {.keys = {"k" + std::to_string(sequence)}, .all = false}};
}

class SubscriberTest : public ::testing::Test, public Subscriber::Effects {
protected:
    void make(Subscriber::Options options = {.lease = 3s}) {
        subscriber_.emplace(options, static_cast<Subscriber::Effects&>(*this), lease_);
    }
    // Subscribed, and the first renewal answered with that position.
    void join(Sequence sequence) {
        make();
        subscriber_->subscribed(now_);
        answer_renewal(at(sequence));
        log_.clear();
    }

    void push(BusEntry given) { subscriber_->entry(std::move(given), now_); }
    void answer_renewal(const BusPosition& position) {
        subscriber_->renew_answered(renewal_, Renewed{position}, now_);
    }
    void fail_renewal() {
        subscriber_->renew_answered(renewal_, fail(Errc::timeout, "renew"), now_);
    }
    void answer_replay(std::vector<BusEntry> entries) {
        for (BusEntry& each : entries) each.position.epoch = Epoch::none;  // the log has none
        subscriber_->replay_answered(replay_, std::move(entries), now_);
    }
    void wait(Duration by) {
        now_ += by;
        subscriber_->tick(now_);
    }
    // PUB of this node is answered.
    void publish_answered(const BusEntry& own) {
        subscriber_->published(own.position, own.changed);
    }
    bool effective() const { return now_ < lease_.end(); }

    void renew(Subscriber::Ticket ticket, const BusPosition& applied) override {
        renewal_ = ticket;
        carried_ = applied;
        log_.push_back("renew");
    }
    void replay(Subscriber::Ticket ticket, Sequence first, Sequence last) override {
        replay_ = ticket;
        log_.push_back("replay " + std::to_string(first) + ".." + std::to_string(last));
    }
    void probe(Subscriber::Ticket ticket) override {
        probe_ = ticket;
        log_.push_back("probe");
    }
    void apply(const KeySet& changed) override { log_.push_back("apply " + changed.keys.at(0)); }
    void flush() override { log_.push_back("flush"); }
    void wake_at(TimePoint when) override { wake_ = when; }

    using Log = std::vector<std::string>;
    TimePoint now_{1h};
    TimePoint wake_;
    Lease lease_;
    std::optional<Subscriber> subscriber_;
    Subscriber::Ticket renewal_ = 0;
    Subscriber::Ticket replay_ = 0;
    Subscriber::Ticket probe_ = 0;
    BusPosition carried_;
    Log log_;
};

}  // namespace tutti::tests
