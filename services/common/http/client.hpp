// A blocking HTTP/1.1 client for one upstream: a bounded pool of kept-alive connections.
//
// A process has one client for each upstream, so that a slow one fills its own pool and no other:
// calls over `concurrent_max` wait in a bounded queue, and over that they are refused at once.
//
// Every call has a deadline and holds it: waiting for a free slot, resolving, connecting, the TLS
// handshake, writing and reading together take no longer. The calling thread does the I/O; the
// client has one thread of its own, for name resolution only.
//
//     Client gateway({.name = "gateway-interactive", .concurrent_max = 32});
//     auto got = gateway.send("http://127.0.0.1:3000/user/channel/42",
//                             {.headers = {{"X-Service-Auth", secret}}}, Boottime::now() + 5s);
//
// An answer with any status is a response, not an error. Errors (`Error::code`):
//   invalid_option  the URL or a header cannot be sent as given
//   unavailable     network: unknown host, refused, reset, closed before the response was complete
//   timeout         the deadline passed; the server may still act on the request
//   protocol        the peer's bytes are not HTTP, or its certificate is not trusted for the host
//   too_large       the response is over `response_bytes_max`
//   overloaded      not sent: the queue is full, or no slot became free before the deadline
//   refused         not sent: `permits` allows none of the host's addresses
//   stopped         `stop` was called
// A pooled connection may have been closed by the server meanwhile. Then the request goes once more
// over a fresh connection, but only if its method is idempotent (GET, HEAD, PUT, DELETE, OPTIONS)
// or the server cannot have seen all of it.
//
// Not offered: redirects, cookies, proxies, compression, streaming.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/http/metrics.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::http {

class Client {
public:
    struct Options {
        // The upstream: begins every error ("gateway GET /health") and labels the metrics.
        std::string name = "http";
        std::size_t concurrent_max = 64;  // calls in flight; zero: none
        std::size_t queued_max = 256;     // calls that wait for a slot; above: overloaded, at once
        // No call takes longer, whatever its deadline; the wait for a slot counts.
        std::chrono::milliseconds call_timeout{60'000};
        std::size_t idle_max = 16;                    // connections kept for later, per origin
        std::size_t response_bytes_max = 10U << 20U;  // of a body
        std::chrono::milliseconds idle_timeout{
            30'000};            // an older kept connection is not used again
        std::string ca_file{};  // PEM of trusted roots; empty = the system's
        // Whether a connection may go to this numeric address; empty: to every one. Asked about
        // what a name has resolved to, so a name cannot promise one address and lead to another.
        std::function<bool(std::string_view origin, std::string_view address)> permits{};
    };

    // What a failed call leaves open.
    struct Trace {
        bool begun =
            false;  // bytes of the request may have reached the server, which may act on them
    };

    explicit Client(Options options);
    Client() : Client(Options{}) {}
    // Stops. Requires: no call of `send` is in progress or begins.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Sends `request` to `url` ("http://host:port/path?query"; http or https). The path and query
    // of the URL are what is sent; those of `request` are appended to it when they are not the
    // default ("/" and ""), so one may keep a base URL and vary the request. Host, Content-Length,
    // Connection and User-Agent are set here. Blocking: until `deadline`, or for `call_timeout`, at
    // most.
    [[nodiscard]] Result<Response> send(std::string_view url, const Request& request,
                                        TimePoint deadline);
    [[nodiscard]] Result<Response> send(std::string_view url, const Request& request,
                                        TimePoint deadline, Trace& trace);

    [[nodiscard]] Metrics metrics() const;

    // Ends calls in progress with `stopped` and refuses new ones. Does not wait for them.
    // Idempotent.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::http
