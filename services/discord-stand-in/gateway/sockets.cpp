// Everything runs on one thread; the public functions post there. A peer is in `peers_` as long as
// something may be said to it, and lives as long as an operation of it is under way.
#include "discord-stand-in/gateway/sockets.hpp"

#include <deque>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/system/error_code.hpp>

#include "common/net/close_on_exec.hpp"
#include "common/process/edge.hpp"
#include "discord-stand-in/gateway/compression.hpp"

namespace tutti::services::discord::gateway {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

// How long a peer may take for its side of the handshake and of the goodbye.
constexpr auto patience = 5s;

}  // namespace

class Sockets::Impl {
public:
    explicit Impl(Options options) : options_(std::move(options)) {}

    Result<void> listen();
    void run();
    void stop();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    // To a connection, on the thread.
    template <class Do>
    void with(Connection connection, Do what) {
        asio::post(io_, [this, connection, what = std::move(what)]() mutable {
            const auto at = peers_.find(connection);
            if (at != peers_.end()) what(at->second);
        });
    }

    class Peer;

private:
    void accept();
    void accept_later();
    void open(tcp::socket socket);
    void tick();
    void opened(const std::shared_ptr<Peer>& peer, const std::string& query);
    void lost(Connection connection, std::optional<std::uint16_t> code);

    const Options options_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_};
    asio::steady_timer timer_{io_};
    asio::steady_timer pause_{io_};
    std::uint16_t port_ = 0;
    Connection last_ = 0;
    std::map<Connection, std::shared_ptr<Peer>> peers_;
    std::jthread thread_;
};

class Sockets::Impl::Peer : public std::enable_shared_from_this<Peer> {
public:
    Peer(Impl& server, Connection connection, tcp::socket socket)
        : server_(server), connection_(connection), stream_(std::move(socket)), timer_(server.io_) {
        stream_.read_message_max(server.options_.message_bytes_max);
        stream_.set_option(
            websocket::stream_base::timeout{.handshake_timeout = patience,
                                            .idle_timeout = websocket::stream_base::none(),
                                            .keep_alive_pings = false});
    }

    [[nodiscard]] Connection connection() const noexcept { return connection_; }

    void shake_hands() {
        timer_.expires_after(patience);
        timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
            if (!error && !self->greeted_) self->drop();
        });
        boost::beast::http::async_read(
            stream_.next_layer(), buffer_, request_,
            [self = this->shared_from_this()](const error_code& error, std::size_t) {
                if (error || !websocket::is_upgrade(self->request_)) return self->fail();
                self->accept_request();
            });
    }

    void send(const std::string& payload) {
        if (closing_) return;
        std::string bytes = compressor_ ? compressor_->compress(payload) : payload;
        unsent_bytes_ += bytes.size();
        if (unsent_bytes_ > server_.options_.unsent_bytes_max) return fail();
        unsent_.push_back({.bytes = std::move(bytes), .is_text = compressor_ == nullptr});
        write();
    }
    void compress(Compression compression) { compressor_ = Compressor::make(compression); }

    // After what is unsent.
    void close(std::uint16_t code) {
        closing_ = code;
        write();
    }
    void drop() {
        error_code ignored;
        timer_.cancel();
        stream_.next_layer().close(ignored);
    }

private:
    struct Unsent {
        std::string bytes;
        bool is_text;
    };

    void accept_request() {
        stream_.async_accept(request_, [self = this->shared_from_this()](const error_code& error) {
            if (error) return self->fail();
            self->greeted_ = true;
            self->timer_.cancel();
            const std::string_view target = self->request_.target();
            const std::size_t mark = target.find('?');
            self->server_.opened(self, mark == std::string_view::npos
                                           ? std::string()
                                           : std::string(target.substr(mark + 1)));
            self->read();
        });
    }

    void read() {
        stream_.async_read(
            buffer_, [self = this->shared_from_this()](const error_code& error, std::size_t) {
                if (error) return self->fail();
                const auto bytes = self->buffer_.cdata();
                std::string text(static_cast<const char*>(bytes.data()), bytes.size());
                self->buffer_.consume(self->buffer_.size());
                if (!self->closing_) {
                    self->server_.options_.callbacks.received(self->connection_, std::move(text));
                }
                self->read();
            });
    }

    void write() {
        if (writing_) return;
        if (unsent_.empty()) {
            if (closing_) say_goodbye();
            return;
        }
        writing_ = true;
        stream_.text(unsent_.front().is_text);
        stream_.async_write(
            asio::buffer(unsent_.front().bytes),
            [self = this->shared_from_this()](const error_code& error, std::size_t) {
                if (error) return self->fail();
                self->writing_ = false;
                self->unsent_bytes_ -= self->unsent_.front().bytes.size();
                self->unsent_.pop_front();
                self->write();
            });
    }

    void say_goodbye() {
        writing_ = true;
        timer_.expires_after(patience);
        timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
            if (!error) self->drop();
        });
        stream_.async_close(websocket::close_code(*closing_),
                            [self = this->shared_from_this()](const error_code&) {
                                self->timer_.cancel();
                                self->drop();
                            });
    }

    // The peer has gone, or is sent away.
    void fail() {
        const auto code = stream_.reason().code;
        drop();
        server_.lost(connection_, code == websocket::close_code::none
                                      ? std::nullopt
                                      : std::optional(static_cast<std::uint16_t>(code)));
    }

    Impl& server_;
    const Connection connection_;
    websocket::stream<tcp::socket> stream_;
    asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    boost::beast::http::request<boost::beast::http::string_body> request_;
    bool greeted_ = false;
    bool writing_ = false;
    std::optional<std::uint16_t> closing_;
    std::unique_ptr<Compressor> compressor_;
    std::deque<Unsent> unsent_;
    std::size_t unsent_bytes_ = 0;
};

Result<void> Sockets::Impl::listen() {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), options_.port);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) net::close_on_exec(acceptor_);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return tutti::fail(Errc::unavailable, "start the stand-in's gateway",
                           "port " + std::to_string(options_.port) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
}

void Sockets::Impl::run() {
    accept();
    tick();
    thread_ = std::jthread([this] {
        while (!process::contain("the gateway of the stand-in", [this] { io_.run(); })) {
        }
    });
}

void Sockets::Impl::accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
        if (!acceptor_.is_open()) return;
        if (error) return accept_later();
        if (peers_.size() < options_.connections_max) open(std::move(socket));
        accept();
    });
}

// Perhaps there is a descriptor again by then.
void Sockets::Impl::accept_later() {
    pause_.expires_after(100ms);
    pause_.async_wait([this](const error_code& error) {
        if (!error && acceptor_.is_open()) accept();
    });
}

void Sockets::Impl::open(tcp::socket socket) {
    error_code ignored;
    net::close_on_exec(socket);
    socket.set_option(tcp::no_delay(true), ignored);
    const auto peer = std::make_shared<Peer>(*this, ++last_, std::move(socket));
    peers_.emplace(last_, peer);
    peer->shake_hands();
}

void Sockets::Impl::tick() {
    timer_.expires_after(options_.tick_every);
    timer_.async_wait([this](const error_code& error) {
        // One that had expired before `stop` cancelled it comes without an error.
        if (error || !acceptor_.is_open()) return;
        options_.callbacks.tick();
        tick();
    });
}

void Sockets::Impl::opened(const std::shared_ptr<Peer>& peer, const std::string& query) {
    constexpr std::string_view word = "compress=";
    const std::size_t at = query.find(word);
    if (at != std::string::npos) {
        const std::string_view rest = std::string_view(query).substr(at + word.size());
        peer->compress(read_compression(rest.substr(0, rest.find('&'))));
    }
    options_.callbacks.opened(peer->connection(), query);
}

void Sockets::Impl::lost(Connection connection, std::optional<std::uint16_t> code) {
    if (peers_.erase(connection) > 0) options_.callbacks.closed(connection, code);
}

void Sockets::Impl::stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
        error_code ignored;
        acceptor_.close(ignored);
        timer_.cancel();
        pause_.cancel();
        for (const auto& [connection, peer] : std::exchange(peers_, {})) peer->drop();
    });
    thread_.join();
}

Result<std::unique_ptr<Sockets>> Sockets::start(Options options) {
    return process::as_result(Errc::unavailable, [&]() -> Result<std::unique_ptr<Sockets>> {
        auto impl = std::make_unique<Impl>(std::move(options));
        if (auto listening = impl->listen(); !listening) return tutti::fail(listening.error());
        impl->run();
        return std::unique_ptr<Sockets>(new Sockets(std::move(impl)));
    });
}

Sockets::Sockets(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sockets::~Sockets() { stop(); }
std::uint16_t Sockets::port() const noexcept { return impl_->port(); }

void Sockets::send(Connection connection, std::string payload) {
    impl_->with(connection,
                [payload = std::move(payload)](const auto& peer) { peer->send(payload); });
}

void Sockets::compress_payloads(Connection connection) {
    impl_->with(connection, [](const auto& peer) { peer->compress(Compression::zlib_payload); });
}

// It hears the code, and nothing is heard of it any more.
void Sockets::close(Connection connection, std::uint16_t code) {
    impl_->with(connection, [code](const auto& peer) { peer->close(code); });
}

void Sockets::drop(Connection connection) {
    impl_->with(connection, [](const auto& peer) { peer->drop(); });
}

void Sockets::stop() { impl_->stop(); }

}  // namespace tutti::services::discord::gateway
