// Plays OpenRouter, and Discord's attachments, on loopback, for fleets and tests that must not use
// the network, and misbehaves on request:
//
//     GET /api/v1/models   the catalogue, as configured
//     GET /attachments/:channel/:id/:name   a few bytes that name the file, always
//     GET /calls           {"models": how often the catalogue was asked for}
//     PUT /behaviour       {"delayMs"?: n, "status"?: n, "empty"?: bool, "models"?: n}: from now
//     on;
//                          what is left out is back to normal
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tutti/error.hpp"

namespace tutti::services::stand_in {

class ProviderStandIn {
public:
    struct Behaviour {
        std::chrono::milliseconds delay{0};  // before the answer, at most 10 minutes
        int status = 200;                    // another one is answered with an error body
        std::size_t models = 300;            // how many; 0 = an empty list; at most 10,000
    };
    struct Options {
        std::uint16_t port = 0;  // 0 = a free one
        Behaviour behaviour{};
    };

    // Listens on 127.0.0.1 when it returns. Errors: invalid_option (a behaviour out of its range,
    // all at once), and those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<ProviderStandIn>> start(const Options& options);

    // Ends answers that are still being delayed.
    ~ProviderStandIn();
    ProviderStandIn(const ProviderStandIn&) = delete;
    ProviderStandIn& operator=(const ProviderStandIn&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::string url() const;  // for OPENROUTER_BASE_URL and DISCORD_CDN_BASE_URL
    [[nodiscard]] std::uint64_t calls() const;
    Result<void> behave(const Behaviour& behaviour);

private:
    struct Impl;
    explicit ProviderStandIn(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::stand_in
