// Where a server is and how to log in, from a URL:
//
//     redis://[[user]:password@]host[:port][/database]
//     rediss://[[user]:password@]host[:port][/database][?ca=FILE][&cert=FILE&key=FILE]     TLS
//     unix://[[user]:password@]/path/to.sock[?db=database]         (also redis+unix://)
//     redis+sentinel://[[user]:password@]host[:port],host[:port].../name[/database]
//
// The last names Sentinels and the group of servers that they watch; user and password are those of
// the servers. `rediss+sentinel` is TLS to all of them. Options stand behind a '?', with '&'
// between them: `ca`, `cert` and `key` of TLS; `sentinel_user` and `sentinel_password`, what the
// Sentinels ask for; and `replicas=N` of every kind: how many replicas the server has or may ever
// be given, not counting itself. With it `done` is claimed on such a server (docs/coherence.md,
// W5).
//
// User, password, paths and the group's name may be percent-encoded. An IPv6 address stands in
// brackets. TLS always verifies the server's certificate and that it is for `host`; `ca` names the
// authorities to trust instead of the system's, `cert` and `key` what a server that asks for it is
// shown.
//
// No error text quotes any part of the URL: where it is malformed, it is not known which part the
// password is. Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

namespace tutti::redis {

// PEM files.
struct TlsFiles {
    std::string ca;           // empty: the system's authorities
    std::string certificate;  // of this client, its own first; empty: none
    std::string key;          // of the certificate

    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

struct Address {
    std::string host;
    std::uint16_t port = 0;

    // "127.0.0.1:6379" or "[::1]:6379".
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Address&, const Address&) = default;
};

// Who knows where the server is.
struct SentinelGroup {
    std::vector<Address> sentinels;  // one at least
    std::string name;                // of the servers that they watch
    std::string user;                // at the Sentinels; empty: the default user
    std::string password;            // empty: they ask for none

    friend bool operator==(const SentinelGroup&, const SentinelGroup&) = default;
};

struct Url {
    std::string host;  // empty: `path` is used, or `sentinel` knows it
    std::uint16_t port = 6379;
    std::string path;
    std::string user;  // empty: the default user
    std::string password;
    std::uint32_t database = 0;
    std::optional<TlsFiles> tls;            // absent: a plain connection
    std::optional<SentinelGroup> sentinel;  // absent: the server is where this says
    std::uint32_t replicas = 0;             // that the server may have; 0: not said

    // Errors: Errc::invalid_option.
    [[nodiscard]] static Result<Url> parse(std::string_view text);

    [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
    // "127.0.0.1:6379", "[::1]:6379", the path, or "the primary of 'name'": for messages about the
    // connection.
    [[nodiscard]] std::string endpoint() const;
    // The URL for logs, with `***` in place of the password and without the files and the login at
    // the Sentinels.
    [[nodiscard]] std::string redacted() const;
    // The same of the server that the Sentinels have named.
    [[nodiscard]] Url at(const Address& found) const;
    // Of one of them, with its login. Requires: `sentinel`.
    [[nodiscard]] Url of_sentinel(const Address& asked) const;
};

}  // namespace tutti::redis
