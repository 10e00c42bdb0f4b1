// The server behind Server: what its connections share. For the server's own sources only.
//
// One I/O thread runs the acceptor and one coroutine per connection; pools of workers run handlers.
//
// Invariants:
// - Everything here but `deferred_` and what `mutex_` guards is touched by the I/O thread only.
// - A session is in `sessions_` exactly while its coroutine runs; the last one to leave wakes
// `stop`.
// - A session is in a list of `waiting_` exactly while closing it does not cost a request that was
// let in.
// - A co_await is a statement of its own and its arguments have names: GCC 12 destroys temporaries
//   in such an expression twice.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "common/http/deferral.hpp"
#include "common/http/handler_pool.hpp"
#include "common/http/server.hpp"
#include "common/http/transfer.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::http {

// What a handler said, or what its answer will come from.
struct Handled {
    Response response{};
    std::shared_ptr<Deferral> deferral = nullptr;
};

class Server::Impl {
public:
    using Admit = std::function<Admitted(Request& head)>;

    Impl(Options options, Admit admit);

    Result<void> listen();
    void run();
    void stop();
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    class Session;
    using Waiting = std::list<Session*>;  // the longest first

    // Of one kind of route.
    struct Lane {
        explicit Lane(const Pool& limits)
            : workers({.threads = limits.workers, .queued_max = limits.queued_max}),
              sending(limits.sending_bytes_max) {}

        HandlerPool workers;
        Sending<Session> sending;
    };

    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> accept_one();
    void open(boost::asio::ip::tcp::socket socket);
    void close(Session* session, const std::exception_ptr& error);
    void close_if_drained();
    // Ends the connection that has waited longest. False when none waits.
    bool make_room();
    void refuse(boost::asio::ip::tcp::socket& socket);
    [[nodiscard]] Lane& lane(RouteKind kind);
    // On the I/O thread, sooner or later: not even a lack of memory may lose it.
    void on_io_thread(const std::function<void()>& call);
    // On a worker.
    [[nodiscard]] Handled run_handler(const Handler& handler, const Request& request,
                                      Session& session);
    [[nodiscard]] Handled defer(const Start& start, Session& session);

    const Options options_;
    const Admit admit_;
    std::uint16_t port_ = 0;

    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    std::unordered_set<Session*> sessions_;
    std::size_t connections_max_ = 0;  // what limits and descriptors allow
    // Of those that never called an internal route, and of the others.
    std::array<Waiting, 2> waiting_;
    bool stopping_ = false;
    Budget receiving_;

    std::array<Lane, route_kinds> lanes_;
    std::atomic<std::size_t> deferred_{0};  // deferrals that are not closed; a count only

    detail::Mutex mutex_;
    std::condition_variable changed_;
    bool drained_ TUTTI_GUARDED_BY(mutex_) = false;  // stopping, and no session is left
    bool stopped_ TUTTI_GUARDED_BY(mutex_) = false;
    std::jthread io_thread_;
};

}  // namespace tutti::services::http
