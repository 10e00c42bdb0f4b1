// A hub on a manual clock and executor, and a listener that writes down what it hears.
// Thread-safety: none.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embedded/bus.hpp"
#include "embedded/store.hpp"
#include "tutti/embedded.hpp"
#include "tutti/testing/embedded_server.hpp"
#include "tutti/testing/fake_executor.hpp"

namespace tutti::embedded {

// Writes down what it hears, one word for each call.
class Listener final : public BusListener {
public:
    void on_subscribed() override { heard.emplace_back("subscribed"); }
    void on_disconnected() override { heard.emplace_back("disconnected"); }
    void on_entry(std::string_view, BusEntry entry) override {
        heard.push_back("entry " + std::to_string(entry.position.sequence));
        entries.push_back(std::move(entry));
    }
    void on_undecodable(std::string_view) override { heard.emplace_back("undecodable"); }
    void on_plain(std::string_view, std::string_view payload) override {
        heard.push_back("plain " + std::string(payload));
    }
    void on_oversized_plain(std::string_view, std::size_t bytes) override {
        heard.push_back("oversized " + std::to_string(bytes));
    }
    void on_woken(std::string_view store_key) override {
        heard.push_back("woken " + std::string(store_key));
    }
    void on_ack_wanted(std::string_view, Epoch, Sequence sequence) override {
        heard.push_back("wanted " + std::to_string(sequence));
    }
    void on_all_acked(std::string_view, Epoch, Sequence sequence) override {
        heard.push_back("acked " + std::to_string(sequence));
    }

    std::vector<std::string> heard;
    std::vector<BusEntry> entries;
};

using Words = std::vector<std::string>;

class EmbeddedTest : public ::testing::Test {
protected:
    static constexpr TimePoint whenever = TimePoint::max();

    static PublishRequest publication(std::vector<std::string> keys) {
        return {.channel = "c", .changed = {.keys = std::move(keys)}, .plain_events = {}};
    }
    static RenewRequest renewal(const std::string& member) {
        return {.channel = "c", .member = member, .applied = {}, .lease = std::chrono::seconds{3}};
    }

    // Runs the executor for the answer of an operation that `start` starts.
    template <class T, class F>
    Result<T> answer(F start) {
        std::optional<Result<T>> answered;
        start(Completion<T>([&](Result<T> result) { answered = std::move(result); }));
        EXPECT_FALSE(answered) << "never inside the call";
        executor.run_ready();
        if (!answered) return fail(Errc::protocol, "test", "there was no answer");
        return *std::move(answered);
    }
    Result<Published> publish(Bus& bus, std::vector<std::string> keys) {
        return answer<Published>([&](auto done) {
            bus.publish(publication(std::move(keys)), whenever, std::move(done));
        });
    }
    Result<Renewed> renew(Bus& bus, const std::string& member) {
        return answer<Renewed>(
            [&](auto done) { bus.renew(renewal(member), whenever, std::move(done)); });
    }

    testing::ManualClock clock;
    testing::ManualExecutor executor{clock};
};

}  // namespace tutti::embedded
