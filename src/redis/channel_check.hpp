// Finds out at the start what the server's ACL would forbid later: one script per channel that tries
// every command, and one subscription, on a connection of its own, to everything that will be published
// or delivered. An ACL has one pattern for publishing and subscribing, so that covers both.
//
// Everything but the constructor happens on the event loop's thread. Ends, and lets go of itself, with
// the completion.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "redis/command_connection.hpp"
#include "redis/subscription_connection.hpp"
#include "runtime/runtime.hpp"
#include "tutti/bus.hpp"

namespace tutti::redis {

class ChannelCheck final : public std::enable_shared_from_this<ChannelCheck>,
                           private SubscriptionConnection::Owner {
public:
    ChannelCheck(Runtime& runtime, std::shared_ptr<CommandConnection> connection,
                 SubscriptionConnection::Options options, std::vector<Subscription> channels,
                 Completion<void> done);

    void start(TimePoint deadline);

private:
    void on_tried(Result<Reply> reply);
    void subscribe();
    void finish(Result<void> result);

    void on_subscribed() override { finish({}); }
    void on_lost(const Error& error) override { finish(fail(error)); }
    void on_entry(std::string_view, BusEntry) override {}
    void on_undecodable(std::string_view) override {}
    void on_plain(std::string_view, std::string_view) override {}
    void on_oversized_plain(std::string_view, std::size_t) override {}
    void on_woken(std::string_view) override {}

    Runtime& runtime_;
    std::shared_ptr<CommandConnection> connection_;
    const SubscriptionConnection::Options options_;
    const std::vector<Subscription> channels_;
    Completion<void> done_;
    std::set<std::string> denied_;
    std::size_t untried_ = 0;
    std::shared_ptr<SubscriptionConnection> subscription_;
    std::shared_ptr<ChannelCheck> self_;  // while the subscription knows this as its owner
    Executor::TimerId timer_ = Executor::TimerId::none;
};

}  // namespace tutti::redis
