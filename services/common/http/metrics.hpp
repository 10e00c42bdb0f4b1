// What happened to the calls of an HTTP client, counted, and its text for GET /metrics.
//
// Every call ends in exactly one way: an answer with a status of 2xx, or one of the kinds below. So
// `requests` minus `finished` is what is under way.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::http {

enum class Failure : std::uint8_t {
    network,     // no connection, or it broke
    timeout,     // connected or connecting when the deadline passed
    http,        // an answer that is not 2xx
    overloaded,  // never sent: the pool's queue was full, or no turn came in time
    too_large,   // the answer is over the limit
    protocol,    // the answer is not HTTP, or the peer is not trusted
    invalid,     // never sent: the URL or a header cannot be
    stopped,     // the client was stopped
};
inline constexpr std::size_t http_failure_count = 8;

[[nodiscard]] std::string_view to_string(Failure kind) noexcept;
[[nodiscard]] Failure failure_of(Errc code) noexcept;
// Nothing when the answer is 2xx.
[[nodiscard]] std::optional<Failure> failure_of(const Result<Response>& response) noexcept;

struct Metrics {
    std::string upstream;  // the client's name
    std::uint64_t requests = 0;
    std::uint64_t finished = 0;
    std::array<std::uint64_t, http_failure_count> failures{};  // by Failure
    Duration taken{};  // by all that finished, the wait for a turn included
    std::size_t in_flight = 0;
    std::size_t queued = 0;
    std::size_t idle = 0;  // connections kept for later

    [[nodiscard]] std::uint64_t failed(Failure kind) const;
};

// Prometheus text, a series for each upstream. Requires: no two of the same name.
[[nodiscard]] std::string http_metrics_text(std::span<const Metrics> upstreams);

}  // namespace tutti::services::http
