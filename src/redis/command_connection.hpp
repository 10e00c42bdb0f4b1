// All commands of a node on one connection, pipelined by themselves: callers on any thread drop a
// command into the inbox, the event loop takes what has gathered there and sends it in one write,
// and the replies come back in the order of the commands. While nothing is outstanding the caller
// writes its command itself (command_inbox.hpp).
//
// A command completes exactly once, on the event loop's thread, and is sent at most once:
//  - with its reply;
//  - with Errc::timeout when its deadline passes. It stays in the queue without its handler, a
//    tombstone, so that its late reply meets no caller;
//  - with Errc::unavailable when the link breaks while it is outstanding, or is known to be down.
//    Only the very first connect is waited for, and any by a command that says so;
//  - with Errc::overloaded when too much is outstanding;
//  - with Errc::stopped after `close`; when the event loop has ended its handler is destroyed.
// An error says whether it was sent (Error::unsent).
// A link is suspected when a reply is late (session.hpp), and given up when the server was silent
// for `stall_timeout` while it owed one.
//
// No sockets: see Network. Thread-safety: `submit`, `replicas` and `server` from any thread, the
// others on the network's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/command_inbox.hpp"
#include "redis/network.hpp"
#include "redis/session.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::redis {

class CommandConnection final : public std::enable_shared_from_this<CommandConnection>,
                                private Session::Owner {
public:
    using Caller = CommandInbox::Caller;
    using Command = CommandInbox::Command;
    using Handler = CommandInbox::Handler;

    struct Options {
        SessionOptions session;
        Duration stall_timeout;
        std::function<void(const ServerFacts&)> met = nullptr;  // the server, for the first time
        std::size_t commands_max = 100'000;                     // outstanding
        std::size_t bytes_max = 256UL * 1024 * 1024;
        std::optional<Caller> only = {};  // absent: both use it
    };

    CommandConnection(const Network& network, Options options);

    // `first` is told once how the first attempt ended.
    void start(std::move_only_function<void(Result<ServerFacts>)> first);

    void submit(Command command, Handler handler);

    // Another connection to the server was lost: is a reply late here, too?
    void doubt();

    // Of the server, when the connection was made. From any thread.
    [[nodiscard]] std::uint64_t replicas() const noexcept { return replicas_.load(); }
    // Of the link that is up, or was last. Within a handler of a reply: of the link that it came
    // on.
    [[nodiscard]] std::uint64_t link_number() const noexcept { return link_number_; }
    // What the server said when the connection was made; absent while it is not connected. From any
    // thread.
    [[nodiscard]] std::optional<ServerFacts> server() const;

    // The caller's outstanding commands fail with Errc::stopped, and so does what it submits from
    // here on. The connection ends with its last caller.
    void close(Caller caller);

private:
    struct Outstanding {
        std::string_view operation;
        Handler handler;  // empty: a tombstone
        TimePoint deadline;
        TimePoint sent_at;
        std::size_t bytes;
        Caller caller;
    };
    using Queued = CommandInbox::Queued;
    using Written = CommandInbox::Written;

    void on_up(const ServerFacts& facts) override;
    void on_reply(Reply reply) override;
    void on_down(const Error& error) override;

    void drain();
    void hear_of_written();
    void adopt(std::optional<Written> written);
    void accept(Queued queued, TimePoint now);
    void send(Queued queued, TimePoint now);
    void await(Queued queued, TimePoint sent_at);
    void finish(Handler handler, std::size_t bytes, Result<Reply> result);
    void fail_outstanding(const Error& error);
    void end();

    void sweep_by(TimePoint when);
    void sweep();
    TimePoint expire(TimePoint now);
    [[nodiscard]] TimePoint silent_since() const;
    [[nodiscard]] Duration patience() const;
    [[nodiscard]] TimePoint next_look(TimePoint now) const;

    Executor& executor_;
    const Clock& clock_;
    const Options options_;
    CommandInbox inbox_;
    std::shared_ptr<Session> session_;
    std::move_only_function<void(Result<ServerFacts>)> first_;

    void set_server(std::optional<ServerFacts> server);

    mutable detail::Mutex mutex_;
    std::optional<ServerFacts> server_ TUTTI_GUARDED_BY(mutex_);

    std::deque<Queued> waiting_;  // for a link
    std::deque<Outstanding> outstanding_;
    std::optional<Error>
        down_;  // why the link is down; absent while up, or before the first attempt ended
    std::atomic<std::uint64_t> replicas_{0};  // informs; orders nothing
    Alarm alarm_;
    std::uint64_t link_number_ = 0;
    bool met_ = false;  // the server
};

}  // namespace tutti::redis
