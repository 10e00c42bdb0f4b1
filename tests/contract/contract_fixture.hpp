// The verbs of the contract's tests. Each operation waits for its answer; a test that needs two
// under way at once starts them itself.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/contract_world.hpp"

namespace tutti::contract {

// An answer that may come on another thread.
template <class T>
class Answer {
public:
    Completion<T> completion() {
        return [state = state_](Result<T> result) {
            const std::lock_guard lock(state->mutex);
            ++state->count;
            state->result = std::move(result);
        };
    }
    [[nodiscard]] std::size_t count() const {
        const std::lock_guard lock(state_->mutex);
        return state_->count;
    }
    [[nodiscard]] Result<T> result() const {
        const std::lock_guard lock(state_->mutex);
        if (!state_->result) return fail(Errc::protocol, "contract", "there was no answer");
        return *state_->result;
    }

private:
    struct State {
        std::mutex mutex;
        std::size_t count = 0;
        std::optional<Result<T>> result;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

[[nodiscard]] inline bool same_entry(const BusEntry& one, const BusEntry& other) {
    return one.position == other.position && one.previous == other.previous &&
           one.changed == other.changed;
}

struct Heard {
    std::size_t subscribed = 0;
    std::size_t disconnected = 0;
    std::size_t undecodable = 0;
    std::vector<std::pair<std::string, BusEntry>> entries;
    std::vector<std::string> plain;
    std::vector<std::size_t> oversized;
    std::vector<std::string> woken;
    std::vector<std::pair<Epoch, Sequence>> wanted;  // to be acknowledged
    std::vector<std::pair<Epoch, Sequence>> acked;   // by everybody
    std::vector<std::string> order;                  // one word for each call

    [[nodiscard]] std::vector<BusEntry> of(std::string_view channel) const {
        std::vector<BusEntry> found;
        for (const auto& [name, entry] : entries) {
            if (name == channel) found.push_back(entry);
        }
        return found;
    }
};

class Recorder final : public BusListener {
public:
    void on_subscribed() override {
        note("subscribed", [](Heard& heard) { ++heard.subscribed; });
    }
    void on_disconnected() override {
        note("disconnected", [](Heard& heard) { ++heard.disconnected; });
    }
    void on_entry(std::string_view channel, BusEntry entry) override {
        note("entry", [&](Heard& heard) {
            heard.entries.emplace_back(std::string(channel), std::move(entry));
        });
    }
    void on_undecodable(std::string_view) override {
        note("undecodable", [](Heard& heard) { ++heard.undecodable; });
    }
    void on_plain(std::string_view, std::string_view payload) override {
        note("plain", [&](Heard& heard) { heard.plain.emplace_back(payload); });
    }
    void on_oversized_plain(std::string_view, std::size_t bytes) override {
        note("oversized", [&](Heard& heard) { heard.oversized.push_back(bytes); });
    }
    void on_woken(std::string_view store_key) override {
        note("woken", [&](Heard& heard) { heard.woken.emplace_back(store_key); });
    }
    void on_ack_wanted(std::string_view, Epoch epoch, Sequence sequence) override {
        note("ack wanted", [&](Heard& heard) { heard.wanted.emplace_back(epoch, sequence); });
    }
    void on_all_acked(std::string_view, Epoch epoch, Sequence sequence) override {
        note("all acked", [&](Heard& heard) { heard.acked.emplace_back(epoch, sequence); });
    }

    [[nodiscard]] Heard heard() const {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

private:
    template <class F>
    void note(const char* word, F change) {
        const std::lock_guard lock(mutex_);
        heard_.order.emplace_back(word);
        change(heard_);
    }

    mutable std::mutex mutex_;
    Heard heard_;
};

// nullopt: it succeeded.
template <class T>
std::optional<Errc> error_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error().code;
}

class Contract : public ::testing::TestWithParam<WorldFactory> {
protected:
    static constexpr auto soon = std::chrono::seconds{10};

    ContractWorld& world() { return *world_; }
    [[nodiscard]] TimePoint deadline() const { return world_->now() + soon; }

    template <class T, class F>
    Result<T> wait_for(F start) {
        Answer<T> answer;
        start(answer.completion());
        world_->run_until([&] { return answer.count() > 0; });
        EXPECT_EQ(answer.count(), 1U);
        return answer.result();
    }

    // Tries again and again, as time passes.
    template <class F>
    bool eventually(F holds) {
        for (const TimePoint end = world_->now() + ContractWorld::patience; world_->now() < end;) {
            if (holds()) return true;
            world_->run_for(std::chrono::milliseconds{20});
        }
        return false;
    }

    Result<std::optional<std::string>> get(const std::string& key) {
        return wait_for<std::optional<std::string>>(
            [&](auto done) { world_->store(0).get(key, deadline(), std::move(done)); });
    }
    Result<bool> put(const std::string& key, std::string value,
                     Store::PutOptions options = {.ttl = Ttl::never()}) {
        return wait_for<bool>([&](auto done) {
            world_->store(0).put(key, std::move(value), options, deadline(), std::move(done));
        });
    }
    Result<bool> erase(const std::string& key) {
        return wait_for<bool>(
            [&](auto done) { world_->store(0).erase(key, deadline(), std::move(done)); });
    }
    Result<bool> erase_if_equal(const std::string& key, const std::string& expected) {
        return wait_for<bool>([&](auto done) {
            world_->store(0).erase_if_equal(key, expected, deadline(), std::move(done));
        });
    }

    // Subscribes the node's bus and waits for the confirmation. The recorder lives as long as the
    // test.
    Recorder& subscribe(std::size_t node, std::vector<Subscription> subscriptions) {
        Recorder& recorder = *recorders_.emplace_back(std::make_unique<Recorder>());
        world_->bus(node).subscribe(std::move(subscriptions), recorder);
        EXPECT_TRUE(world_->run_until([&] { return recorder.heard().subscribed == 1; }));
        return recorder;
    }
    Result<Published> publish(PublishRequest request, std::size_t node = 0) {
        return wait_for<Published>([&](auto done) {
            world_->bus(node).publish(std::move(request), deadline(), std::move(done));
        });
    }
    Result<Published> publish(const std::string& channel, KeySet changed, std::size_t node = 0) {
        return publish(publication(channel, std::move(changed)), node);
    }
    static PublishRequest publication(const std::string& channel, KeySet changed) {
        return {.channel = channel, .changed = std::move(changed), .plain_events = {}};
    }
    // For tests in which the publication itself must succeed.
    BusPosition publish_keys(const std::string& channel, std::vector<std::string> keys,
                             std::size_t node = 0) {
        const auto published = publish(channel, {.keys = std::move(keys)}, node);
        EXPECT_TRUE(published) << (published ? "" : published.error().message());
        return published ? published->position : BusPosition{};
    }
    Result<Renewed> renew(RenewRequest request, std::size_t node = 0) {
        return wait_for<Renewed>([&](auto done) {
            world_->bus(node).renew(std::move(request), deadline(), std::move(done));
        });
    }
    BusPosition position(const std::string& channel) {
        const auto renewed = renew({.channel = channel,
                                    .member = "observer",
                                    .applied = {},
                                    .lease = std::chrono::milliseconds{1}});
        EXPECT_TRUE(renewed) << (renewed ? "" : renewed.error().message());
        return renewed ? renewed->position : BusPosition{};
    }
    Result<std::vector<BusEntry>> replay(const std::string& channel, Sequence first,
                                         Sequence last) {
        return wait_for<std::vector<BusEntry>>([&](auto done) {
            world_->bus(0).replay(channel, first, last, deadline(), std::move(done));
        });
    }
    Result<void> leave(const std::string& channel, const std::string& member) {
        return wait_for<void>(
            [&](auto done) { world_->bus(0).leave(channel, member, deadline(), std::move(done)); });
    }
    Result<void> probe(std::size_t node) {
        return wait_for<void>(
            [&](auto done) { world_->bus(node).probe(deadline(), std::move(done)); });
    }

private:
    // Before the world, because the world's nodes may still call them while they close.
    std::vector<std::unique_ptr<Recorder>> recorders_;
    std::unique_ptr<ContractWorld> world_ = GetParam().make();
};

}  // namespace tutti::contract
