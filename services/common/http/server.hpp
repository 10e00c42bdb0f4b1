// An HTTP/1.1 server whose handler may block, and whose peers may be hostile.
//
// One thread does all network I/O. Handlers run on bounded pools of workers, one for each kind of
// route, so that strangers on an open route hold up neither services nor monitoring; a slow
// handler delays neither the reading of other requests nor their timeouts. Whether a request may
// pass is decided by its head: what may not is answered without its body.
//
//     Router router;
//     router.add("GET", "/health", health, {.kind = RouteKind::observability});
//     auto server = Server::start({.port = 0}, std::move(router));
//     if (!server) return fail(server.error());      // "port 3000 is in use ..."
//     std::uint16_t port = (*server)->port();
//
// Everything that a peer controls has a limit: too large, too slow and too many are answered (or
// cut off), never buffered. Each refusal carries the services' JSON error body. The server's own
// memory is at most
//     connections_max * (2 * header_bytes_max + 48 KiB)
//         + receiving_bytes_max + each kind's sending_bytes_max
// At `connections_max`, and when the process has no descriptor left, the connection that has waited
// longest for a request makes room: one that never called an internal route before one that did.
//
// 204 and 304 are sent without a body, whatever the handler put there.
// A handler that throws is answered with 500 INTERNAL_ERROR and the exception's text. One whose
// answer takes long returns a `deferred_response` (message.hpp) and holds no worker meanwhile; a
// client that closes its side of the connection counts as gone then, unless it has sent its next
// request before.
//
// Transfer codings other than chunked are refused with 501; trailers are read and ignored.
// Not offered: TLS (a proxy's job), chunked responses, pipelined requests side by side, upgrades.
//
// Thread-safety: all functions may be called from any thread, but `stop` not from a handler.
// Shutdown: stop the server before anything that its handlers use.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "tutti/error.hpp"

namespace tutti::services::http {

class Server {
public:
    // What each kind of route has for itself.
    struct Pool {
        std::size_t workers = 8;       // handlers that run at the same time
        std::size_t queued_max = 256;  // requests that wait for a worker; above: 503
        // Of responses that clients read; above: the slowest client is cut off, and if there is
        // none that has had its `write_timeout`, the new response is a 503.
        std::size_t sending_bytes_max = 128U << 20U;
    };

    struct Limits {
        std::size_t body_bytes_max = 10U << 20U;    // above: 413, the connection is closed
        std::size_t header_bytes_max = 16U << 10U;  // request line and fields together; above: 431
        // Above, when none waits for a request or the body of an open one: accepted, answered with
        // 503 and closed. Fewer when the process may not have so many descriptors.
        std::size_t connections_max = 1024;
        // What the rest of the process may need at the same time, of the limit of the process.
        std::size_t descriptors_reserved = 192;
        Pool internal{};
        Pool open{.workers = 3, .queued_max = 128, .sending_bytes_max = 128U << 20U};
        Pool observability{.workers = 2, .queued_max = 64, .sending_bytes_max = 16U << 20U};
        std::size_t deferred_max = 512;  // deferred answers that are awaited; above: 503
        // Of bodies of requests that are read, wait or are handled, all together; above: 503.
        std::size_t receiving_bytes_max = 64U << 20U;
        // For a request's head, and without progress of its body; then: closed.
        std::chrono::milliseconds read_timeout{10'000};
        std::chrono::milliseconds idle_timeout{60'000};   // kept-alive without a request: closed
        std::chrono::milliseconds write_timeout{10'000};  // without progress of a response: closed
        // A body or a response as a whole may take its timeout once, and besides what this asks
        // for.
        std::size_t bytes_per_second_min = 32U << 10U;
        std::chrono::milliseconds stop_timeout{5'000};  // what `stop` grants to requests in flight
    };

    struct Options {
        std::string address =
            "127.0.0.1";         // a numeric IPv4 or IPv6 address; "0.0.0.0" = every interface
        std::uint16_t port = 0;  // 0 = a free one, see `port()`
        Limits limits{};
    };

    // Listens when it returns. Errors: invalid_option (not a numeric address, a limit of zero),
    // unavailable (the port is in use, the address is not of this machine, too few descriptors or
    // threads), refused (a privileged port).
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(Options options, Router router);
    // Every request is one of an internal route.
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(Options options, Handler handler);

    // Stops if that was not done.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    // Closes the port and all idle connections, answers those that wait for a deferred answer with
    // 503, lets other requests in flight end and be answered, and cuts off those that have not
    // after `stop_timeout`. No thread is left afterwards. Blocking: `stop_timeout`, and as long as
    // a handler that already runs takes to return; handlers keep deadlines of their own.
    // Idempotent.
    void stop();

private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    [[nodiscard]] static Result<std::unique_ptr<Server>> start_with(
        Options options, std::function<Admitted(Request& head)> admit);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::http
