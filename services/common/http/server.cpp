// One I/O thread runs the acceptor and one coroutine per connection; the worker pool runs handlers.
// A connection's coroutine suspends while its handler runs and resumes on the I/O thread.
//
// Invariants:
// - Everything in Impl but `queued_` and what `mutex_` guards is touched by the I/O thread only.
// - A session is in `sessions_` exactly while its coroutine runs; the last one to leave wakes
//   `stop`.
// - `tcp_stream::expires_after` is set before each phase (idle, reading, writing, draining) and
//   covers it as a whole, so a peer that sends one byte a second does not extend it.
// - A co_await is a statement of its own and its arguments have names: GCC 12 destroys temporaries
//   in such an expression twice.
#include "common/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/errors.hpp"
#include "common/http/wire.hpp"

namespace tutti::services {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// How long an answered peer may go on sending a body that was refused; without this pause, closing
// the socket would reset the connection and could destroy the answer on its way.
constexpr std::chrono::seconds drain_timeout{2};
constexpr std::chrono::milliseconds accept_pause{50};  // after "too many open files"
constexpr std::size_t read_bytes = 16U << 10U;

using Parser = http::request_parser<http::string_body>;

HttpRequest to_request(Parser& parser) {
    auto& message = parser.get();
    HttpRequest request;
    request.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    for (const auto& field : message) {
        request.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    request.body = std::move(message.body());
    return request;
}

HttpResponse to_response(const error_code& error) {
    if (error == http::error::body_limit) {
        return error_response(ErrorCode::payload_too_large, "The request body is too large");
    }
    if (error == http::error::header_limit) {
        return error_response(ErrorCode::headers_too_large, "The request's header is too large");
    }
    return error_response(ErrorCode::validation_error, "Not an HTTP request: " + error.message());
}

const boost::system::error_category& http_category() {
    return http::make_error_code(http::error::bad_method).category();
}

struct Reply {
    HttpResponse response{};
    bool keep_alive = false;
    bool head_only = false;
};

std::string to_bytes(const Reply& reply) {
    const auto& response = reply.response;
    const auto reason =
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    std::string bytes =
        "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason) + "\r\n";
    for (const auto& [name, value] : response.headers) {
        const bool sound = wire::is_token(name) && wire::is_field_value(value);
        if (sound && !wire::is_managed_field(name)) wire::append_field(bytes, name, value);
    }
    // Of these a length would be wrong: 204 has no body, and that of a 304 is the one not sent.
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) {
        wire::append_field(bytes, "Content-Length", std::to_string(response.body.size()));
    }
    wire::append_field(bytes, "Connection", reply.keep_alive ? "keep-alive" : "close");
    bytes += "\r\n";
    if (!reply.head_only && !bodiless) bytes += response.body;
    return bytes;
}

HttpResponse call(const HttpHandler& handler, const HttpRequest& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        return error_response(ErrorCode::internal_error, error.what());
    } catch (...) {
        return error_response(ErrorCode::internal_error, "The handler failed");
    }
}

std::optional<Error> check(const HttpServer::Options& options) {
    const auto& limits = options.limits;
    std::string zero;
    const auto require = [&](bool positive, std::string_view name) {
        if (!positive) zero.append(zero.empty() ? "" : ", ").append(name);
    };
    require(limits.body_bytes_max > 0, "body_bytes_max");
    require(limits.header_bytes_max > 0, "header_bytes_max");
    require(limits.connections_max > 0, "connections_max");
    require(limits.workers > 0, "workers");
    require(limits.queued_max > 0, "queued_max");
    require(limits.read_timeout.count() > 0, "read_timeout");
    require(limits.idle_timeout.count() > 0, "idle_timeout");
    require(limits.write_timeout.count() > 0, "write_timeout");
    require(limits.stop_timeout.count() >= 0, "stop_timeout");
    if (zero.empty()) return std::nullopt;
    return Error{Errc::invalid_option, "http server", "must be more than zero: " + zero};
}

Error listen_error(const error_code& error, const HttpServer::Options& options) {
    const std::string port = std::to_string(options.port);
    if (error == asio::error::address_in_use) {
        return {Errc::unavailable, "http server",
                "port " + port + " on " + options.address +
                    " is in use; stop the other process or choose another port"};
    }
    if (error == asio::error::access_denied) {
        return {Errc::refused, "http server", "no right to listen on port " + port};
    }
    return {Errc::unavailable, "http server",
            "cannot listen on " + options.address + " port " + port + ": " + error.message()};
}

}  // namespace

class HttpServer::Impl {
public:
    Impl(Options options, HttpHandler handler)
        : options_(std::move(options)),
          handler_(std::move(handler)),
          workers_(options_.limits.workers) {}

    Result<void> listen();
    void run();
    void stop();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    class Session;

    asio::awaitable<void> accept();
    void open(tcp::socket socket);
    void close(Session* session);
    void close_if_drained();
    asio::awaitable<HttpResponse> handle(HttpRequest request);
    asio::awaitable<HttpResponse> run_handler(HttpRequest request);

    const Options options_;
    const HttpHandler handler_;
    std::uint16_t port_ = 0;

    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_};
    std::unordered_set<Session*> sessions_;
    bool stopping_ = false;

    asio::thread_pool workers_;
    std::atomic<std::size_t> queued_{
        0};  // handed to the pool and not begun; a count only, orders nothing

    std::mutex mutex_;
    std::condition_variable changed_;
    bool drained_ = false;  // guarded by mutex_: stopping, and no session is left
    bool stopped_ = false;  // guarded by mutex_
    std::jthread io_thread_;
};

// One connection.
class HttpServer::Impl::Session {
public:
    Session(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

    asio::awaitable<void> serve();
    // Ends an idle connection; one with a request in flight goes on.
    void close_if_idle() {
        if (!busy_) stream_.close();
    }
    void close() { stream_.close(); }

private:
    asio::awaitable<bool> await_request();
    asio::awaitable<bool> serve_one();
    asio::awaitable<error_code> read();
    asio::awaitable<error_code> receive();
    asio::awaitable<bool> greet();
    asio::awaitable<bool> write(Reply reply);
    asio::awaitable<void> drain();

    Impl& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;  // of the request in flight
    bool busy_ = false;  // between the first byte of a request and the last one of its response
};

Result<void> HttpServer::Impl::listen() {
    if (auto wrong = check(options_)) return fail(std::move(*wrong));
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
        return fail(Errc::invalid_option, "http server",
                    "the listen address must be a numeric IPv4 or IPv6 address, such as 127.0.0.1");
    }
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(listen_error(error, options_));
    port_ = acceptor_.local_endpoint().port();
    return {};
}

void HttpServer::Impl::run() {
    asio::co_spawn(io_, accept(), asio::detached);
    io_thread_ = std::jthread([this] { io_.run(); });
}

asio::awaitable<void> HttpServer::Impl::accept() {
    while (!stopping_) {
        error_code error;
        auto socket =
            co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            open(std::move(socket));
        } else if (!stopping_) {
            asio::steady_timer pause(io_, accept_pause);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
}

void HttpServer::Impl::open(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (sessions_.size() >= options_.limits.connections_max) {
        const auto bytes = to_bytes(
            {.response = error_response(ErrorCode::service_unavailable, "Too many connections")});
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(bytes), ignored);
        return;
    }
    auto session = std::make_shared<Session>(*this, std::move(socket));
    sessions_.insert(session.get());
    asio::co_spawn(io_, session->serve(), [this, session](const std::exception_ptr& error) {
        close(session.get());
        if (error) std::rethrow_exception(error);
    });
}

void HttpServer::Impl::close(Session* session) {
    session->close();
    sessions_.erase(session);
    close_if_drained();
}

void HttpServer::Impl::close_if_drained() {
    if (!stopping_ || !sessions_.empty()) return;
    const std::lock_guard lock(mutex_);
    drained_ = true;
    changed_.notify_all();
}

asio::awaitable<HttpResponse> HttpServer::Impl::handle(HttpRequest request) {
    if (!request.path.starts_with('/') || !wire::is_target(request.path)) {
        co_return error_response(ErrorCode::validation_error, "The request target must be a path");
    }
    if (queued_.load(std::memory_order_relaxed) >= options_.limits.queued_max) {
        co_return error_response(ErrorCode::service_unavailable, "Too many requests are waiting");
    }
    queued_.fetch_add(1, std::memory_order_relaxed);
    auto work = run_handler(std::move(request));
    HttpResponse response = co_await asio::co_spawn(workers_, std::move(work), asio::use_awaitable);
    co_return response;
}

// On a worker.
asio::awaitable<HttpResponse> HttpServer::Impl::run_handler(HttpRequest request) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    co_return call(handler_, request);
}

void HttpServer::Impl::stop() {
    std::unique_lock lock(mutex_);
    if (std::exchange(stopped_, true) || !io_thread_.joinable()) return;
    asio::post(io_, [this] {
        stopping_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        for (auto* session : sessions_) session->close_if_idle();
        close_if_drained();
    });
    const auto drained = [this] { return drained_; };
    if (!changed_.wait_for(lock, options_.limits.stop_timeout, drained)) {
        asio::post(io_, [this] {
            for (auto* session : sessions_) session->close();
        });
        changed_.wait(lock, drained);
    }
    lock.unlock();
    io_thread_.join();
    workers_.join();
}

asio::awaitable<void> HttpServer::Impl::Session::serve() {
    while (!server_.stopping_) {
        const bool arrived = co_await await_request();
        if (!arrived) co_return;
        busy_ = true;
        const bool again = co_await serve_one();
        busy_ = false;
        if (!again) co_return;
    }
}

// False when the peer left or stayed silent.
asio::awaitable<bool> HttpServer::Impl::Session::await_request() {
    if (buffer_.size() > 0) co_return true;
    stream_.expires_after(server_.options_.limits.idle_timeout);
    const error_code error = co_await receive();
    co_return !error;
}

// True when the connection may carry another request.
asio::awaitable<bool> HttpServer::Impl::Session::serve_one() {
    const auto& limits = server_.options_.limits;
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser_->body_limit(limits.body_bytes_max);
    stream_.expires_after(limits.read_timeout);
    const error_code error = co_await read();
    // After any other error (the peer left, or was too slow) the socket is closed already.
    if (error && error.category() != http_category()) co_return false;
    Reply reply;
    if (error) {
        reply.response = to_response(error);
        const bool heard = co_await write(std::move(reply));
        if (heard) co_await drain();
        co_return false;
    }
    const bool wanted = parser_->get().keep_alive();
    reply.head_only = parser_->get().method() == http::verb::head;
    HttpRequest request = to_request(*parser_);
    reply.response = co_await server_.handle(std::move(request));
    const bool again = wanted && !server_.stopping_;
    reply.keep_alive = again;
    const bool written = co_await write(std::move(reply));
    co_return written&& again;
}

// Feeds the parser until the request is complete.
asio::awaitable<error_code> HttpServer::Impl::Session::read() {
    bool greeted = false;
    while (true) {
        error_code error;
        buffer_.consume(parser_->put(buffer_.data(), error));
        if (error && error != http::error::need_more) co_return error;
        if (parser_->is_done()) co_return error_code{};
        if (!greeted && parser_->is_header_done()) greeted = co_await greet();
        error = co_await receive();
        if (error) co_return error;
    }
}

// A client with a large body may wait for a word before it sends that.
asio::awaitable<bool> HttpServer::Impl::Session::greet() {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        error_code ignored;  // the next read shows the same
        const auto bytes = asio::buffer(go_on);
        co_await asio::async_write(stream_, bytes,
                                   asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return true;
}

// Appends what arrives next to the buffer.
asio::awaitable<error_code> HttpServer::Impl::Session::receive() {
    error_code error;
    const auto space = buffer_.prepare(read_bytes);
    const std::size_t got =
        co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    buffer_.commit(got);
    co_return error;
}

asio::awaitable<bool> HttpServer::Impl::Session::write(Reply reply) {
    const std::string text = to_bytes(reply);
    const auto bytes = asio::buffer(text);
    stream_.expires_after(server_.options_.limits.write_timeout);
    error_code error;
    co_await asio::async_write(stream_, bytes, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

asio::awaitable<void> HttpServer::Impl::Session::drain() {
    busy_ = false;
    error_code error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    stream_.expires_after(drain_timeout);
    while (!error && !server_.stopping_) {
        buffer_.clear();
        error = co_await receive();
    }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, HttpHandler handler) {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
    if (auto listening = impl->listen(); !listening) return fail(listening.error());
    impl->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }
std::uint16_t HttpServer::port() const noexcept { return impl_->port(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace tutti::services
