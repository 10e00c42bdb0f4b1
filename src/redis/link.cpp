#include "redis/link.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace tutti::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr const char* operation = "redis connect";
constexpr std::size_t kept_bytes_max = 1024UL * 1024;  // of an empty write buffer

// A peer that vanished without a word is noticed by deadlines and probes long before; this is for a
// connection on which nothing is outstanding.
template <class Socket>
void keep_alive(Socket& socket) {
    const auto set = [&](int level, int option, int value) {
        ::setsockopt(socket.native_handle(), level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::string describe(const Url& url, const error_code& error) {
    const std::string where = url.endpoint();
    if (error == asio::error::connection_refused) {
        return where + " refused the connection: does a Redis listen there?";
    }
    if (url.is_unix() && error == boost::system::errc::no_such_file_or_directory) {
        return where + " does not exist: is `unixsocket` set in redis.conf?";
    }
    if (error == boost::system::errc::permission_denied) {
        return where + ": permission denied: see `unixsocketperm` in redis.conf";
    }
    return where + ": " + error.message();
}

}  // namespace

Link::Link(asio::io_context& loop, Url url, ReplyLimits limits, Owner& owner)
    : url_(std::move(url)),
      owner_(&owner),
      resolver_(loop),
      socket_(loop),
      reader_(limits),
      last_progress_(Boottime::now()) {}

void Link::connect() {
    if (url_.is_unix()) return connect_to({asio::local::stream_protocol::endpoint(url_.path)});
    error_code not_numeric;
    const auto address = asio::ip::make_address(url_.host, not_numeric);
    if (not_numeric) return resolve();
    connect_to({asio::ip::tcp::endpoint(address, url_.port)});
}

void Link::resolve() {
    resolver_.async_resolve(
        url_.host, std::to_string(url_.port), asio::ip::tcp::resolver::numeric_service,
        [self = shared_from_this()](const error_code& error,
                                    const asio::ip::tcp::resolver::results_type& found) {
            if (self->owner_ == nullptr) return;
            if (error) {
                return self->fail_with(
                    Errc::unavailable,
                    "cannot resolve the host name " + self->url_.host + ": " + error.message());
            }
            std::vector<Endpoint> endpoints;
            for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
            self->connect_to(std::move(endpoints));
        });
}

void Link::connect_to(std::vector<Endpoint> endpoints) {
    // The range must outlive the operation.
    auto kept = std::make_shared<std::vector<Endpoint>>(std::move(endpoints));
    asio::async_connect(
        socket_, *kept,
        [self = shared_from_this(), kept](const error_code& error, const Endpoint&) {
            if (self->owner_ == nullptr) return;
            if (error) {
                return self->fail_with(Errc::unavailable, describe(self->url_, error));
            }
            self->start();
        });
}

void Link::start() {
    if (!url_.is_unix()) keep_alive(socket_);
    connected_ = true;
    last_progress_ = Boottime::now();
    read();
    owner_->on_connected();
}

void Link::read() {
    socket_.async_read_some(
        asio::buffer(received_),
        [self = shared_from_this()](const error_code& error, std::size_t bytes) {
            if (self->owner_ == nullptr) return;
            if (error == asio::error::eof) {
                return self->fail_with(Errc::unavailable,
                                       self->url_.endpoint() + " closed the connection");
            }
            if (error) return self->fail_with(Errc::unavailable, describe(self->url_, error));
            self->last_progress_ = Boottime::now();
            self->on_bytes({self->received_.data(), bytes});
            if (self->owner_ != nullptr) self->read();
        });
}

void Link::on_bytes(std::string_view bytes) {
    reader_.feed(bytes);
    while (owner_ != nullptr) {
        auto reply = reader_.next();
        if (!reply) {
            return fail_with(Errc::protocol, url_.endpoint() +
                                                 " does not speak the Redis protocol (" +
                                                 reply.error().cause + ")");
        }
        if (!*reply) return;
        owner_->on_reply(std::move(**reply));
    }
}

void Link::write(std::string_view bytes) {
    pending_.append(bytes);
    if (writing_.empty()) flush();
}

void Link::flush() {
    if (owner_ == nullptr || pending_.empty()) return;
    writing_.swap(pending_);
    write_rest();
}

void Link::write_rest() {
    socket_.async_write_some(
        asio::buffer(writing_) + written_,
        [self = shared_from_this()](const error_code& error, std::size_t bytes) {
            if (self->owner_ == nullptr) return;
            if (error) return self->fail_with(Errc::unavailable, describe(self->url_, error));
            if (self->written_ > 0) self->last_progress_ = Boottime::now();
            self->written_ += bytes;
            if (self->written_ < self->writing_.size()) return self->write_rest();
            self->written_ = 0;
            self->writing_.clear();
            if (self->writing_.capacity() > kept_bytes_max) self->writing_.shrink_to_fit();
            self->flush();
        });
}

void Link::close() {
    owner_ = nullptr;
    connected_ = false;
    resolver_.cancel();
    error_code ignored;
    ignored = socket_.close(ignored);
}

void Link::fail_with(Errc code, std::string cause) {
    Owner* const owner = owner_;
    close();
    owner->on_closed({.code = code, .operation = operation, .cause = std::move(cause)});
}

}  // namespace tutti::redis
