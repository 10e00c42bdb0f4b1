// One connection to a server, from the resolver to the last byte; made for one attempt and never used
// again. It knows bytes and replies and nothing of commands. With a TLS context the connection is not
// `connected` before the server has proven who it is; nothing of ours is sent until then.
//
// Writes coalesce: what is written while an earlier write is under way leaves as one. Everything,
// construction included, happens on the event loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include "redis/host_lookup.hpp"
#include "redis/reply.hpp"
#include "redis/tls.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis_url.hpp"

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

    // `tls` is what Url::tls was loaded into; null for a plain connection.
    Link(boost::asio::io_context& loop, Url url, std::shared_ptr<const TlsContext> tls,
         ReplyLimits limits, Owner& owner);
    ~Link();

    void connect();
    void write(std::string_view bytes);
    // No call of the owner from here on.
    void close();

    [[nodiscard]] bool is_connected() const noexcept { return connected_; }
    // When the peer last showed that it lives: it sent something, or took more of a write that had
    // been blocked.
    [[nodiscard]] TimePoint last_progress() const noexcept { return last_progress_; }
    // What to say when the owner's patience is at its end.
    [[nodiscard]] Error timed_out(Duration within) const;

private:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Endpoint = boost::asio::generic::stream_protocol::endpoint;

    void resolve();
    void connect_to(Endpoints endpoints);
    void try_endpoint(std::size_t index);
    void tried_endpoint(std::size_t index, const boost::system::error_code& error);
    void secure();
    void start();
    void read();
    void on_bytes(std::string_view bytes);
    void flush();
    void write_rest();
    void fail_with(Errc code, std::string cause);
    void fail_with(const boost::system::error_code& error);

    enum class Stage : std::uint8_t { reaching, securing, silent, talking };

    boost::asio::io_context& loop_;
    Url url_;
    std::shared_ptr<const TlsContext> context_;
    Owner* owner_;
    Endpoints endpoints_;  // of the host
    Socket socket_;
    std::unique_ptr<TlsStream> tls_;  // on socket_; null for a plain connection
    ReplyReader reader_;
    std::array<char, 16UL * 1024> received_;
    std::string pending_;
    std::string writing_;
    std::size_t written_ = 0;  // of writing_
    bool connected_ = false;
    Stage stage_ = Stage::reaching;  // how far it came, for messages
    TimePoint last_progress_;
};

}  // namespace tutti::redis
