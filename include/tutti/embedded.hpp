// Store and bus without a server: nodes that are given one hub share both, within one process.
//
//     auto hub = tutti::EmbeddedHub::create();
//     auto one = tutti::Node::create({.name = "bot-1", .embedded = hub});
//     auto two = tutti::Node::create({.name = "bot-2", .embedded = hub});
//
// The behaviour is that of the Redis adapter, which is tested against the same contract; only the
// network is missing. A node that is given neither a hub nor a Redis URL makes a hub of its own.
//
// Thread-safety: every function may be called from any thread. Blocking: only on one short mutex;
// there is no I/O and no thread. Shutdown: nodes share ownership of their hub, in any order. Not
// promised: durability, and anything across processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tutti/clock.hpp"

namespace tutti {

namespace embedded {
class Server;
}

class EmbeddedHub {
public:
    struct Options {
        // Decides every random number of the hub, so that a simulation can be repeated. Default:
        // fresh.
        std::optional<std::uint64_t> seed;
        // By which stored values expire, for all nodes. Must outlive the hub.
        const Clock& clock = system_clock();
        // What stored keys and values may occupy; a put beyond it is refused with Errc::overloaded.
        std::size_t store_bytes_max = 256UL * 1024 * 1024;
    };

    [[nodiscard]] static std::shared_ptr<EmbeddedHub> create();
    [[nodiscard]] static std::shared_ptr<EmbeddedHub> create(Options options);

    ~EmbeddedHub();
    EmbeddedHub(const EmbeddedHub&) = delete;
    EmbeddedHub& operator=(const EmbeddedHub&) = delete;

    // Publishes as a program would that knows nothing of Tutti: every node that declared foreign
    // publishers for `channel` receives the payload. One that is larger than
    // Bus::plain_event_bytes_max is dropped, and counted by them.
    void publish_plain(const std::string& channel, const std::string& payload);

    // For the adapters of this library; the type is internal.
    [[nodiscard]] embedded::Server& server() noexcept { return *server_; }

private:
    explicit EmbeddedHub(std::unique_ptr<embedded::Server> server);

    std::unique_ptr<embedded::Server> server_;
};

}  // namespace tutti
