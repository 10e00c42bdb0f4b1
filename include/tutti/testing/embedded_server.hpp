// The server inside a hub, as its operator and its accidents see it: everything that happens to a
// Redis and must not make a cache lie. The library's contract tests and its simulator use it; a
// user's tests may.
//
// Thread-safety: every function may be called from any thread. Blocking: on the hub's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/embedded.hpp"

namespace tutti::testing {

// The server's whole state at one moment: what an RDB file holds.
class EmbeddedSnapshot {
public:
    struct State;
    explicit EmbeddedSnapshot(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    [[nodiscard]] const State& state() const noexcept { return *state_; }

private:
    std::shared_ptr<const State> state_;
};

class EmbeddedServer {
public:
    explicit EmbeddedServer(std::shared_ptr<EmbeddedHub> hub) : hub_(std::move(hub)) {}

    // A restart breaks every subscription (`reconnect` mends them) and changes the server's
    // identity, so that every channel gets a new epoch when it is next used.
    void restart_empty();
    [[nodiscard]] EmbeddedSnapshot snapshot() const;
    void restart_from(const EmbeddedSnapshot& older);
    // The same without a new identity: a virtual machine that was set back. Tutti does not promise
    // to notice it; chains are what is left.
    void rewind_to(const EmbeddedSnapshot& older);

    // Operations fail with Errc::unavailable and subscriptions break, until `come_back`.
    void go_away();
    void come_back();
    // Only the subscriptions. Nothing that is published meanwhile is delivered later.
    void disconnect();
    void reconnect();

    // What eviction, FLUSHALL or a careless operator does to the keys of one channel.
    void lose_log(const std::string& channel);
    void trim_log(const std::string& channel, std::size_t entries);  // keeps the newest
    void lose_members(const std::string& channel);
    void lose_state(const std::string& channel);  // epoch, sequence and chain; log and members stay
    void lose_tags(const std::string& channel);   // when which tag was invalidated
    void rotate(const std::string& channel);      // a new epoch at once
    void drop_store();
    // The time passes at once by which members that do not renew are forgotten.
    void age_members(const std::string& channel, Duration by);

    // Pushes something that is not an entry to all subscribers of the channel.
    void push_undecodable(const std::string& channel);

    struct Member {
        std::string name;
        Sequence applied = 0;
        friend bool operator==(const Member&, const Member&) = default;
    };
    // As they stand in the server: nothing is checked or rotated by looking.
    [[nodiscard]] std::vector<Member> members(const std::string& channel) const;
    [[nodiscard]] std::optional<BusPosition> position(const std::string& channel) const;

private:
    std::shared_ptr<EmbeddedHub> hub_;
};

// A program that knows nothing of Tutti and listens on a plain channel.
class PlainSubscriber {
public:
    PlainSubscriber(std::shared_ptr<EmbeddedHub> hub, std::string channel);
    ~PlainSubscriber();
    PlainSubscriber(const PlainSubscriber&) = delete;
    PlainSubscriber& operator=(const PlainSubscriber&) = delete;

    // What arrived since the last call, in order.
    [[nodiscard]] std::vector<std::string> take();

private:
    std::shared_ptr<EmbeddedHub> hub_;
    std::uint64_t id_;
};

}  // namespace tutti::testing
