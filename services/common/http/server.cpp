#include "common/http/server.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include "common/http/errors.hpp"
#include "common/http/server_checks.hpp"
#include "common/http/server_impl.hpp"
#include "common/http/server_session.hpp"
#include "common/net/close_on_exec.hpp"
#include "common/process/edge.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds pause_after_failure{50};
constexpr std::string_view cannot_accept = "cannot accept connections";

Response call(const Handler& handler, const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        return error_response(ErrorCode::internal_error, error.what());
    } catch (...) {
        return error_response(ErrorCode::internal_error, "The handler failed");
    }
}

}  // namespace

Server::Impl::Impl(Options options, Admit admit)
    : options_(std::move(options)),
      admit_(std::move(admit)),
      receiving_(options_.limits.receiving_bytes_max),
      // In the order of RouteKind.
      lanes_{Lane(options_.limits.internal), Lane(options_.limits.open),
             Lane(options_.limits.observability)} {}

Result<void> Server::Impl::listen() {
    const auto connections = connections_allowed(options_.limits);
    if (!connections) return fail(connections.error());
    connections_max_ = *connections;
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
        return fail(Errc::invalid_option, "http server",
                    "the listen address must be a numeric IPv4 or IPv6 address, such as 127.0.0.1");
    }
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) net::close_on_exec(acceptor_);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(listen_error(error, options_));
    port_ = acceptor_.local_endpoint().port();
    return {};
}

void Server::Impl::run() {
    // What is thrown comes out of `accept` never, and out of the I/O context only when a handler of
    // it that is not a coroutine throws; the context goes on where it was.
    asio::co_spawn(io_, accept(), [](const std::exception_ptr& error) {
        if (error) process::log_thrown(cannot_accept, error);
    });
    io_thread_ = std::jthread([this] {
        while (!process::contain("the I/O thread of the HTTP server", [this] { io_.run(); })) {
        }
    });
}

asio::awaitable<void> Server::Impl::accept() {
    while (!stopping_) {
        bool failed = false;
        try {
            co_await accept_one();
        } catch (...) {
            process::log_thrown(cannot_accept, std::current_exception());
            failed = true;
        }
        if (!failed || stopping_) continue;
        asio::steady_timer pause(io_, pause_after_failure);
        error_code ignored;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<void> Server::Impl::accept_one() {
    error_code error;
    auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return open(std::move(socket));
    if (stopping_ || error == asio::error::connection_aborted) co_return;
    // With one connection less there is a descriptor again.
    const bool exhausted = error == asio::error::no_descriptors ||
                           error == boost::system::errc::too_many_files_open_in_system;
    if (!exhausted || !make_room()) throw boost::system::system_error(error);
    log::warn(cannot_accept,
              error.message() + "; the one that waited longest for a request makes room");
}

void Server::Impl::open(tcp::socket socket) {
    error_code ignored;
    net::close_on_exec(socket);
    socket.set_option(tcp::no_delay(true), ignored);
    if (sessions_.size() >= connections_max_ && !make_room()) return refuse(socket);
    auto session = std::make_shared<Session>(*this, std::move(socket));
    try {
        sessions_.insert(session.get());
        session->begin_waiting();
        asio::co_spawn(io_, session->serve(), [this, session](const std::exception_ptr& error) {
            close(session.get(), error);
        });
    } catch (...) {
        close(session.get(), std::current_exception());
    }
}

void Server::Impl::refuse(tcp::socket& socket) {
    const WireResponse reply{
        .response = error_response(ErrorCode::service_unavailable, "Too many connections")};
    const std::string bytes = to_head(reply) + reply.response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(bytes), ignored);
}

bool Server::Impl::make_room() {
    for (Waiting& waiting : waiting_) {
        if (waiting.empty()) continue;
        Session* const oldest = waiting.front();
        oldest->end_waiting();
        oldest->close();
        // Its coroutine sees that later; it counts no more from now on.
        sessions_.erase(oldest);
        return true;
    }
    return false;
}

void Server::Impl::close(Session* session, const std::exception_ptr& error) {
    if (error) process::log_thrown("a connection of the HTTP server failed", error);
    session->end_waiting();
    session->close();
    sessions_.erase(session);
    close_if_drained();
}

void Server::Impl::close_if_drained() {
    if (!stopping_ || !sessions_.empty()) return;
    const detail::Lock lock(mutex_);
    drained_ = true;
    changed_.notify_all();
}

Server::Impl::Lane& Server::Impl::lane(RouteKind kind) { return lanes_[std::to_underlying(kind)]; }

void Server::Impl::on_io_thread(const std::function<void()>& call) {
    while (!process::contain("the HTTP server cannot take an answer",
                             [&] { asio::post(io_, call); })) {
        std::this_thread::yield();
    }
}

Handled Server::Impl::run_handler(const Handler& handler, const Request& request,
                                  Session& session) {
    Response response = call(handler, request);
    if (response.later) return defer(response.later, session);
    return Handled{std::move(response)};
}

Handled Server::Impl::defer(const Start& start, Session& session) {
    // By then another session may have this address; waking that one does no harm.
    auto deferral = std::make_shared<Deferral>([this, at = &session] {
        on_io_thread([this, at] {
            if (sessions_.contains(at)) at->wake();
        });
    });
    if (deferred_.fetch_add(1, std::memory_order_relaxed) >= options_.limits.deferred_max) {
        deferred_.fetch_sub(1, std::memory_order_relaxed);
        return {error_response(ErrorCode::service_unavailable, "Too many requests are waiting")};
    }
    Deferral::begin(deferral, start);
    return {.response = {}, .deferral = std::move(deferral)};
}

void Server::Impl::stop() {
    detail::Lock lock(mutex_);
    if (std::exchange(stopped_, true) || !io_thread_.joinable()) return;
    on_io_thread([this] {
        stopping_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        for (auto* session : sessions_) {
            session->close_if_idle();
            session->wake();
        }
        close_if_drained();
    });
    const auto drained = [this]() TUTTI_REQUIRES(mutex_) { return drained_; };
    if (!changed_.wait_for(lock.waiting(), options_.limits.stop_timeout, drained)) {
        on_io_thread([this] {
            for (auto* session : sessions_) session->close();
        });
        changed_.wait(lock.waiting(), drained);
    }
    lock.unlock();
    io_thread_.join();
    for (Lane& each : lanes_) each.workers.stop();
}

Result<std::unique_ptr<Server>> Server::start(Options options, Router router) {
    return start_with(std::move(options),
                      [router = std::move(router)](Request& head) { return router.admit(head); });
}

Result<std::unique_ptr<Server>> Server::start(Options options, Handler handler) {
    auto terms = std::make_shared<const Admission>(Admission{.handler = std::move(handler)});
    return start_with(std::move(options), [terms](Request&) { return Admitted(terms); });
}

Result<std::unique_ptr<Server>> Server::start_with(Options options, Impl::Admit admit) {
    if (auto wrong = check(options)) return fail(std::move(*wrong));
    try {
        auto impl = std::make_unique<Impl>(std::move(options), std::move(admit));
        if (auto listening = impl->listen(); !listening) return fail(listening.error());
        impl->run();
        return std::unique_ptr<Server>(new Server(std::move(impl)));
    } catch (...) {
        return fail(Errc::unavailable, "http server", process::text_of(std::current_exception()));
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }
std::uint16_t Server::port() const noexcept { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace tutti::services::http
