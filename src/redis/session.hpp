// A connection that comes back: links one after the other, each with a handshake in front, with a
// growing, jittered wait between failed attempts. What was outstanding on a link that broke is its
// owner's business; nothing is ever sent twice from here.
//
// States: connecting (a deadline runs over resolver, connect and handshake together) -> up ->
// waiting -> connecting ... -> closed. No sockets: see Network. Everything happens on the network's
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "redis/handshake.hpp"
#include "redis/link.hpp"
#include "redis/network.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// Uniform over all 64-bit numbers. Called from any thread.
using RandomSource = std::function<std::uint64_t()>;

// Of the waits between attempts, before the jitter.
inline constexpr Duration reconnect_first = std::chrono::milliseconds(50);
inline constexpr Duration reconnect_longest = std::chrono::seconds(3);

struct SessionOptions {
    Url url;
    std::shared_ptr<const TlsContext> tls = nullptr;  // loaded from url.tls; null for a plain one
    std::string client_name;
    Duration connect_timeout;
    ReplyLimits limits;
    RandomSource random;
};

class Session final : public std::enable_shared_from_this<Session>, private Link::Owner {
public:
    class Owner {
    public:
        virtual void on_up(const ServerFacts& facts) = 0;
        virtual void on_reply(Reply reply) = 0;
        // An attempt failed, or the link that was up broke; the next attempt follows by itself.
        virtual void on_down(const Error& error) = 0;

    protected:
        ~Owner() = default;
    };

    Session(Network network, SessionOptions options, Owner& owner);

    void start();
    // Requires: up.
    void write(std::string_view bytes) { link_->write(bytes); }
    // Breaks the link, as if the network had. Requires: up.
    void fail_with(const Error& error);
    // The owner has seen that this link works: the next failure is again the first.
    void settled() noexcept { backoff_.reset(); }
    // No call of the owner from here on.
    void close();

    [[nodiscard]] bool is_up() const noexcept { return up_; }
    [[nodiscard]] TimePoint last_progress() const noexcept { return link_->last_progress(); }
    [[nodiscard]] const Url& url() const noexcept { return options_.url; }

private:
    void on_connected() override;
    void on_reply(Reply reply) override;
    void on_closed(const Error& error) override;

    void attempt();
    void attempt_is_late();
    void drop_link();

    const Network network_;
    const SessionOptions options_;
    Owner* owner_;
    Handshake handshake_;
    std::vector<Reply> handshake_replies_;
    std::shared_ptr<Link> link_;
    Alarm alarm_;  // of the attempt, or of the wait before the next
    Backoff backoff_{reconnect_first, reconnect_longest};
    bool up_ = false;
};

}  // namespace tutti::redis
