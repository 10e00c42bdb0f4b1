// Until it is open there is one operation at a time, and Socket runs it. From then on a read is
// under way whenever no event waits, so each function runs the context until what it waits for is
// there.
#include "common/net/websocket.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <type_traits>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/stream_base.hpp>

#include "common/net/transport_impl.hpp"
#include "common/process/edge.hpp"

namespace tutti::services::net {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

using PlainSocket = asio::ip::tcp::socket;
using TlsSocket = asio::ssl::stream<PlainSocket>;

// How long a peer that has said goodbye may keep the socket open.
constexpr Duration goodbye_max = std::chrono::seconds(1);

template <class Stream>
class OpenedOnce final : public WebSocket {
    static constexpr bool is_tls = std::is_same_v<Stream, TlsSocket>;

public:
    explicit OpenedOnce(Options options) : options_(std::move(options)), stream_(make_stream()) {
        base_.attach(lowest());
        stream_.read_message_max(options_.message_bytes_max);
        stream_.set_option(websocket::stream_base::decorator(
            [agent = options_.user_agent](websocket::request_type& request) {
                request.set(boost::beast::http::field::user_agent, agent);
            }));
        stream_.control_callback([this](websocket::frame_type kind, boost::beast::string_view) {
            const bool told = !events_.empty() && std::holds_alternative<Pong>(events_.back());
            if (kind == websocket::frame_type::pong && !told) events_.emplace_back(Pong{});
        });
    }

    Result<void> open(const Addresses& addresses, TimePoint deadline) override {
        if (auto connected = base_.connect(lowest(), addresses, options_.url.port, deadline);
            !connected) {
            return connected;
        }
        if constexpr (is_tls) {
            auto secured = base_.secure(stream_.next_layer(), options_.url.host, deadline);
            if (!secured) return secured;
        }
        const auto shaken = base_.run(
            [&](auto done) {
                stream_.async_handshake(options_.url.authority(), options_.url.target,
                                        std::move(done));
            },
            deadline);
        if (!shaken) return fail(shaken.error());
        if (!stream_.is_open()) {
            return fail(Errc::unavailable, {}, "the peer closed the connection");
        }
        return {};
    }

    Result<void> send(std::string_view text, TimePoint deadline) override {
        stream_.text(true);
        return write(
            [&](auto done) {
                stream_.async_write(asio::buffer(text.data(), text.size()),
                                    [done](const error_code& error, std::size_t) { done(error); });
            },
            deadline);
    }

    Result<void> ping(TimePoint deadline) override {
        return write([&](auto done) { stream_.async_ping({}, done); }, deadline);
    }

    std::optional<Event> next(TimePoint deadline) override {
        read();
        run_until([this] { return !events_.empty() || woken_.load() || is_told(); }, deadline);
        if (is_told()) wait_for_end();
        woken_.store(false);
        if (events_.empty()) return std::nullopt;
        Event event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

    void close(std::uint16_t code, TimePoint deadline) override {
        (void)write([&](auto done) { stream_.async_close(websocket::close_code(code), done); },
                    deadline);
        base_.close();
    }

    void wake() override {
        woken_.store(true);
        asio::post(base_.context(), [] {});
    }
    void cancel() override { base_.cancel(); }

private:
    websocket::stream<Stream> make_stream() {
        if constexpr (is_tls) {
            return websocket::stream<Stream>(base_.context(), options_.roots->context);
        } else {
            return websocket::stream<Stream>(base_.context());
        }
    }
    PlainSocket& lowest() {
        if constexpr (is_tls) {
            return stream_.next_layer().next_layer();
        } else {
            return stream_.next_layer();
        }
    }

    // The peer has said goodbye.
    [[nodiscard]] bool is_told() const {
        return !ended_ && stream_.reason().code != websocket::close_code::none;
    }
    // It should close the socket then, too; the reading ends with that.
    void wait_for_end() {
        run_until([this] { return ended_; }, Boottime::now() + goodbye_max);
        if (!ended_) end(websocket::error::closed);
    }

    // A pong counts as no event that ends the reading: it comes while a message is waited for.
    void read() {
        if (reading_ || ended_ || !events_.empty()) return;
        reading_ = true;
        stream_.async_read(buffer_, [this](const error_code& error, std::size_t) {
            reading_ = false;
            if (ended_) return;
            if (error) return end(error);
            const auto bytes = buffer_.cdata();
            events_.emplace_back(
                Message{std::string(static_cast<const char*>(bytes.data()), bytes.size())});
            buffer_.consume(buffer_.size());
        });
    }

    void end(const error_code& error) {
        ended_ = true;
        Closed closed{.code = std::nullopt, .why = to_error(error)};
        if (stream_.reason().code != websocket::close_code::none) {
            closed.code = static_cast<std::uint16_t>(stream_.reason().code);
        }
        if (error == websocket::error::message_too_big ||
            error == websocket::error::buffer_overflow) {
            closed.why.code = Errc::too_large;
        }
        events_.emplace_back(std::move(closed));
    }

    template <class Start>
    Result<void> write(const Start& start, TimePoint deadline) {
        if (base_.is_cancelled()) return fail(Errc::stopped, {}, "the client was stopped");
        std::optional<error_code> done;
        start([&done](const error_code& error) { done = error; });
        run_until([&] { return done.has_value(); }, deadline);
        if (!done) {
            base_.close();
            run_until([&] { return done.has_value(); }, TimePoint::max());
            if (!ended_) end(asio::error::timed_out);
            return fail(Errc::timeout, {}, "the peer takes nothing");
        }
        if (!*done) return {};
        if (!ended_) end(*done);
        return fail(to_error(*done));
    }

    template <class Done>
    void run_until(const Done& is_done, TimePoint deadline) {
        asio::io_context& context = base_.context();
        while (!is_done()) {
            const Duration left = time_left(deadline, Boottime::now());
            if (left == Duration::zero()) return;
            // It stops when nothing is under way for a moment.
            context.restart();
            if (context.run_one_for(left) == 0 && context.stopped()) return;
        }
    }

    const Options options_;
    Socket base_;
    websocket::stream<Stream> stream_;
    boost::beast::flat_buffer buffer_;
    std::deque<Event> events_;
    bool reading_ = false;
    bool ended_ = false;
    std::atomic<bool> woken_{false};  // before a handler is posted, which makes it seen
};

}  // namespace

Result<std::unique_ptr<WebSocket>> WebSocket::make(Options options) {
    return process::as_result(Errc::unavailable, [&]() -> Result<std::unique_ptr<WebSocket>> {
        if (options.url.scheme == HttpUrl::Scheme::http) {
            return std::make_unique<OpenedOnce<PlainSocket>>(std::move(options));
        }
        return std::make_unique<OpenedOnce<TlsSocket>>(std::move(options));
    });
}

}  // namespace tutti::services::net
