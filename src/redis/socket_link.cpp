#include "redis/socket_link.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

namespace tutti::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

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

// The descriptor is close-on-exec from its first moment: between two calls another thread may start
// a program, which would hold the connection open behind our back.
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

SocketLink::SocketLink(asio::io_context& loop, std::shared_ptr<HostLookups> names, Options options,
                       Owner& owner)
    : Link(std::move(options), system_clock(), owner), names_(std::move(names)), socket_(loop) {}

void SocketLink::reach() {
    const Url& url = options().url;
    if (url.is_unix()) return connect_to({asio::local::stream_protocol::endpoint(url.path)});
    error_code not_numeric;
    const auto address = asio::ip::make_address(url.host, not_numeric);
    if (not_numeric) return resolve();
    connect_to({asio::ip::tcp::endpoint(address, url.port)});
}

void SocketLink::resolve() {
    const Url& url = options().url;
    names_->look_up(url.host, url.port, [weak = std::weak_ptr(self())](LookedUp found) {
        const auto self = weak.lock();
        if (!self || self->is_closed()) return;
        if (found) return self->connect_to(*std::move(found));
        self->failed({.cause = "cannot resolve the host name " + self->options().url.host + ": " +
                               found.error()});
    });
}

void SocketLink::connect_to(Endpoints endpoints) {
    endpoints_ = std::move(endpoints);
    try_endpoint(0);
}

void SocketLink::try_endpoint(std::size_t index) {
    auto tried = [self = self(), index](const error_code& error) {
        self->tried_endpoint(index, error);
    };
    if (const error_code unopened = open(socket_, endpoints_[index])) {
        return asio::post(socket_.get_executor(), [tried, unopened] { tried(unopened); });
    }
    socket_.async_connect(endpoints_[index], std::move(tried));
}

void SocketLink::tried_endpoint(std::size_t index, const error_code& error) {
    if (is_closed()) return;
    if (error && index + 1 < endpoints_.size()) return try_endpoint(index + 1);
    if (error) return report(error);
    if (!options().url.is_unix()) keep_alive(socket_);
    if (!options().tls) {
        read();
        const detail::Lock lock(descriptor_mutex_);
        descriptor_ = socket_.native_handle();
    }
    reached();
}

void SocketLink::secure() {
    tls_ = std::make_unique<TlsStream>(socket_, options().tls, options().url.host);
    tls_->handshake([self = self()](const error_code& error) {
        if (self->is_closed()) return;
        if (error) return self->report(error);
        // First: what the server has said before it hung up, a refusal for instance, is lost when
        // something is written to it.
        self->read();
        self->secured();
    });
}

void SocketLink::read() {
    if (is_closed()) return;
    auto done = [self = self()](const error_code& error, std::size_t bytes) {
        if (self->is_closed()) return;
        if (error) return self->report(error);
        self->received({self->received_.data(), bytes});
        self->read();
    };
    if (tls_) return tls_->read_some(received_, std::move(done));
    socket_.async_read_some(asio::buffer(received_), std::move(done));
}

void SocketLink::send_some(std::string_view bytes) {
    auto done = [self = self()](const error_code& error, std::size_t written) {
        if (self->is_closed()) return;
        if (error) return self->report(error);
        self->sent(written);
    };
    if (tls_) return tls_->write_some(bytes, std::move(done));
    socket_.async_write_some(asio::buffer(bytes), std::move(done));
}

std::size_t SocketLink::write_now(std::string_view bytes) noexcept {
    const detail::Lock lock(descriptor_mutex_);
    if (descriptor_ < 0) return 0;
    // That it went wrong the read finds out that is always under way.
    const ssize_t taken =
        ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

void SocketLink::hang_up() {
    {
        const detail::Lock lock(descriptor_mutex_);
        descriptor_ = -1;
    }
    error_code ignored;
    // A child that was forked holds a copy of the descriptor, with which the connection would live
    // on.
    ignored = socket_.shutdown(Socket::shutdown_both, ignored);
    ignored = socket_.close(ignored);
}

void SocketLink::report(const error_code& error) {
    const Url& url = options().url;
    if (tls_ && is_tls_error(error)) {
        return failed({.code = Errc::refused,
                       .cause = url.endpoint() + ": " + tls_->describe(error, *url.tls)});
    }
    failed({.cause = describe(url, error), .hung_up = is_hanging_up(error)});
}

Network network_of(Runtime& runtime) {
    auto& loop = runtime.event_loop();
    return {.executor = &runtime.executor(),
            .clock = &system_clock(),
            .make_link = [&loop, names = std::make_shared<HostLookups>(loop)](Link::Options options,
                                                                              Link::Owner& owner) {
                return std::make_shared<SocketLink>(loop, names, std::move(options), owner);
            }};
}

}  // namespace tutti::redis
