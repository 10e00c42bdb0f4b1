// One connection of the server. For the server's own sources only.
//
// Its coroutine suspends while a handler runs, and for a deferred answer, and waits for its alarm,
// which the answer, the peer's leaving and `stop` set off. A timeout is set before each phase
// (idle, head, body, writing, draining): see Pace for those that may go on while there is progress.
//
// Thread-safety: the server's I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/system/error_code.hpp>

#include "common/http/server_impl.hpp"
#include "common/http/server_wire.hpp"

namespace tutti::services::http {

class Server::Impl::Session : public std::enable_shared_from_this<Session> {
public:
    Session(Impl& server, boost::asio::ip::tcp::socket socket);

    boost::asio::awaitable<void> serve();
    void close();
    // Ends an idle connection; one with a request in flight goes on.
    void close_if_idle();
    // Makes one that waits for a handler or a deferred answer look again.
    void wake();

    // Enters or leaves the list of those that a newcomer may push out.
    void begin_waiting();
    void end_waiting();

private:
    using State = RequestReader::State;
    // One request and what becomes of it.
    struct Exchange {
        explicit Exchange(Budget& receiving) : claim(receiving) {}

        Request request;
        std::shared_ptr<const Admission> terms;  // null: not let in
        Budget::Claim claim;                     // of the body
        WireResponse reply;
        RouteKind kind = RouteKind::open;
    };

    boost::asio::awaitable<bool> await_request();
    boost::asio::awaitable<bool> serve_one();
    // Nothing when the peer has left or was too slow.
    boost::asio::awaitable<std::optional<State>> read_head();
    // By the head: lets the request in, or puts the answer into the reply.
    void admit(Exchange& exchange);
    [[nodiscard]] std::optional<Response> refusal_of_body(Exchange& exchange);
    // Reads the body, or puts into the reply why it is not read. False when the peer has left.
    boost::asio::awaitable<bool> read_body(Exchange* exchange);
    boost::asio::awaitable<boost::system::error_code> receive(std::size_t bytes);
    boost::asio::awaitable<void> greet();
    boost::asio::awaitable<std::optional<Response>> answer(Exchange* exchange);
    boost::asio::awaitable<Handled> handle(Exchange* exchange);
    boost::asio::awaitable<std::optional<Response>> await_answer(
        std::shared_ptr<Deferral> deferral);
    void watch_peer();
    [[nodiscard]] bool peer_closed();
    boost::asio::awaitable<bool> write(Exchange* exchange);
    [[nodiscard]] bool make_room(Sending<Session>& sending, std::size_t bytes) const;
    boost::asio::awaitable<void> drain();

    Impl& server_;
    boost::beast::tcp_stream stream_;
    boost::asio::steady_timer alarm_;
    RequestReader reader_;
    bool peer_left_ = false;  // while an answer was awaited
    bool busy_ = false;    // between the first byte of a request and the last one of its response
    bool closed_ = false;  // by this side
    bool known_ = false;   // has called an internal route
    std::optional<Waiting::iterator> waiting_;  // in the server's list
};

}  // namespace tutti::services::http
