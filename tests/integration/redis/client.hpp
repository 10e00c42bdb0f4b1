// A node's store and bus over a real Redis, called as blocking functions, and a listener that
// remembers what it was told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redis/open.hpp"
#include "runtime/runtime.hpp"
#include "support/eventually.hpp"
#include "tutti/bus.hpp"
#include "tutti/store.hpp"

namespace tests {

using namespace std::chrono_literals;

inline tutti::TimePoint soon(tutti::Duration after = 10s) { return tutti::Boottime::now() + after; }

// `begin` is given the completion of an operation; returns its outcome, or throws after 20 seconds:
// an operation that never completes is the worst that can happen.
template <class T>
tutti::Result<T> wait_for(const std::function<void(tutti::Completion<T>)>& begin) {
    auto promise = std::make_shared<std::promise<tutti::Result<T>>>();
    auto outcome = promise->get_future();
    begin([promise](tutti::Result<T> result) { promise->set_value(std::move(result)); });
    if (outcome.wait_for(20s) != std::future_status::ready) {
        throw std::runtime_error("an operation never completed");
    }
    return outcome.get();
}

class Recorder final : public tutti::BusListener {
public:
    struct Event {
        std::string what;  // subscribed, disconnected, entry, undecodable, plain, woken
        std::string channel;
        std::string payload;      // of a plain event; the key that was woken
        tutti::BusEntry entry{};  // of an entry
    };

    void on_subscribed() override { add({.what = "subscribed", .channel = "", .payload = ""}); }
    void on_disconnected() override { add({.what = "disconnected", .channel = "", .payload = ""}); }
    void on_entry(std::string_view channel, tutti::BusEntry entry) override {
        add({.what = "entry",
             .channel = std::string(channel),
             .payload = "",
             .entry = std::move(entry)});
    }
    void on_undecodable(std::string_view channel) override {
        add({.what = "undecodable", .channel = std::string(channel), .payload = ""});
    }
    void on_plain(std::string_view channel, std::string_view payload) override {
        add({.what = "plain", .channel = std::string(channel), .payload = std::string(payload)});
    }
    void on_oversized_plain(std::string_view channel, std::size_t bytes) override {
        add({.what = "oversized",
             .channel = std::string(channel),
             .payload = std::to_string(bytes)});
    }
    void on_woken(std::string_view store_key) override {
        add({.what = "woken", .channel = "", .payload = std::string(store_key)});
    }
    void on_ack_wanted(std::string_view channel, tutti::Epoch, tutti::Sequence) override {
        add({.what = "ack wanted", .channel = std::string(channel), .payload = ""});
    }
    void on_all_acked(std::string_view channel, tutti::Epoch, tutti::Sequence) override {
        add({.what = "all acked", .channel = std::string(channel), .payload = ""});
    }

    [[nodiscard]] std::vector<Event> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    [[nodiscard]] std::size_t count(const std::string& what) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::ranges::count(events_, what, [](const Event& event) { return event.what; }));
    }
    [[nodiscard]] bool wait(const std::string& what, std::size_t times = 1) const {
        return eventually([&] { return count(what) >= times; });
    }

private:
    void add(Event event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
    }

    mutable std::mutex mutex_;
    std::vector<Event> events_;
};

class Client {
public:
    using Value = std::optional<std::string>;

    explicit Client(tutti::redis::OpenOptions options) {
        if (options.app.empty()) options.app = "test";
        runtime_.start();
        opened_ = tutti::redis::open_redis(runtime_, std::move(options), soon(10s));
    }
    explicit Client(const std::string& url)
        : Client(tutti::redis::OpenOptions{.url = url, .app = "test"}) {}
    ~Client() {
        if (opened_) {
            runtime_.executor().post([this] {
                opened_->bus->close();
                opened_->store->close();
            });
        }
        runtime_.stop();
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] bool is_open() const { return opened_.has_value(); }
    [[nodiscard]] const tutti::Error& error() const { return opened_.error(); }
    [[nodiscard]] tutti::Store& store() { return *opened_->store; }
    [[nodiscard]] tutti::redis::RedisBus& bus() { return *opened_->bus; }
    [[nodiscard]] tutti::redis::RedisPair& pair() { return *opened_; }
    [[nodiscard]] tutti::Runtime& runtime() { return runtime_; }
    [[nodiscard]] Recorder& recorder() { return recorder_; }

    void subscribe(std::vector<tutti::Subscription> subscriptions) {
        bus().subscribe(std::move(subscriptions), recorder_);
        if (!recorder_.wait("subscribed")) throw std::runtime_error("not subscribed");
    }

    tutti::Result<Value> get(const std::string& key, tutti::Duration within = 10s) {
        return wait_for<Value>([&](auto done) { store().get(key, soon(within), std::move(done)); });
    }
    tutti::Result<bool> put(const std::string& key, const std::string& value,
                            tutti::Store::PutOptions options = {.ttl = 60s}) {
        return wait_for<bool>(
            [&](auto done) { store().put(key, value, options, soon(), std::move(done)); });
    }
    tutti::Result<bool> erase(const std::string& key) {
        return wait_for<bool>([&](auto done) { store().erase(key, soon(), std::move(done)); });
    }
    tutti::Result<bool> erase_if_equal(const std::string& key, const std::string& expected) {
        return wait_for<bool>(
            [&](auto done) { store().erase_if_equal(key, expected, soon(), std::move(done)); });
    }
    tutti::Result<bool> replace_if_equal(const std::string& key, const std::string& expected,
                                         const std::string& value) {
        return wait_for<bool>([&](auto done) {
            store().replace_if_equal(key, expected, value, 60s, soon(), std::move(done));
        });
    }
    tutti::Result<std::size_t> count(const std::string& prefix) {
        return wait_for<std::size_t>(
            [&](auto done) { store().count(prefix, soon(), std::move(done)); });
    }
    tutti::Result<tutti::Fetched> fetch(tutti::FetchRequest request) {
        return wait_for<tutti::Fetched>(
            [&](auto done) { store().fetch(std::move(request), soon(), std::move(done)); });
    }
    tutti::Result<tutti::Filled> fill(tutti::FillRequest request) {
        return wait_for<tutti::Filled>(
            [&](auto done) { store().fill(std::move(request), soon(), std::move(done)); });
    }
    tutti::Result<bool> release(const tutti::ValueAddress& address, const tutti::LoadToken& token) {
        return wait_for<bool>(
            [&](auto done) { store().release(address, token, soon(), std::move(done)); });
    }
    tutti::Result<void> drop(const std::string& channel, std::vector<std::string> keys) {
        return wait_for<void>(
            [&](auto done) { store().drop(channel, std::move(keys), soon(), std::move(done)); });
    }
    tutti::Result<tutti::Published> publish(tutti::PublishRequest request) {
        return wait_for<tutti::Published>(
            [&](auto done) { bus().publish(std::move(request), soon(), std::move(done)); });
    }
    tutti::Result<tutti::Renewed> renew(tutti::RenewRequest request) {
        return wait_for<tutti::Renewed>(
            [&](auto done) { bus().renew(std::move(request), soon(), std::move(done)); });
    }
    tutti::Result<std::vector<tutti::BusEntry>> replay(const std::string& channel,
                                                       tutti::Sequence first,
                                                       tutti::Sequence last) {
        return wait_for<std::vector<tutti::BusEntry>>(
            [&](auto done) { bus().replay(channel, first, last, soon(5s), std::move(done)); });
    }
    tutti::Result<void> leave(const std::string& channel, const std::string& member) {
        return wait_for<void>(
            [&](auto done) { bus().leave(channel, member, soon(), std::move(done)); });
    }
    tutti::Result<void> probe(tutti::Duration within = 10s) {
        return wait_for<void>([&](auto done) { bus().probe(soon(within), std::move(done)); });
    }
    tutti::Result<void> check(tutti::Usage usage) {
        return wait_for<void>(
            [&](auto done) { bus().check(std::move(usage), soon(), std::move(done)); });
    }

private:
    tutti::Runtime runtime_;
    Recorder recorder_;
    tutti::Result<tutti::redis::RedisPair> opened_;
};

}  // namespace tests
