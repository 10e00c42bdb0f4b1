// One I/O thread runs the acceptor and one coroutine per connection; the worker pool runs handlers.
// A connection's coroutine suspends while its handler runs and resumes on the I/O thread. For a deferred answer
// it waits for its alarm, which the answer, the peer's leaving and `stop` set off.
//
// Invariants:
// - Everything in Impl but `queued_`, `deferred_` and what `mutex_` guards is touched by the I/O thread only.
// - A session is in `sessions_` exactly while its coroutine runs; the last one to leave wakes
//   `stop`.
// - `tcp_stream::expires_after` is set before each phase (idle, reading, writing, draining) and
//   covers it as a whole, so a peer that sends one byte a second does not extend it.
// - A co_await is a statement of its own and its arguments have names: GCC 12 destroys temporaries
//   in such an expression twice.
#include "common/http/server.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <memory>
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

#include "common/errors.hpp"
#include "common/http/deferral.hpp"
#include "common/http/server_checks.hpp"
#include "common/http/server_wire.hpp"
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

const boost::system::error_category& http_category() {
    return http::make_error_code(http::error::bad_method).category();
}

// What a handler said, or what its answer will come from.
struct Handled {
    HttpResponse response{};
    std::shared_ptr<Deferral> deferral = nullptr;
};

HttpResponse call(const HttpHandler& handler, const HttpRequest& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        return error_response(ErrorCode::internal_error, error.what());
    } catch (...) {
        return error_response(ErrorCode::internal_error, "The handler failed");
    }
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
    // The session runs `handle`, so it outlives both.
    asio::awaitable<Handled> handle(HttpRequest request, Session* session);
    asio::awaitable<Handled> run_handler(HttpRequest request, Session* session);
    Handled defer(const HttpStart& start, Session& session);

    const Options options_;
    const HttpHandler handler_;
    std::uint16_t port_ = 0;

    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_};
    std::unordered_set<Session*> sessions_;
    bool stopping_ = false;
    std::size_t sending_ = 0;  // bytes of bodies

    asio::thread_pool workers_;
    std::atomic<std::size_t> queued_{
        0};  // handed to the pool and not begun; a count only, orders nothing
    std::atomic<std::size_t> deferred_{0};  // deferrals that are not closed; likewise

    std::mutex mutex_;
    std::condition_variable changed_;
    bool drained_ = false;  // guarded by mutex_: stopping, and no session is left
    bool stopped_ = false;  // guarded by mutex_
    std::jthread io_thread_;
};

// One connection.
class HttpServer::Impl::Session : public std::enable_shared_from_this<Session> {
public:
    Session(Impl& server, tcp::socket socket)
        : server_(server), stream_(std::move(socket)), alarm_(server.io_) {}

    asio::awaitable<void> serve();
    // Ends an idle connection; one with a request in flight goes on.
    void close_if_idle() {
        if (!busy_) stream_.close();
    }
    void close() { stream_.close(); }
    // Makes one that waits for a deferred answer look again.
    void wake() { alarm_.cancel(); }

private:
    asio::awaitable<bool> await_request();
    asio::awaitable<bool> serve_one();
    asio::awaitable<error_code> read();
    asio::awaitable<error_code> receive();
    asio::awaitable<bool> greet();
    asio::awaitable<std::optional<HttpResponse>> answer(HttpRequest request);
    asio::awaitable<std::optional<HttpResponse>> await_answer(std::shared_ptr<Deferral> deferral);
    void watch_peer();
    [[nodiscard]] bool peer_closed();
    asio::awaitable<bool> write(WireResponse reply);
    asio::awaitable<void> drain();

    Impl& server_;
    beast::tcp_stream stream_;
    asio::steady_timer alarm_;
    bool peer_left_ = false;  // while an answer was awaited
    beast::flat_buffer buffer_;
    std::optional<RequestParser> parser_;  // of the request in flight
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
        const WireResponse reply{
            .response = error_response(ErrorCode::service_unavailable, "Too many connections")};
        const std::string bytes = to_head(reply) + reply.response.body;
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

asio::awaitable<Handled> HttpServer::Impl::handle(HttpRequest request, Session* session) {
    if (!request.path.starts_with('/') || !wire::is_target(request.path)) {
        co_return Handled{
            error_response(ErrorCode::validation_error, "The request target must be a path")};
    }
    if (queued_.load(std::memory_order_relaxed) >= options_.limits.queued_max) {
        co_return Handled{
            error_response(ErrorCode::service_unavailable, "Too many requests are waiting")};
    }
    queued_.fetch_add(1, std::memory_order_relaxed);
    auto work = run_handler(std::move(request), session);
    Handled handled = co_await asio::co_spawn(workers_, std::move(work), asio::use_awaitable);
    co_return handled;
}

// On a worker.
asio::awaitable<Handled> HttpServer::Impl::run_handler(HttpRequest request, Session* session) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    HttpResponse response = call(handler_, request);
    if (response.later) co_return defer(response.later, *session);
    co_return Handled{std::move(response)};
}

// On a worker. The session closes the deferral before it ends, so it is there when it is woken; only the I/O
// thread may be the last to let go of it.
Handled HttpServer::Impl::defer(const HttpStart& start, Session& session) {
    if (deferred_.fetch_add(1, std::memory_order_relaxed) >= options_.limits.deferred_max) {
        deferred_.fetch_sub(1, std::memory_order_relaxed);
        return {error_response(ErrorCode::service_unavailable, "Too many requests are waiting")};
    }
    auto deferral = std::make_shared<Deferral>([this, &session] {
        asio::post(io_, [kept = session.shared_from_this()] { kept->wake(); });
    });
    Deferral::begin(deferral, start);
    return {.response = {}, .deferral = std::move(deferral)};
}

void HttpServer::Impl::stop() {
    std::unique_lock lock(mutex_);
    if (std::exchange(stopped_, true) || !io_thread_.joinable()) return;
    asio::post(io_, [this] {
        stopping_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        for (auto* session : sessions_) {
            session->close_if_idle();
            session->wake();
        }
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
    WireResponse reply;
    if (error) {
        reply.response = to_response(error);
        const bool heard = co_await write(std::move(reply));
        if (heard) co_await drain();
        co_return false;
    }
    const bool wanted = parser_->get().keep_alive();
    reply.head_only = parser_->get().method() == http::verb::head;
    HttpRequest request = to_request(*parser_);
    auto response = co_await answer(std::move(request));
    if (!response) co_return false;
    reply.response = std::move(*response);
    const bool again = wanted && !server_.stopping_;
    reply.keep_alive = again;
    const bool written = co_await write(std::move(reply));
    co_return written&& again;
}

// Nothing when the peer left meanwhile.
asio::awaitable<std::optional<HttpResponse>> HttpServer::Impl::Session::answer(
    HttpRequest request) {
    auto work = server_.handle(std::move(request), this);
    Handled handled = co_await std::move(work);
    if (!handled.deferral) co_return std::move(handled.response);
    auto waiting = await_answer(std::move(handled.deferral));
    auto response = co_await std::move(waiting);
    server_.deferred_.fetch_sub(1, std::memory_order_relaxed);
    co_return response;
}

asio::awaitable<std::optional<HttpResponse>> HttpServer::Impl::Session::await_answer(
    std::shared_ptr<Deferral> deferral) {
    error_code ignored;
    watch_peer();
    // Whatever sets the alarm off does so on this thread, so nothing gets lost between look and wait.
    while (!deferral->answered() && !peer_left_ && !server_.stopping_) {
        alarm_.expires_at(asio::steady_timer::time_point::max());
        co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    stream_.socket().cancel(ignored);  // the watch
    auto response = deferral->close();
    if (response || peer_left_) co_return response;
    co_return error_response(ErrorCode::service_unavailable, "The server is stopping");
}

void HttpServer::Impl::Session::watch_peer() {
    const auto on_readable = [self = shared_from_this()](const error_code& error) {
        if (error) return;
        self->peer_left_ = self->peer_closed();
        self->wake();
    };
    stream_.socket().async_wait(tcp::socket::wait_read, on_readable);
}

// Without taking anything: what has come may be the next request.
bool HttpServer::Impl::Session::peer_closed() {
    char next = 0;
    const auto got = ::recv(stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
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

// Whoever reads slowly keeps a response in memory: all of them together are bounded.
asio::awaitable<bool> HttpServer::Impl::Session::write(WireResponse reply) {
    const auto& limits = server_.options_.limits;
    const bool room = server_.sending_ + reply.response.body.size() <= limits.sending_bytes_max;
    if (!room && server_.sending_ > 0) {
        reply.response =
            error_response(ErrorCode::service_unavailable, "Too much is being sent; try again");
    }
    const std::string head = to_head(reply);
    const std::string_view body = body_of(reply);
    const std::array parts{asio::buffer(head), asio::buffer(body)};
    stream_.expires_after(limits.write_timeout);
    error_code error;
    server_.sending_ += body.size();
    co_await asio::async_write(stream_, parts, asio::redirect_error(asio::use_awaitable, error));
    server_.sending_ -= body.size();
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
