// Where a server is and how to log in, from a URL:
//
//     redis://[[user]:password@]host[:port][/database]
//     rediss://[[user]:password@]host[:port][/database][?ca=FILE][&cert=FILE&key=FILE]     TLS
//     unix://[[user]:password@]/path/to.sock[?db=database]         (also redis+unix://)
//
// User, password and paths may be percent-encoded. An IPv6 address stands in brackets. TLS always
// verifies the server's certificate and that it is for `host`; `ca` names the authorities to trust
// instead of the system's, `cert` and `key` what a server that asks for it is shown.
//
// No error text quotes any part of the URL: where it is malformed, it is not known which part the
// password is. Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti::redis {

// PEM files.
struct TlsFiles {
    std::string ca;           // empty: the system's authorities
    std::string certificate;  // of this client, its own first; empty: none
    std::string key;          // of the certificate

    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

struct Url {
    std::string host;  // empty: `path` is used
    std::uint16_t port = 6379;
    std::string path;
    std::string user;  // empty: the default user
    std::string password;
    std::uint32_t database = 0;
    std::optional<TlsFiles> tls;  // absent: a plain connection

    // Errors: Errc::invalid_option.
    [[nodiscard]] static Result<Url> parse(std::string_view text);

    [[nodiscard]] bool is_unix() const noexcept { return host.empty(); }
    // "127.0.0.1:6379", "[::1]:6379" or the path: for messages about the connection.
    [[nodiscard]] std::string endpoint() const;
    // The URL for logs, with `***` in place of the password and without the files.
    [[nodiscard]] std::string redacted() const;
};

}  // namespace tutti::redis
