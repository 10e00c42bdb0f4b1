// One socket under a deadline: what transport and websocket share. For files that include Asio
// only.
//
// An operation is started, the context runs until it completes or the deadline passes, and then the
// socket is closed, which completes it. `cancel` posts the same closing; if no operation is in
// progress, the next one runs into it.
//
// Thread-safety: one thread at a time, but `cancel` from any thread at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include "common/net/transport.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::net {

class TrustedRoots {
public:
    boost::asio::ssl::context context{boost::asio::ssl::context::tls_client};
};

[[nodiscard]] Error to_error(const boost::system::error_code& error);

class Socket {
public:
    template <class Operation>
    Result<std::size_t> run(const Operation& start, TimePoint deadline);

    template <class Stream>
    Result<void> write(Stream& stream, std::string_view bytes, TimePoint deadline);
    // The TLS handshake of a stream on this socket, which must be that host.
    template <class Stream>
    Result<void> secure(Stream& stream, const std::string& host, TimePoint deadline);
    template <class Stream>
    Result<std::size_t> read_some(Stream& stream, std::span<char> to, TimePoint deadline);

    Result<void> connect(boost::asio::ip::tcp::socket& socket, const Addresses& addresses,
                         std::uint16_t port, TimePoint deadline);
    Result<void> connect_one(boost::asio::ip::tcp::socket& socket,
                             const boost::asio::ip::tcp::endpoint& endpoint, TimePoint deadline);

    void cancel() {
        cancelled_.store(true);
        boost::asio::post(context_, [this] { close(); });
    }
    void close() {
        boost::system::error_code ignored;
        lowest_->close(ignored);
    }

    [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_.load(); }
    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    // The lowest layer of the stream that is built on this. Once, before anything else.
    void attach(boost::asio::ip::tcp::socket& lowest) { lowest_ = &lowest; }

private:
    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::socket* lowest_ = nullptr;
    // Set before the socket is closed, read after an error of it.
    std::atomic<bool> cancelled_{false};
};

template <class Operation>
Result<std::size_t> Socket::run(const Operation& start, TimePoint deadline) {
    std::optional<std::pair<boost::system::error_code, std::size_t>> done;
    if (cancelled_.load()) return fail(Errc::stopped, {}, "the client was stopped");
    if (Boottime::now() >= deadline) return fail(Errc::timeout, {}, "the deadline passed");
    context_.restart();
    start([&done](const boost::system::error_code& error, std::size_t bytes = 0) {
        done.emplace(error, bytes);
    });
    context_.run_for(time_left(deadline, Boottime::now()));
    const bool late = !done;
    if (late) {
        close();
        context_.restart();
        context_.run();
    }
    if (cancelled_.load()) return fail(Errc::stopped, {}, "the client was stopped");
    if (late) return fail(Errc::timeout, {}, "the deadline passed");
    if (done->first && done->first != boost::asio::error::eof &&
        done->first != boost::asio::ssl::error::stream_truncated) {
        return fail(to_error(done->first));
    }
    return done->second;  // 0 at the end of the stream
}

template <class Stream>
Result<void> Socket::write(Stream& stream, std::string_view bytes, TimePoint deadline) {
    const auto written = run(
        [&](auto done) {
            boost::asio::async_write(stream, boost::asio::buffer(bytes), std::move(done));
        },
        deadline);
    if (!written) return fail(written.error());
    if (*written != bytes.size()) return fail(Errc::unavailable, {}, "the connection was closed");
    return {};
}

template <class Stream>
Result<std::size_t> Socket::read_some(Stream& stream, std::span<char> to, TimePoint deadline) {
    return run(
        [&](auto done) {
            stream.async_read_some(boost::asio::buffer(to.data(), to.size()), std::move(done));
        },
        deadline);
}

template <class Stream>
Result<void> Socket::secure(Stream& stream, const std::string& host, TimePoint deadline) {
    stream.set_verify_callback(boost::asio::ssl::host_name_verification(host));
    SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    const auto secured = run(
        [&](auto done) {
            stream.async_handshake(boost::asio::ssl::stream_base::client, std::move(done));
        },
        deadline);
    if (!secured) return fail(secured.error());
    if (SSL_is_init_finished(stream.native_handle()) == 0) {
        return fail(Errc::protocol, {}, "the peer ended the TLS handshake");
    }
    return {};
}

}  // namespace tutti::services::net
