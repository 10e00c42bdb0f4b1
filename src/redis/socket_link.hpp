// A link over a socket of the event loop: resolver, connect, TLS, reads and writes.
//
// Everything but `write_now` happens on the event loop's thread; a handler that waits keeps the
// link alive.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include "redis/host_lookup.hpp"
#include "redis/link.hpp"
#include "redis/network.hpp"
#include "redis/tls.hpp"
#include "runtime/runtime.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::redis {

class SocketLink final : public Link {
public:
    SocketLink(boost::asio::io_context& loop, std::shared_ptr<HostLookups> names, Options options,
               Owner& owner);

    [[nodiscard]] std::size_t write_now(std::string_view bytes) noexcept override;

private:
    using Socket = boost::asio::generic::stream_protocol::socket;

    void reach() override;
    void secure() override;
    void send_some(std::string_view bytes) override;
    void hang_up() override;

    void resolve();
    void connect_to(Endpoints endpoints);
    void try_endpoint(std::size_t index);
    void tried_endpoint(std::size_t index, const boost::system::error_code& error);
    void read();
    void report(const boost::system::error_code& error);
    [[nodiscard]] std::shared_ptr<SocketLink> self() {
        return std::static_pointer_cast<SocketLink>(shared_from_this());
    }

    const std::shared_ptr<HostLookups> names_;
    Endpoints endpoints_;  // of the host
    Socket socket_;
    std::unique_ptr<TlsStream> tls_;  // on socket_; null for a plain connection
    std::array<char, 16UL * 1024> received_;

    detail::Mutex descriptor_mutex_;
    int descriptor_ TUTTI_GUARDED_BY(descriptor_mutex_) =
        -1;  // takes plain bytes; -1: nothing does
};

// Sockets on the runtime's event loop, and its thread's time. Borrows the runtime.
[[nodiscard]] Network network_of(Runtime& runtime);

}  // namespace tutti::redis
