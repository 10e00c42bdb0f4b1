// One shard's session with Discord's gateway, without I/O and without a clock: it is told what
// happened and when, and says what to do through `Effects`.
//
// Mechanism. A session begins with an identify, which is scarce, and lives through many connections
// by resuming, which is not: so whatever ends a connection is answered by a resume wherever Discord
// may still know the session. Every state has a deadline, and what is silent is asked (a ping of
// WebSocket) before it is given up: a connection that is lost in any state is replaced within 30 s
// of the network's return, with at most one identify.
//
//     idle -> asking -> connecting -> greeting -> identifying -> live
//                          ^             \-> resuming (with the replay) -> live
//                          |                                                |
//                       waiting  <-- closed, given up, told to go ----------+     ended: for good
//
// Invariants. Events carry the number of the connection that they are of, and those of another one
// are dropped. A dispatch is passed on once, and its number is kept (for heartbeats and resumes)
// when that has returned. At most one identify is sent for what IdentifyBudget has granted once.
//
// Thread-safety: none. An effect must not call the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/shard/close_codes.hpp"
#include "bot-client/shard/decompression.hpp"
#include "bot-client/shard/entrance.hpp"
#include "bot-client/shard/identify_budget.hpp"
#include "bot-client/shard/payloads.hpp"
#include "bot-client/shard/send_window.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::shard {

class ShardSession {
public:
    using Connection = std::uint64_t;

    enum class State : std::uint8_t {
        idle,
        asking,       // where the entrance is
        waiting,      // before the next attempt
        connecting,   // up to the end of WebSocket's handshake
        greeting,     // for the hello
        identifying,  // for READY
        resuming,     // for RESUMED, and what comes before it
        live,
        ended,
    };

    // One event of Discord. Borrowed.
    struct Dispatch {
        std::string_view name;   // "MESSAGE_CREATE"
        std::string_view frame;  // the JSON, of which `d` is the event
        Sequence number = 0;
        // Of a ShardDriver: a copy says that the event is not dealt with yet; see there.
        std::shared_ptr<const void> unhandled{};
    };

    class Effects {
    public:
        virtual ~Effects() = default;
        // GET /gateway/bot; answered by `entrance_answered`, not before the call returned.
        virtual void ask_entrance() = 0;
        // Answered by `connected` or `closed`; until `close` there is no other connection.
        virtual void connect(Connection connection, const std::string& url) = 0;
        virtual void send(std::string_view payload) = 0;  // has the token in it: not to be logged
        virtual void ping() = 0;                          // answered by `heard`
        virtual void close(std::uint16_t code) = 0;       // nothing more comes from it
        virtual void dispatch(const Dispatch& event) = 0;
        virtual void entered(State state) = 0;
        // A connection or an attempt is over, and another one follows.
        virtual void lost(std::string_view why) = 0;
        // The last call: nothing will work until an operator has done what `error` says.
        virtual void ended(const Error& error) = 0;
        // Call `tick` at that time; replaces the time asked for before.
        virtual void wake_at(TimePoint when) = 0;
    };

    struct Options {
        Introduction who{};
        Compression compression = Compression::zlib_stream;
        std::size_t payload_bytes_max = payload_limits.bytes_max;
        std::function<std::uint64_t()> random{};  // uniform over all 64-bit numbers
        // Begins by resuming this one. Nothing: with a session of its own.
        std::optional<Resumption> resumed{};
    };

    struct Figures {
        std::uint64_t connects = 0;
        std::uint64_t identifies = 0;
        std::uint64_t resumes = 0;
        std::uint64_t dispatched = 0;
        std::uint64_t repeated = 0;    // came again, and were not passed on again
        std::uint64_t missing = 0;     // numbers that did not come
        std::uint64_t unreadable = 0;  // payloads that are not what Discord documents
        std::uint64_t zombies = 0;     // connections that had fallen silent
        std::uint64_t our_faults = 0;  // closings that say that a payload of ours was wrong
        std::uint64_t given_up = 0;    // sessions that Discord had not ended
        std::uint64_t refused_sends = 0;
    };

    // Both outlive the session.
    ShardSession(Options options, IdentifyBudget& budget, Effects& effects);

    void start(TimePoint now);
    // Ends the session at Discord, too. No effect follows.
    void stop(TimePoint now);
    // As `stop`, but Discord keeps the session, for the one who resumes it.
    void leave(TimePoint now);

    // Errc::refused: Discord does not take the token, which ends the session.
    void entrance_answered(const Result<Entrance>& answer, TimePoint now);
    void connected(Connection connection, TimePoint now);
    // A message of WebSocket, as it came.
    void received(Connection connection, std::string_view message, TimePoint now);
    // A sign of life that is no message.
    void heard(Connection connection, TimePoint now);
    // It ended, with a code when there was a closing, or never came to be.
    void closed(Connection connection, std::optional<std::uint16_t> code, TimePoint now);
    // A message was larger than may be taken: nothing more comes of this connection.
    void overflowed(Connection connection, TimePoint now);
    void tick(TimePoint now);

    // A payload of the program's own, sent in order as soon as Discord's limit allows while the
    // shard is live. Errors: too_large, overloaded, stopped.
    [[nodiscard]] Result<void> submit(std::string payload, TimePoint now);

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] const Figures& figures() const noexcept { return figures_; }
    [[nodiscard]] std::optional<Sequence> last_sequence() const noexcept { return last_; }
    // Nothing: there is no session that could be resumed.
    [[nodiscard]] std::optional<Resumption> resumption() const;

private:
    struct Heartbeat {
        Duration interval{};
        TimePoint next = TimePoint::max();
        bool acked = true;  // since the last regular one
    };

    void enter(State state, Duration within, TimePoint now);
    void attempt(TimePoint now);
    void ask(TimePoint now);
    void connect_to(const std::string& base, TimePoint now);
    void take(std::string_view text, TimePoint now);
    void take_hello(std::string_view text, TimePoint now);
    void take_dispatch(const PayloadHead& head, std::string_view text, TimePoint now);
    void take_ready(std::string_view text, TimePoint now);
    void take_invalid_session(std::string_view text, TimePoint now);
    void introduce(TimePoint now);
    void go_live(TimePoint now);
    void beat(SendWindow::Kind kind, TimePoint now);
    void regular_beat(TimePoint now);
    void watch_silence(TimePoint now);
    void flush(TimePoint now);
    void give_up_connection(std::string_view why, TimePoint now);
    void undecodable(std::string_view why, TimePoint now);
    void lose(AfterClose then, std::string_view why, TimePoint now);
    void forget_session();
    void release_grant();
    void end(const Error& error);
    void finish(std::uint16_t code, TimePoint now);
    void plan_wake();
    [[nodiscard]] bool is_up() const noexcept;
    [[nodiscard]] bool is_current(Connection connection) const noexcept;

    const Options options_;
    IdentifyBudget& budget_;
    Effects& effects_;

    State state_ = State::idle;
    TimePoint deadline_ = TimePoint::max();  // of the state
    int failed_ = 0;  // connections and attempts in a row that came to nothing

    // Of the session.
    std::optional<SessionPlace> place_;
    std::optional<Sequence> last_;  // of the last dispatch that was passed on
    int unreachable_ = 0;           // attempts in a row that did not connect to resume
    bool entrance_seen_ = false;    // Discord was reached elsewhere since then
    int fruitless_ = 0;             // resumes in a row that brought nothing
    std::optional<Sequence> undecodable_behind_;
    bool granted_ = false;  // by the budget, not yet used

    // Of the connection.
    Connection connection_ = 0;
    std::unique_ptr<Decompressor> decompressor_;
    Heartbeat heartbeat_;
    TimePoint heard_;
    bool pinged_ = false;  // since then
    TimePoint live_since_;
    SendWindow window_;
    TimePoint send_next_ = TimePoint::max();

    std::deque<std::string> unsent_;
    Figures figures_;
};

[[nodiscard]] std::string_view to_string(ShardSession::State state) noexcept;

}  // namespace tutti::services::bot::shard
