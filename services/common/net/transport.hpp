// A connection of an HTTP client, plain or TLS, with blocking operations that keep a deadline. The
// calling thread runs the I/O itself, so a call costs no change of threads.
//
// Thread-safety: one thread at a time, but `cancel` from any thread at any time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/url.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::net {

// A numeric address as text; the transport turns it into what its library wants.
using Addresses = std::vector<std::string>;

class Transport {
public:
    virtual ~Transport() = default;

    // Tries the addresses in turn. With TLS, the handshake too. Errors: unavailable, timeout,
    // stopped, protocol (the certificate is not trusted or not for this host).
    [[nodiscard]] virtual Result<void> connect(const Addresses& addresses, TimePoint deadline) = 0;
    // Writes all of it. An error says nothing about how much went out.
    [[nodiscard]] virtual Result<void> write(std::string_view bytes, TimePoint deadline) = 0;
    // At least one byte, or 0 when the peer has closed its side.
    [[nodiscard]] virtual Result<std::size_t> read_some(std::span<char> to, TimePoint deadline) = 0;
    // False when the peer has closed an idle connection or sent something unasked for. Does not
    // block.
    [[nodiscard]] virtual bool reusable() = 0;
    // Ends the operation in progress, and every later one, with `stopped`. Does not block.
    virtual void cancel() = 0;
};

// Trusted roots, loaded once and shared by connections. May be null for http.
class TrustedRoots;
// `ca_file` is PEM; empty: the system's authorities. Errors: invalid_option.
[[nodiscard]] Result<std::shared_ptr<TrustedRoots>> load_trusted_roots(const std::string& ca_file);

// Errors: unavailable (the process has no descriptor left).
[[nodiscard]] Result<std::unique_ptr<Transport>> make_transport(
    const HttpUrl& url, std::shared_ptr<TrustedRoots> context);

// Names to addresses, within a deadline that getaddrinfo itself does not know: one thread looks up,
// the caller waits for it as long as it may.
class Resolver {
public:
    Resolver();
    // Waits for a lookup in progress: the system's resolver cannot be interrupted.
    ~Resolver();

    // A numeric host is returned as it is. Errors: unavailable, timeout, stopped.
    [[nodiscard]] Result<Addresses> resolve(const std::string& host, TimePoint deadline);
    // Ends the waiting of callers. Does not block.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::net
