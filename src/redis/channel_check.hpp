// Finds out at the start what the server's ACL would forbid later: one script that tries every
// command and every kind of key, and on a connection of its own a subscription to each channel. An
// ACL has one pattern for publishing and subscribing, so that covers both.
//
// Everything but the constructor happens on the network's thread. Ends, and lets go of itself, with
// the completion.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/usage.hpp"
#include "redis/command_connection.hpp"
#include "redis/names.hpp"
#include "redis/network.hpp"
#include "redis/script_runner.hpp"
#include "redis/session.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

class ChannelCheck final : public std::enable_shared_from_this<ChannelCheck>,
                           private Session::Owner {
public:
    struct Options {
        SessionOptions session;
        Names names;
        Usage usage;
    };

    ChannelCheck(Network network, std::shared_ptr<CommandConnection> connection, Options options,
                 Completion<void> done);

    void start(TimePoint deadline);

private:
    void try_script(ScriptBy by);
    void on_tried(ScriptBy by, Result<Reply> reply);
    void try_wait();
    void subscribe();
    void conclude();
    [[nodiscard]] std::string waits_for() const;
    void finish(Result<void> result);

    void on_up(const ServerFacts& facts) override;
    void on_reply(Reply reply) override;
    void on_down(const Error& error) override { finish(fail(error)); }

    const Network network_;
    std::shared_ptr<CommandConnection> connection_;
    const Options options_;
    Completion<void> done_;
    TimePoint deadline_;
    std::map<std::string, std::string> keys_;  // that are tried: what an ACL has to say for each
    std::vector<std::string> channels_;        // as the server calls them
    std::set<std::string> denied_;             // "+get", "~users:*", "&news"
    std::size_t answered_ = 0;                 // of the subscriptions
    std::shared_ptr<Session> session_;
    std::shared_ptr<ChannelCheck> self_;  // while the session knows this as its owner
    Executor::TimerId timer_ = Executor::TimerId::none;
};

}  // namespace tutti::redis
