// What is to be thought of a server: from what it says about itself to findings. The same judgement
// for `diagnose` and for the warnings of a node that starts.
//
// No I/O. Thread-safety: functions of their arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "redis/handshake.hpp"
#include "tutti/doctor.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// CONFIG GET; absent when this user may not ask.
struct ServerSettings {
    std::optional<std::string> output_buffers = {};  // client-output-buffer-limit
    std::optional<std::string> save = {};            // "" or "3600 1 300 100"
    std::optional<std::string> min_replicas = {};    // min-replicas-to-write
};

// From INFO: version, mode, role, replicas, eviction, memory, and whether it can still write.
// `url`: how it is connected to, which says what may be promised.
[[nodiscard]] std::vector<Finding> judge_server(const ServerFacts& facts, const Url& url);
// What CONFIG GET adds.
[[nodiscard]] std::vector<Finding> judge_settings(const ServerFacts& facts, const Url& url,
                                                  const ServerSettings& settings);
// TLS, login and Sentinels.
[[nodiscard]] std::vector<Finding> judge_url(const Url& url);

// Of a text that the server or the user chose.
inline constexpr std::size_t shown_bytes_max = 64;

}  // namespace tutti::redis
