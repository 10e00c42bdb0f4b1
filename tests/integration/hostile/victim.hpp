// A service as a process that a test attacks: the gateway or a bot, alone, with what it may use of
// the machine.
//
// Thread-safety: none, but `send` from any thread.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/client.hpp"
#include "support/eventually.hpp"
#include "support/played_discord.hpp"
#include "support/program.hpp"
#include "support/raw_connection.hpp"
#include "support/temporary_folder.hpp"

namespace tests {

constexpr std::size_t connections_above_the_limit = 1100;  // of 1024
constexpr std::size_t flood = 256U << 20U;

enum class ServiceKind : std::uint8_t { gateway, bot };
inline void PrintTo(ServiceKind service, std::ostream* out) {
    *out << (service == ServiceKind::gateway ? "gateway" : "bot");
}

class Victim {
public:
    static constexpr const char* secret = "the-secret-of-the-services";
    // What neither service may exceed under any attack that leaves responses alone: the bytes of
    // bodies that it receives (64 MiB), its connections' buffers, and what it needs anyway.
    static constexpr std::size_t peak_mib_max = 192;

    // Starts it, and waits until it listens.
    explicit Victim(ServiceKind service, Variables more = {}, const Limits& limits = {});

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Program& program() { return *program_; }

    tutti::services::http::Response send(tutti::services::http::Request request);
    tutti::services::http::Response get(std::string path) {
        return send({.path = std::move(path)});
    }

    // Where it lives; null for a gateway.
    [[nodiscard]] PlayedDiscord* discord() { return discord_.get(); }
    // Until it receives events of its Discord.
    void await_discord();

    // It answers others while it is attacked, and it has not taken more memory than it may.
    void expect_well(std::size_t mib_max = peak_mib_max);

    // The head of a request that is let in, up to the fields of its body; and of one that is not.
    [[nodiscard]] static std::string head_with_secret();
    [[nodiscard]] static std::string head_of_stranger();

    // What the service is started with.
    [[nodiscard]] static Variables variables(ServiceKind service, const std::string& folder,
                                             std::uint16_t port, Variables more);
    [[nodiscard]] static std::string path_of(ServiceKind service);

private:
    std::uint16_t port_;
    TemporaryFolder folder_;
    std::unique_ptr<PlayedDiscord> discord_;
    std::unique_ptr<Program> program_;
    tutti::services::http::Client http_{{.name = "test", .response_bytes_max = 32U << 20U}};
};

using Peers = std::vector<std::unique_ptr<RawConnection>>;
// So many connections, each of which has sent `bytes`.
[[nodiscard]] Peers connect(const Victim& victim, std::size_t count, std::string_view bytes = {});

// Sends `piece` again and again, until the peer has had enough or `bytes_max` are sent. The number
// of bytes.
std::size_t send_for_ever(RawConnection& peer, std::string_view piece, std::size_t bytes_max);

// The suite needs more descriptors than a shell usually grants.
void raise_descriptor_limit();

}  // namespace tests
