// One connection to a server, from the resolver to the last byte; made for one attempt and never used
// again. It knows bytes and replies and nothing of commands.
//
// Writes coalesce: what is written while an earlier write is under way leaves as one. Everything,
// construction included, happens on the event loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "redis/reply.hpp"
#include "redis/url.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

class Link : public std::enable_shared_from_this<Link> {
public:
    class Owner {
    public:
        virtual void on_connected() = 0;
        virtual void on_reply(Reply reply) = 0;
        // The last call. Not after `close`.
        virtual void on_closed(const Error& error) = 0;

    protected:
        ~Owner() = default;
    };

    Link(boost::asio::io_context& loop, Url url, ReplyLimits limits, Owner& owner);

    void connect();
    void write(std::string_view bytes);
    // No call of the owner from here on.
    void close();

    [[nodiscard]] bool is_connected() const noexcept { return connected_; }
    // When the peer last showed that it lives: it sent something, or took more of a write that had
    // been blocked.
    [[nodiscard]] TimePoint last_progress() const noexcept { return last_progress_; }

private:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;

    void resolve();
    void connect_to(std::vector<Endpoint> endpoints);
    void start();
    void read();
    void on_bytes(std::string_view bytes);
    void flush();
    void write_rest();
    void fail_with(Errc code, std::string cause);

    Url url_;
    Owner* owner_;
    boost::asio::ip::tcp::resolver resolver_;
    Socket socket_;
    ReplyReader reader_;
    std::array<char, 16UL * 1024> received_;
    std::string pending_;
    std::string writing_;
    std::size_t written_ = 0;  // of writing_
    bool connected_ = false;
    TimePoint last_progress_;
};

}  // namespace tutti::redis
