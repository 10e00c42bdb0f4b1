// A connection that comes back: an attempt (attempt.hpp) that has succeeded, and others when it is
// lost. What was outstanding on it is its owner's business; nothing is ever sent twice from here.
//
// How it comes back. Attempts begin again and again, each after a random part of a wait that is the
// 200th part of the time since the connection was lost, within `retry_within_min` and
// `retry_within_max`. So the server is found again soon after it is back, in a fraction of the time
// that it was away, and a fleet neither comes at once nor asks often: N nodes of two connections
// begin 80 N attempts a second at first, and 4 N after some three minutes. Where a server answers
// and says no, the waits grow as is usual.
//
// Lost packets. To connect, too, TCP sends again after one second, then after three. So, beside an
// attempt that has all its time (`lasting`), another is made anew each time (`brief`): what arrives
// first counts. A brief one has four round trips of the last connection; where that is not known,
// at first, there is none.
//
// Suspicion. A connection on which an answer is late may be half-open, and TCP would find out much
// later. When the owner `suspect`s it, attempts begin beside it. The first that is answered takes
// its place, unless it has shown a sign of life meanwhile: then they are dropped. A server that
// stands still answers neither, and is asked for one connection more.
//
// Sentinels are asked where the primary is at first, and again, with growing waits, while it is
// lost; attempts go where it was named last. When they name another one the connection is given
// up.
//
// No sockets: see Network. Everything happens on the network's thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/backoff.hpp"
#include "redis/attempt.hpp"
#include "redis/handshake.hpp"
#include "redis/link.hpp"
#include "redis/network.hpp"
#include "redis/random_source.hpp"
#include "redis/sentinels.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// Of the waits between attempts, before the jitter.
inline constexpr Duration retry_within_min = std::chrono::milliseconds(50);
inline constexpr Duration retry_within_max = std::chrono::seconds(1);

struct SessionOptions {
    Url url;
    std::shared_ptr<const TlsContext> tls = nullptr;  // loaded from url.tls; null for a plain one
    std::string client_name;
    Duration connect_timeout;
    // The least time after which an answer is late. More than any command may take on a server that
    // is well.
    Duration suspect_after = std::chrono::milliseconds(150);
    ReplyLimits limits;
    RandomSource random;
    std::shared_ptr<Sentinels> sentinels = nullptr;  // of url.sentinel; null: there are none
};

class Session final : public std::enable_shared_from_this<Session>,
                      private Attempt::Owner,
                      private Sentinels::Listener {
public:
    class Owner {
    public:
        virtual void on_up(const ServerFacts& facts) = 0;
        virtual void on_reply(Reply reply) = 0;
        // An attempt failed, or the connection broke or is replaced; the next follows by itself.
        virtual void on_down(const Error& error) = 0;

    protected:
        ~Owner() = default;
    };

    Session(Network network, SessionOptions options, Owner& owner);

    void start();
    // Requires: up.
    void write(std::string_view bytes) { link_->write(bytes); }
    // What carries the connection. Requires: up.
    [[nodiscard]] const std::shared_ptr<Link>& link() const noexcept { return link_->link(); }
    // Breaks the connection, as if the network had. Requires: up.
    void fail_with(const Error& error) { lose(error); }
    // When to suspect, after the last progress.
    [[nodiscard]] Duration patience() const noexcept;
    // An answer is late. Requires: up.
    void suspect();
    // The same, when another connection to the server has just come back, and found its own moment
    // for that.
    void suspect_at_once();
    // The owner has seen that this connection works: the next failure is again the first.
    void settled() noexcept;
    // No call of the owner from here on.
    void close();

    [[nodiscard]] bool is_up() const noexcept { return link_ != nullptr; }
    // Requires: up.
    [[nodiscard]] TimePoint last_progress() const noexcept { return link_->last_progress(); }
    // Of the server that it is or was connected to, once the Sentinels have named one.
    [[nodiscard]] const Url& url() const noexcept { return url_; }

private:
    void on_up(Attempt& attempt, const ServerFacts& facts) override;
    void on_reply(Attempt& attempt, Reply reply) override;
    void on_ended(Attempt& attempt, const Error& error) override;

    void on_primary(const Url& url) override;

    void dial();
    void dial_within(Duration wait);
    [[nodiscard]] Duration wait_while_away();
    void find_primary();
    void ask_sentinels();
    void begin_attempt();
    [[nodiscard]] std::shared_ptr<Attempt> make_attempt();
    [[nodiscard]] bool has_reached() const;
    void lasting_is_late();
    void drop_attempts();
    void trust();
    void lose(const Error& error);
    void report(const Error& error);
    [[nodiscard]] TimePoint now() const { return network_.clock->now(); }

    const Network network_;
    const SessionOptions options_;
    Owner* owner_;
    Url url_;
    bool located_;  // `url_` is of a server, and not of the Sentinels
    Handshake handshake_;
    std::shared_ptr<Attempt> link_;     // the connection; null: down
    std::shared_ptr<Attempt> lasting_;  // these two try to become it
    std::shared_ptr<Attempt> brief_;
    Alarm next_;                           // attempt
    Alarm late_;                           // the lasting one
    std::optional<TimePoint> away_since_;  // absent: the owner was content since
    std::optional<Duration> round_trip_;
    Backoff refusals_{retry_within_min, retry_within_max};
    Backoff questions_{retry_within_min, retry_within_max};  // to the Sentinels
    TimePoint next_question_;
    std::optional<TimePoint> suspected_;
    unsigned replaced_ = 0;  // connections that were suspected, one after the other
};

}  // namespace tutti::redis
