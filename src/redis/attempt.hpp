// One attempt to have a connection, and, once it has succeeded, that connection: a link with the
// handshake in front. Never used again.
//
// Thread-safety: none; everything happens on the network's thread. A call of the owner may close
// the attempt, and let go of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis/handshake.hpp"
#include "redis/link.hpp"
#include "redis/network.hpp"

namespace tutti::redis {

class Attempt final : public std::enable_shared_from_this<Attempt>, private Link::Owner {
public:
    class Owner {
    public:
        virtual void on_up(Attempt& attempt, const ServerFacts& facts) = 0;
        virtual void on_reply(Attempt& attempt, Reply reply) = 0;
        // The last call: the link broke, or the server cannot be used.
        virtual void on_ended(Attempt& attempt, const Error& error) = 0;

    protected:
        ~Owner() = default;
    };

    Attempt(const Network& network, Link::Options options, const Handshake& handshake,
            Owner& owner);
    ~Attempt() { close(); }
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    void start() { link_->connect(); }
    void write(std::string_view bytes) { link_->write(bytes); }
    // No call of the owner from here on.
    void close();

    [[nodiscard]] const std::shared_ptr<Link>& link() const noexcept { return link_; }
    [[nodiscard]] TimePoint began() const noexcept { return began_; }
    // Something there took the connection: whether it also answers is another question.
    [[nodiscard]] bool has_reached() const noexcept { return link_->has_reached(); }
    // It is the server's own word that the attempt is of no use, when that is the end of it.
    [[nodiscard]] bool was_answered() const noexcept { return up_ || !replies_.empty(); }
    // From the handshake to its last answer. Requires: up.
    [[nodiscard]] Duration round_trip() const noexcept { return round_trip_; }
    [[nodiscard]] TimePoint last_progress() const noexcept { return link_->last_progress(); }
    [[nodiscard]] Error timed_out(Duration within) const { return link_->timed_out(within); }

private:
    void on_connected() override;
    void on_reply(Reply reply) override;
    void on_closed(const Error& error) override;

    const Clock& clock_;
    const Handshake& handshake_;
    const std::string endpoint_;
    Owner* owner_;
    const std::shared_ptr<Link> link_;
    const TimePoint began_;
    TimePoint greeted_;
    Duration round_trip_{};
    std::vector<Reply> replies_;  // to the handshake
    bool up_ = false;
};

}  // namespace tutti::redis
