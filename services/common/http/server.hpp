// An HTTP/1.1 server whose handler may block.
//
// One thread does all network I/O; handlers run on a bounded pool of workers, so a slow handler
// delays neither the reading of other requests nor their timeouts. Everything that a peer controls
// has a limit: too large, too slow and too many are answered (or cut off), never buffered. Each
// refusal carries the services' JSON error body.
//
//     auto server = HttpServer::start({.port = 0}, [&](const HttpRequest& request) {
//         return router.handle(request);
//     });
//     if (!server) return fail(server.error());      // "port 3000 is in use ..."
//     std::uint16_t port = (*server)->port();
//
// 204 and 304 are sent without a body, whatever the handler put there.
// A handler that throws is answered with 500 INTERNAL_ERROR and the exception's text. One whose answer takes
// long returns a `deferred_response` (message.hpp) and holds no worker meanwhile; a client that closes its
// side of the connection counts as gone then, unless it has sent its next request before.
//
// Not offered: TLS (a proxy's job), chunked responses, pipelined requests side by side, upgrades.
//
// Thread-safety: all functions may be called from any thread, but `stop` not from a handler.
// Shutdown: stop the server before anything that its handler uses.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/http/message.hpp"
#include "common/http/router.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

class HttpServer {
public:
    struct Limits {
        std::size_t body_bytes_max = 10U << 20U;    // above: 413, the connection is closed
        std::size_t header_bytes_max = 16U << 10U;  // request line and fields together; above: 431
        std::size_t connections_max = 1024;         // above: accepted, answered with 503 and closed
        std::size_t workers = 8;                    // handlers that run at the same time
        std::size_t queued_max = 256;               // requests that wait for a worker; above: 503
        std::size_t deferred_max = 512;             // deferred answers that are awaited; above: 503
        std::size_t sending_bytes_max = 256U << 20U;  // of responses that clients read; above: 503
        // From a request's first byte to its last; then the connection is closed.
        std::chrono::milliseconds read_timeout{10'000};
        std::chrono::milliseconds idle_timeout{60'000};   // kept-alive without a request: closed
        std::chrono::milliseconds write_timeout{10'000};  // for a response: closed
        std::chrono::milliseconds stop_timeout{5'000};  // what `stop` grants to requests in flight
    };

    struct Options {
        std::string address =
            "127.0.0.1";         // a numeric IPv4 or IPv6 address; "0.0.0.0" = every interface
        std::uint16_t port = 0;  // 0 = a free one, see `port()`
        Limits limits{};
    };

    // Listens when it returns. Errors: invalid_option (not a numeric address, a limit of zero),
    // unavailable (the port is in use, the address is not of this machine), refused (a privileged
    // port).
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(Options options,
                                                                   HttpHandler handler);

    // Stops if that was not done.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

    // Closes the port and all idle connections, answers those that wait for a deferred answer with 503, lets
    // other requests in flight end and be answered, and cuts off those that have not after `stop_timeout`. No thread is left afterwards. Blocking:
    // `stop_timeout`, and as long as a handler that already runs takes to return; handlers keep
    // deadlines of their own. Idempotent.
    void stop();

private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services
