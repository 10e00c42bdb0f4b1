// Carries out what a ShardSession wants: a thread, its WebSocket, and the time.
//
//     InProcessIdentifyBudget budget;
//     auto shard = ShardDriver::start({.session = {...},
//                                      .ask = [&](TimePoint by) { return ask_entrance(rest, by); },
//                                      .dispatch = [&](const auto& event) { queue.push(event); },
//                                      .ended = [&](const Error& why) { ... }},
//                                     budget);
//
// `ask`, `dispatch` and `ended` run on the shard's thread, and nothing is read meanwhile:
// `dispatch` hands an event on and returns. What they throw is logged, and the event counts as
// passed on. What is not dealt with by then keeps a copy of `event.unhandled` until it is:
// `resumption` goes back to before it.
//
// A shard that is leased runs until `hold_until` at most. From then on it sends and dispatches
// nothing more, and Discord keeps the session for whichever instance has the shard next. What is
// not promised: a process that is paused between the look at the clock and the write sends that one
// payload when it wakes, and what was dispatched before goes on.
//
// Thread-safety: all functions may be called from any thread, but not from those three. Shutdown:
// before what those three use; what `ask` waits for must be stopped first (DiscordRest and its
// client), because its wait is not cut short from here. `stop` then takes a second at most, and
// what a function of the owner's takes that runs: one that takes longer costs the goodbye.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "bot-client/shard/shard_session.hpp"
#include "bot-client/shard/unhandled_events.hpp"
#include "common/net/transport.hpp"
#include "common/net/websocket.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::shard {

class ShardDriver final : private ShardSession::Effects {
public:
    struct Options {
        ShardSession::Options session{};
        // GET /gateway/bot; see ask_entrance.
        std::function<Result<Entrance>(TimePoint deadline)> ask{};
        std::function<void(const ShardSession::Dispatch& event)> dispatch{};
        // The session can only go on when an operator has done what the error says. Once.
        std::function<void(const Error& error)> ended{};
        std::string user_agent = "DiscordBot (tutti, 0.1.0)";
        std::string ca_file{};  // PEM of trusted roots; empty: the system's
        // `resumption` is of another session than before. On the shard's thread.
        std::function<void()> session_begun{};
        TimePoint held_until = TimePoint::max();
    };

    // `budget` outlives it. Errors: invalid_option (ca_file), unavailable (no thread).
    [[nodiscard]] static Result<std::unique_ptr<ShardDriver>> start(Options options,
                                                                    IdentifyBudget& budget);
    // Stops.
    ~ShardDriver() override;
    ShardDriver(const ShardDriver&) = delete;
    ShardDriver& operator=(const ShardDriver&) = delete;

    // See ShardSession::submit; here it only joins the queue. Errors: too_large, overloaded,
    // stopped.
    [[nodiscard]] Result<void> submit(std::string payload);

    [[nodiscard]] ShardSession::State state() const;
    [[nodiscard]] ShardSession::Figures figures() const;
    // Where another one would go on; behind the session by what is not dealt with. Nothing: there
    // is no session.
    [[nodiscard]] std::optional<Resumption> resumption() const;

    // Too late when that time has passed already.
    void hold_until(TimePoint when);
    // Ends as at the end of `hold_until`, and soon: `state` says when. Blocking: never.
    void leave();

    // Ends the session at Discord and the thread. Idempotent. Blocking: see above.
    void stop();

private:
    struct Opening {
        ShardSession::Connection connection;
        std::string url;
    };

    ShardDriver(Options options, IdentifyBudget& budget, std::shared_ptr<net::TrustedRoots> roots);

    void ask_entrance() override;
    void connect(ShardSession::Connection connection, const std::string& url) override;
    void send(std::string_view payload) override;
    void ping() override;
    void close(std::uint16_t code) override;
    void dispatch(const ShardSession::Dispatch& event) override;
    void entered(ShardSession::State state) override;
    void lost(std::string_view why) override;
    void ended(const Error& error) override;
    void wake_at(TimePoint when) override;

    void run();
    void finish();
    void step();
    void recover();
    void open(const Opening& opening);
    Result<void> open_socket(const std::string& url);
    void take_event();
    void take_submitted();
    void wait_for(Duration longest);
    void drop_socket();
    void publish();
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] TimePoint held_until() const;
    [[nodiscard]] bool is_held() const { return Boottime::now() < held_until(); }
    [[nodiscard]] TimePoint within(Duration longest) const;
    void interrupt() TUTTI_REQUIRES(mutex_);

    const Options options_;
    const std::shared_ptr<net::TrustedRoots> roots_;
    net::Resolver resolver_;

    // Of the thread.
    ShardSession session_;
    bool ask_wanted_ = false;
    std::optional<Opening> opening_;
    ShardSession::Connection connection_ = 0;
    TimePoint wake_ = TimePoint::max();

    UnhandledEvents unhandled_;

    mutable detail::Mutex mutex_;
    std::condition_variable changed_;
    // Written by the thread alone, which reads it without the mutex.
    std::unique_ptr<net::WebSocket> socket_;
    net::WebSocket* interruptible_ TUTTI_GUARDED_BY(mutex_) = nullptr;
    std::deque<std::string> submitted_ TUTTI_GUARDED_BY(mutex_);
    bool stopping_ TUTTI_GUARDED_BY(mutex_) = false;
    bool leaving_ TUTTI_GUARDED_BY(mutex_) = false;
    TimePoint held_until_ TUTTI_GUARDED_BY(mutex_);
    std::optional<Resumption> resumption_ TUTTI_GUARDED_BY(mutex_);
    ShardSession::State state_ TUTTI_GUARDED_BY(mutex_) = ShardSession::State::idle;
    ShardSession::Figures figures_ TUTTI_GUARDED_BY(mutex_);
    std::thread thread_;  // last: it uses all of them
};

}  // namespace tutti::services::bot::shard
