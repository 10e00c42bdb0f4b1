// The one connection of a node on which the server pushes: all channels, and always that of ended
// claims, in one SUBSCRIBE, confirmed when the server has confirmed every one of them, and again
// after every reconnect.
//
// Liveness: a silent connection is asked with a PING, suspected when the answer is late
// (session.hpp), and given up when nothing at all comes back. A half-open one is so replaced soon
// after another can be made, and given up within `ping_every` + `silence_max`.
//
// Echo: a publication of ours is pushed as an entry that says how many plain events follow it on
// its plain channel, directly and on this connection. Those are dropped by position; anything else
// that arrives in between ends the count, and so does the entry itself, pushed once more, when some
// of them could not be sent. Payloads are never compared: two equal events are two events.
//
// No sockets: see Network. Everything happens on the network's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis/names.hpp"
#include "redis/network.hpp"
#include "redis/session.hpp"
#include "tutti/bus.hpp"

namespace tutti::redis {

class SubscriptionConnection final : public std::enable_shared_from_this<SubscriptionConnection>,
                                     private Session::Owner {
public:
    struct Options {
        SessionOptions session;
        Names names;
        Duration ping_every = std::chrono::milliseconds(200);
        Duration silence_max = std::chrono::seconds(1);  // once something was asked
    };

    class Owner {
    public:
        virtual void on_subscribed() = 0;
        // Also when an attempt to subscribe failed.
        virtual void on_lost(const Error& error) = 0;
        virtual void on_entry(std::string_view channel, BusEntry entry) = 0;
        virtual void on_undecodable(std::string_view channel) = 0;
        virtual void on_plain(std::string_view channel, std::string_view payload) = 0;
        virtual void on_oversized_plain(std::string_view channel, std::size_t bytes) = 0;
        virtual void on_woken(std::string_view store_key) = 0;
        virtual void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) = 0;
        virtual void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) = 0;

    protected:
        ~Owner() = default;
    };

    SubscriptionConnection(const Network& network, Options options,
                           const std::vector<Subscription>& subscriptions, Owner& owner);

    void start();
    // As Bus::probe.
    void probe(TimePoint deadline, Completion<void> done);
    // No call of the owner from here on; outstanding probes fail with Errc::stopped.
    void close();

private:
    struct Target {
        enum class Carries : std::uint8_t { entries, plain_events, wakings, acks };

        std::string channel;
        Carries carries;
        bool confirmed = false;
    };
    struct Ping {
        TimePoint sent_at;
        TimePoint deadline;
        Completion<void> done;  // empty: no caller waits any more, or none did
    };

    void on_up(const ServerFacts& facts) override;
    void on_reply(Reply reply) override;
    void on_down(const Error& error) override;

    void on_confirmation(std::string_view wire_channel);
    void on_push(std::string_view wire_channel, const Reply& payload);
    void on_entry_push(const Target& target, const Reply& payload);
    void on_plain_push(const Target& target, const Reply& payload);
    void on_waking(const Reply& store_key);
    void on_ack_push(const Target& target, const Reply& payload);
    void on_pong();
    void subscribed();
    void broken(std::string cause);

    void ping(TimePoint deadline, Completion<void> done);
    void check_by(TimePoint when);
    void check();
    [[nodiscard]] TimePoint silent_since() const;
    [[nodiscard]] TimePoint next_check(TimePoint now) const;
    void expire_pings(TimePoint now);
    void fail_pings(const Error& error);

    const Clock& clock_;
    const Options options_;
    Owner* owner_;
    std::shared_ptr<Session> session_;
    std::map<std::string, Target, std::less<>> targets_;  // by the name on the wire
    std::size_t unconfirmed_ = 0;
    bool subscribed_ = false;
    std::string_view echo_channel_;  // of targets_
    std::size_t echoes_ = 0;         // plain events that are still to be dropped
    std::deque<Ping> pings_;         // in the order of sending
    Alarm alarm_;
};

}  // namespace tutti::redis
