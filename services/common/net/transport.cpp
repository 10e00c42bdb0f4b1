// Each transport owns an io_context that only the calling thread runs.
#include "common/net/transport.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "common/net/close_on_exec.hpp"
#include "common/net/transport_impl.hpp"
#include "common/process/edge.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

Error to_error(const error_code& error) {
    const bool untrusted = error.category() == asio::error::get_ssl_category();
    return {untrusted ? Errc::protocol : Errc::unavailable, {}, error.message()};
}

Result<void> Socket::connect_one(tcp::socket& socket, const tcp::endpoint& endpoint,
                                 TimePoint deadline) {
    close();
    const auto connected =
        run([&](auto done) { socket.async_connect(endpoint, std::move(done)); }, deadline);
    if (!connected) return fail(connected.error());
    error_code ignored;
    close_on_exec(socket);
    socket.set_option(tcp::no_delay(true), ignored);
    return {};
}

Result<void> Socket::connect(tcp::socket& socket, const Addresses& addresses, std::uint16_t port,
                             TimePoint deadline) {
    Result<void> result = fail(Errc::unavailable, {}, "the host has no address");
    for (const auto& address : addresses) {
        const tcp::endpoint endpoint(asio::ip::make_address(address), port);
        result = connect_one(socket, endpoint, deadline);
        if (result || result.error().code != Errc::unavailable) return result;
    }
    return result;
}

namespace {

// What an idle socket has to say, without waiting: bytes (1), the end or an error (0), nothing
// (-1).
int peek(tcp::socket& socket) {
    char byte = 0;
    const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return -1;
    return got > 0 ? 1 : 0;
}

// A socket without TLS.
class PlainTransport final : public Transport {
public:
    explicit PlainTransport(std::uint16_t port) : port_(port) { base_.attach(socket_); }

    Result<void> connect(const Addresses& addresses, TimePoint deadline) override {
        return base_.connect(socket_, addresses, port_, deadline);
    }
    Result<void> write(std::string_view bytes, TimePoint deadline) override {
        return base_.write(socket_, bytes, deadline);
    }
    Result<std::size_t> read_some(std::span<char> to, TimePoint deadline) override {
        return base_.read_some(socket_, to, deadline);
    }
    bool reusable() override { return peek(socket_) < 0; }
    void cancel() override { base_.cancel(); }

private:
    std::uint16_t port_;
    Socket base_;
    tcp::socket socket_{base_.context()};
};

class TlsTransport final : public Transport {
public:
    TlsTransport(const HttpUrl& url, std::shared_ptr<TrustedRoots> context)
        : host_(url.host), port_(url.port), context_(std::move(context)) {
        base_.attach(stream_.next_layer());
    }

    Result<void> connect(const Addresses& addresses, TimePoint deadline) override {
        if (auto connected = base_.connect(stream_.next_layer(), addresses, port_, deadline);
            !connected) {
            return connected;
        }
        return base_.secure(stream_, host_, deadline);
    }
    Result<void> write(std::string_view bytes, TimePoint deadline) override {
        return base_.write(stream_, bytes, deadline);
    }
    Result<std::size_t> read_some(std::span<char> to, TimePoint deadline) override {
        return base_.read_some(stream_, to, deadline);
    }
    // Bytes may be session tickets, which are no answer to anything.
    bool reusable() override { return peek(stream_.next_layer()) != 0; }
    void cancel() override { base_.cancel(); }

private:
    std::string host_;
    std::uint16_t port_;
    std::shared_ptr<TrustedRoots> context_;
    Socket base_;
    ssl::stream<tcp::socket> stream_{base_.context(), context_->context};
};

}  // namespace

Result<std::shared_ptr<TrustedRoots>> load_trusted_roots(const std::string& ca_file) {
    auto context = std::make_shared<TrustedRoots>();
    error_code error;
    if (ca_file.empty()) {
        context->context.set_default_verify_paths(error);
    } else {
        context->context.load_verify_file(ca_file, error);
    }
    if (error) {
        return fail(Errc::invalid_option, {},
                    "cannot load the trusted roots" + (ca_file.empty() ? "" : " from " + ca_file));
    }
    context->context.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    context->context.set_verify_mode(ssl::verify_peer);
    return context;
}

// The I/O context of each has descriptors of its own, and says only by throwing that there are
// none.
Result<std::unique_ptr<Transport>> make_transport(const HttpUrl& url,
                                                  std::shared_ptr<TrustedRoots> context) {
    return process::as_result(Errc::unavailable, [&]() -> Result<std::unique_ptr<Transport>> {
        if (url.scheme == HttpUrl::Scheme::http) return std::make_unique<PlainTransport>(url.port);
        return std::make_unique<TlsTransport>(url, std::move(context));
    });
}

namespace {

Result<Addresses> look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
        return fail(Errc::unavailable, {}, "cannot resolve " + host + ": " + ::gai_strerror(code));
    }
    Addresses addresses;
    for (const auto* at = found; at != nullptr; at = at->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    ::freeaddrinfo(found);
    return addresses;
}

}  // namespace

struct Resolver::Impl {
    struct Job {
        std::string host;
        std::optional<Result<Addresses>> result;  // under Impl::mutex
    };

    Result<void> start() TUTTI_REQUIRES(mutex) {
        if (thread.joinable()) return {};
        return process::as_result(Errc::unavailable, [this]() -> Result<void> {
            thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
            return {};
        });
    }

    void run(const std::stop_token& stop) {
        detail::Lock lock(mutex);
        const auto asked = [this]() TUTTI_REQUIRES(mutex) { return !waiting.empty(); };
        while (changed.wait(lock, stop, asked)) {
            const auto job = std::move(waiting.front());
            waiting.pop_front();
            lock.unlock();
            auto result = process::as_result(Errc::unavailable, [&] { return look_up(job->host); });
            lock.lock();
            job->result = std::move(result);
            changed.notify_all();
        }
    }

    detail::Mutex mutex;
    std::condition_variable_any changed;
    std::deque<std::shared_ptr<Job>> waiting TUTTI_GUARDED_BY(mutex);
    bool stopped TUTTI_GUARDED_BY(mutex) = false;
    std::jthread thread;  // begins with the first lookup
};

Resolver::Resolver() : impl_(std::make_unique<Impl>()) {}
Resolver::~Resolver() { stop(); }

Result<Addresses> Resolver::resolve(const std::string& host, TimePoint deadline) {
    error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    if (!not_numeric) return Addresses{host};

    auto job = std::make_shared<Impl::Job>(host);
    detail::Lock lock(impl_->mutex);
    if (auto started = impl_->start(); !started) return fail(std::move(started).error());
    impl_->waiting.push_back(job);
    impl_->changed.notify_all();
    const bool ended = impl_->changed.wait_for(
        lock, time_left(deadline, Boottime::now()),
        [&]() TUTTI_REQUIRES(impl_->mutex) { return job->result || impl_->stopped; });
    if (job->result) return std::move(*job->result);
    std::erase(impl_->waiting, job);
    if (ended) return fail(Errc::stopped, {}, "the client was stopped");
    return fail(Errc::timeout, {}, "resolving " + host + " took too long");
}

void Resolver::stop() {
    const detail::Lock lock(impl_->mutex);
    impl_->stopped = true;
    impl_->changed.notify_all();
}

}  // namespace tutti::services::net
