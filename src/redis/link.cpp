#include "redis/link.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

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

// The descriptor is close-on-exec from its first moment: between two calls another thread may start a
// program, which would hold the connection open behind our back.
template <class Socket, class Endpoint>
error_code open(Socket& socket, const Endpoint& endpoint) {
    error_code failure;
    failure = socket.close(failure);
    const auto protocol = endpoint.protocol();
    const int descriptor =
        ::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol());
    if (descriptor < 0) return {errno, boost::system::system_category()};
    failure = socket.assign(protocol, descriptor, failure);
    if (failure) ::close(descriptor);
    return failure;
}

// A TLS server answers what it does not understand with an alert record.
bool is_tls_alert(std::string_view bytes) { return bytes.starts_with("\x15\x03"); }

bool is_hanging_up(const error_code& error) {
    return is_end(error) || error == asio::error::connection_reset ||
           error == asio::error::broken_pipe;
}

std::string describe(const Url& url, const error_code& error) {
    const std::string where = url.endpoint();
    if (is_hanging_up(error)) return where + " closed the connection";
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

Link::Link(asio::io_context& loop, Url url, std::shared_ptr<const TlsContext> tls,
           ReplyLimits limits, Owner& owner)
    : loop_(loop),
      url_(std::move(url)),
      context_(std::move(tls)),
      owner_(&owner),
      socket_(loop),
      reader_(limits),
      last_progress_(Boottime::now()) {}

Link::~Link() = default;

void Link::connect() {
    if (url_.is_unix()) return connect_to({asio::local::stream_protocol::endpoint(url_.path)});
    error_code not_numeric;
    const auto address = asio::ip::make_address(url_.host, not_numeric);
    if (not_numeric) return resolve();
    connect_to({asio::ip::tcp::endpoint(address, url_.port)});
}

void Link::resolve() {
    look_up(loop_, url_.host, url_.port, [weak = weak_from_this()](LookedUp found) {
        const auto self = weak.lock();
        if (!self || self->owner_ == nullptr) return;
        if (found) return self->connect_to(*std::move(found));
        self->fail_with(Errc::unavailable,
                        "cannot resolve the host name " + self->url_.host + ": " + found.error());
    });
}

void Link::connect_to(Endpoints endpoints) {
    endpoints_ = std::move(endpoints);
    try_endpoint(0);
}

void Link::try_endpoint(std::size_t index) {
    auto tried = [self = shared_from_this(), index](const error_code& error) {
        self->tried_endpoint(index, error);
    };
    if (const error_code unopened = open(socket_, endpoints_[index])) {
        return asio::post(socket_.get_executor(), [tried, unopened] { tried(unopened); });
    }
    socket_.async_connect(endpoints_[index], std::move(tried));
}

void Link::tried_endpoint(std::size_t index, const error_code& error) {
    if (owner_ == nullptr) return;
    if (error && index + 1 < endpoints_.size()) return try_endpoint(index + 1);
    if (error) return fail_with(error);
    if (!url_.is_unix()) keep_alive(socket_);
    context_ ? secure() : start();
}

void Link::secure() {
    stage_ = Stage::securing;
    tls_ = std::make_unique<TlsStream>(socket_, context_, url_.host);
    tls_->handshake([self = shared_from_this()](const error_code& error) {
        if (self->owner_ == nullptr) return;
        if (error) return self->fail_with(error);
        self->start();
    });
}

void Link::start() {
    stage_ = Stage::silent;
    connected_ = true;
    last_progress_ = Boottime::now();
    read();
    owner_->on_connected();
}

void Link::read() {
    auto done = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
        if (self->owner_ == nullptr) return;
        if (error) return self->fail_with(error);
        self->last_progress_ = Boottime::now();
        self->on_bytes({self->received_.data(), bytes});
        if (self->owner_ != nullptr) self->read();
    };
    if (tls_) return tls_->read_some(received_, std::move(done));
    socket_.async_read_some(asio::buffer(received_), std::move(done));
}

void Link::on_bytes(std::string_view bytes) {
    if (std::exchange(stage_, Stage::talking) == Stage::silent && is_tls_alert(bytes)) {
        return fail_with(Errc::protocol,
                         url_.endpoint() + " expects TLS: the URL must begin with rediss://");
    }
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
    auto done = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
        if (self->owner_ == nullptr) return;
        if (error) return self->fail_with(error);
        if (self->written_ > 0) self->last_progress_ = Boottime::now();
        self->written_ += bytes;
        if (self->written_ < self->writing_.size()) return self->write_rest();
        self->written_ = 0;
        self->writing_.clear();
        if (self->writing_.capacity() > kept_bytes_max) self->writing_.shrink_to_fit();
        self->flush();
    };
    const std::string_view rest = std::string_view(writing_).substr(written_);
    if (tls_) return tls_->write_some(rest, std::move(done));
    socket_.async_write_some(asio::buffer(rest), std::move(done));
}

Error Link::timed_out(Duration within) const {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(within);
    const std::string time = " within " + std::to_string(ms.count()) + " ms";
    std::string cause = url_.endpoint();
    switch (stage_) {
    case Stage::reaching: cause += " could not be reached" + time; break;
    case Stage::securing:
        cause += " accepted the connection and did not answer the TLS handshake" + time +
                 ": if it is a plain server, the URL must begin with redis://";
        break;
    case Stage::silent:
    case Stage::talking:
        cause += " accepted the connection and did not answer" + time +
                 ": is it a Redis, and does it run?";
    }
    return {.code = Errc::timeout, .operation = operation, .cause = std::move(cause)};
}

void Link::close() {
    owner_ = nullptr;
    connected_ = false;
    error_code ignored;
    // A child that was forked holds a copy of the descriptor, with which the connection would live on.
    ignored = socket_.shutdown(Socket::shutdown_both, ignored);
    ignored = socket_.close(ignored);
}

void Link::fail_with(const error_code& error) {
    if (tls_ && is_tls_error(error)) {
        return fail_with(Errc::refused, url_.endpoint() + ": " + tls_->describe(error, *url_.tls));
    }
    std::string cause = describe(url_, error);
    if (stage_ == Stage::silent && !tls_ && is_hanging_up(error)) {
        cause += " before it answered: if it expects TLS, the URL must begin with rediss://";
    }
    if (stage_ == Stage::securing && is_hanging_up(error)) {
        cause += " during the TLS handshake: does it speak TLS on this port?";
    }
    fail_with(Errc::unavailable, std::move(cause));
}

void Link::fail_with(Errc code, std::string cause) {
    Owner* const owner = owner_;
    close();
    owner->on_closed({.code = code, .operation = operation, .cause = std::move(cause)});
}

}  // namespace tutti::redis
