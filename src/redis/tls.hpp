// TLS on a connected socket, behind an interface of our own: Asio's headers for it cost seconds in
// every file that reaches them, so only tls.cpp does.
//
// Verification is always on: the chain up to a trusted authority, and that the certificate is for
// the host of the URL (a name, or an address that the certificate lists as one). There is no option
// to do without. TLS 1.2 or newer.
//
// Thread-safety: a TlsContext is shared; a TlsStream belongs to the event loop's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

#include "tutti/error.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// Authorities and the client's own certificate, read once. What changes on the disk later counts
// for nodes that are created later.
class TlsContext;

// Errors: invalid_option, naming the URL's option and the file.
[[nodiscard]] Result<std::shared_ptr<const TlsContext>> load_tls(const TlsFiles& files);

// The peer has closed its side, with or without TLS's own goodbye.
[[nodiscard]] bool is_end(const boost::system::error_code& error);
// Of TLS itself, and not of the socket below.
[[nodiscard]] bool is_tls_error(const boost::system::error_code& error);

// One read and one write may be under way at a time. Closing the socket ends them.
class TlsStream {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Done = std::move_only_function<void(const boost::system::error_code&, std::size_t)>;

    // `socket` is borrowed, and connected.
    TlsStream(Socket& socket, std::shared_ptr<const TlsContext> context, const std::string& host);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    void handshake(std::move_only_function<void(const boost::system::error_code&)> done);
    // Buffers are borrowed until `done` is called.
    void read_some(std::span<char> to, Done done);
    void write_some(std::string_view bytes, Done done);

    // Why TLS failed, and what to change: for an error of this stream.
    [[nodiscard]] std::string describe(const boost::system::error_code& error,
                                       const TlsFiles& files) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::redis
