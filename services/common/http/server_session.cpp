#include "common/http/server_session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "common/http/errors.hpp"
#include "common/http/wire.hpp"
#include "common/process/edge.hpp"

namespace tutti::services::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// How long an answered peer may go on sending a body that was refused; without this pause, closing
// the socket would reset the connection and could destroy the answer on its way.
constexpr std::chrono::seconds drain_timeout{2};
constexpr std::size_t read_bytes = 16U << 10U;
// A connection that waits for a request keeps a buffer of this size.
constexpr std::size_t first_read_bytes = 1U << 10U;

// Responses up to this size are not counted: what all connections send of them together is little.
constexpr std::size_t small_bytes = 16U << 10U;

std::size_t counted(std::string_view body) { return body.size() > small_bytes ? body.size() : 0; }

Response overloaded(std::string_view text) {
    return error_response(ErrorCode::service_unavailable, text);
}

}  // namespace

Server::Impl::Session::Session(Impl& server, tcp::socket socket)
    : server_(server), stream_(std::move(socket)), alarm_(server.io_) {}

void Server::Impl::Session::close() {
    closed_ = true;
    stream_.close();
}
void Server::Impl::Session::close_if_idle() {
    if (!busy_) close();
}
void Server::Impl::Session::wake() { alarm_.cancel(); }

void Server::Impl::Session::begin_waiting() {
    Waiting& list = server_.waiting_[known_ ? 1 : 0];
    if (!waiting_) waiting_ = list.insert(list.end(), this);
}

void Server::Impl::Session::end_waiting() {
    if (waiting_) server_.waiting_[known_ ? 1 : 0].erase(*waiting_);
    waiting_.reset();
}

asio::awaitable<void> Server::Impl::Session::serve() {
    while (!server_.stopping_) {
        const bool arrived = co_await await_request();
        if (!arrived) co_return;
        busy_ = true;
        const bool again = co_await serve_one();
        busy_ = false;
        if (!again) co_return;
        reader_.shrink();
        begin_waiting();
    }
}

// False when the peer left or stayed silent.
asio::awaitable<bool> Server::Impl::Session::await_request() {
    if (reader_.has_bytes()) co_return true;
    stream_.expires_after(server_.options_.limits.idle_timeout);
    const error_code error = co_await receive(first_read_bytes);
    co_return !error;
}

// True when the connection may carry another request.
asio::awaitable<bool> Server::Impl::Session::serve_one() {
    const auto head = co_await read_head();
    if (!head) co_return false;
    Exchange exchange(server_.receiving_);
    bool whole = false;  // the request has been read to its end
    if (*head == State::head) {
        exchange.reply.keep_alive = reader_.keep_alive();
        exchange.reply.head_only = reader_.message().method() == http::verb::head;
        admit(exchange);
        whole = !reader_.has_body();
    } else {
        exchange.reply.response = to_response(reader_);
    }
    if (exchange.terms) {
        const bool there = co_await read_body(&exchange);
        if (!there) co_return false;
        whole = exchange.terms != nullptr;
        end_waiting();
    }
    if (exchange.terms) {
        auto response = co_await answer(&exchange);
        if (!response) co_return false;
        exchange.reply.response = std::move(*response);
    }
    const bool again = whole && exchange.reply.keep_alive && !server_.stopping_;
    exchange.reply.keep_alive = again;
    const bool written = co_await write(&exchange);
    if (written && !whole) co_await drain();
    co_return written&& again;
}

asio::awaitable<std::optional<RequestReader::State>> Server::Impl::Session::read_head() {
    const auto& limits = server_.options_.limits;
    reader_.begin(
        {.header_bytes_max = limits.header_bytes_max, .body_bytes_max = limits.body_bytes_max});
    stream_.expires_after(limits.read_timeout);
    State state = reader_.parse();
    while (state == State::incomplete) {
        const error_code error = co_await receive(read_bytes);
        if (error) co_return std::nullopt;
        state = reader_.parse();
    }
    co_return state;
}

void Server::Impl::Session::admit(Exchange& exchange) {
    exchange.request = to_request(reader_);
    if (!exchange.request.path.starts_with('/') || !wire::is_target(exchange.request.path)) {
        exchange.reply.response =
            error_response(ErrorCode::validation_error, "The request target must be a path");
        return;
    }
    auto admitted = server_.admit_(exchange.request);
    if (auto* refused = std::get_if<Response>(&admitted)) {
        exchange.reply.response = std::move(*refused);
        return;
    }
    exchange.terms = std::get<0>(std::move(admitted));
    exchange.kind = exchange.terms->kind;
    if (auto refused = refusal_of_body(exchange)) {
        exchange.reply.response = std::move(*refused);
        exchange.terms = nullptr;
        return;
    }
    // From here on a close would cost a request. One of a stranger's is none until its body is
    // there.
    if (exchange.kind == RouteKind::internal || !reader_.has_body()) end_waiting();
    known_ = known_ || exchange.kind == RouteKind::internal;
}

std::optional<Response> Server::Impl::Session::refusal_of_body(Exchange& exchange) {
    if (!reader_.has_body()) return std::nullopt;
    const auto& limits = server_.options_.limits;
    const std::size_t bytes_max = std::min(
        exchange.terms->body_bytes_max.value_or(limits.body_bytes_max), limits.body_bytes_max);
    const auto length = reader_.length();
    if (bytes_max == 0 || length.value_or(0) > bytes_max) {
        return error_response(ErrorCode::payload_too_large, "The request body is too large");
    }
    reader_.limit_body(bytes_max);
    if (!exchange.claim.grow_to(static_cast<std::size_t>(length.value_or(0)))) {
        return overloaded("Too much is being received; try again");
    }
    return std::nullopt;
}

asio::awaitable<bool> Server::Impl::Session::read_body(Exchange* exchange) {
    const auto& limits = server_.options_.limits;
    const Pace pace(limits.read_timeout, limits.bytes_per_second_min, Clock::now());
    State state = reader_.parse();
    if (state == State::incomplete) co_await greet();
    while (state == State::incomplete) {
        if (!exchange->claim.grow_to(reader_.body_capacity())) {
            exchange->reply.response = overloaded("Too much is being received; try again");
            exchange->terms = nullptr;
            co_return true;
        }
        stream_.expires_at(pace.next(reader_.body_bytes(), Clock::now()));
        const error_code error = co_await receive(read_bytes);
        if (error) co_return false;
        state = reader_.parse();
    }
    if (state == State::faulty) {
        exchange->reply.response = to_response(reader_);
        exchange->terms = nullptr;
    } else {
        exchange->request.body = reader_.take_body();
    }
    co_return true;
}

// A client with a large body may wait for a word before it sends that.
asio::awaitable<void> Server::Impl::Session::greet() {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!beast::iequals(reader_.message()[http::field::expect], "100-continue")) co_return;
    error_code ignored;  // the next read shows the same
    const auto bytes = asio::buffer(go_on);
    co_await asio::async_write(stream_, bytes, asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<error_code> Server::Impl::Session::receive(std::size_t bytes) {
    error_code error;
    const auto space = reader_.space(bytes);
    const std::size_t got =
        co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    reader_.received(got);
    // What had arrived before a newcomer took this connection's place.
    if (closed_ && !error) error = asio::error::operation_aborted;
    co_return error;
}

// Nothing when the peer left meanwhile.
asio::awaitable<std::optional<Response>> Server::Impl::Session::answer(Exchange* exchange) {
    Handled handled = co_await handle(exchange);
    exchange->claim.release();
    if (!handled.deferral) co_return std::move(handled.response);
    auto waiting = await_answer(std::move(handled.deferral));
    auto response = co_await std::move(waiting);
    server_.deferred_.fetch_sub(1, std::memory_order_relaxed);
    co_return response;
}

// The session does not end before the handler has, so the job may refer to it.
asio::awaitable<Handled> Server::Impl::Session::handle(Exchange* exchange) {
    auto request = std::make_shared<Request>(std::move(exchange->request));
    auto handled = std::make_shared<Handled>(Handled{.response = {.status = 500}});
    auto done = std::make_shared<bool>(false);  // set and read by the I/O thread
    auto job = [this, request, handled, done, terms = exchange->terms] {
        process::contain("a request's handler failed",
                         [&] { *handled = server_.run_handler(terms->handler, *request, *this); });
        server_.on_io_thread([this, done] {
            *done = true;
            wake();
        });
    };
    if (!server_.lane(exchange->kind).workers.submit(std::move(job))) {
        co_return Handled{.response = overloaded("Too many requests are waiting")};
    }
    error_code ignored;
    while (!*done) {
        alarm_.expires_at(Clock::time_point::max());
        co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::move(*handled);
}

asio::awaitable<std::optional<Response>> Server::Impl::Session::await_answer(
    std::shared_ptr<Deferral> deferral) {
    error_code ignored;
    watch_peer();
    // Whatever sets the alarm off does so on this thread, so nothing gets lost between look and
    // wait.
    while (!deferral->answered() && !peer_left_ && !server_.stopping_) {
        alarm_.expires_at(Clock::time_point::max());
        co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    stream_.socket().cancel(ignored);  // the watch
    auto response = deferral->close();
    if (response || peer_left_) co_return response;
    co_return overloaded("The server is stopping");
}

void Server::Impl::Session::watch_peer() {
    const auto on_readable = [self = shared_from_this()](const error_code& error) {
        if (error) return;
        self->peer_left_ = self->peer_closed();
        self->wake();
    };
    stream_.socket().async_wait(tcp::socket::wait_read, on_readable);
}

// Without taking anything: what has come may be the next request.
bool Server::Impl::Session::peer_closed() {
    char next = 0;
    const auto got = ::recv(stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// Clients that read slowly keep their responses in memory: all of them together are bounded.
asio::awaitable<bool> Server::Impl::Session::write(Exchange* exchange) {
    const auto& limits = server_.options_.limits;
    auto& sending = server_.lane(exchange->kind).sending;
    WireResponse& reply = exchange->reply;
    if (!make_room(sending, body_of(reply).size())) {
        reply.response = overloaded("Too much is being sent; try again");
    }
    const std::string head = to_head(reply);
    const std::string_view body = body_of(reply);
    Sending<Session>::Part part(sending, *this, counted(body), Clock::now());
    const Pace pace(limits.write_timeout, limits.bytes_per_second_min, Clock::now());
    std::array<asio::const_buffer, 2> rest{asio::buffer(head), asio::buffer(body)};
    std::size_t sent = 0;
    while (rest[0].size() + rest[1].size() > 0) {
        stream_.expires_at(pace.next(sent, Clock::now()));
        error_code error;
        const std::size_t some = co_await stream_.async_write_some(
            rest, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
        const std::size_t of_head = std::min(some, rest[0].size());
        rest[0] += of_head;
        rest[1] += some - of_head;
        sent += some;
        part.sent(some);
    }
    co_return true;
}

bool Server::Impl::Session::make_room(Sending<Session>& sending, std::size_t bytes) const {
    if (bytes <= small_bytes) return true;
    const auto now = Clock::now();
    while (!sending.has_room(bytes)) {
        Session* const slowest =
            sending.give_up_slowest(now - server_.options_.limits.write_timeout, now);
        if (slowest == nullptr) return false;
        slowest->close();
    }
    return true;
}

// What a peer still sends of a refused body is read and forgotten for a moment.
asio::awaitable<void> Server::Impl::Session::drain() {
    busy_ = false;
    begin_waiting();
    error_code error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    stream_.expires_after(drain_timeout);
    while (!error && !server_.stopping_) {
        reader_.forget_bytes();
        error = co_await receive(read_bytes);
    }
}

}  // namespace tutti::services::http
