// Store and bus of one node over one Redis: two connections, opened together, with a clear answer
// to "can this node work there?" before anything relies on it. Afterwards both reconnect by
// themselves.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "redis/handshake.hpp"
#include "redis/redis_bus.hpp"
#include "redis/redis_store.hpp"
#include "redis/session.hpp"
#include "runtime/runtime.hpp"
#include "tutti/error.hpp"

namespace tutti::redis {

struct OpenOptions {
    std::string url;                    // as redis_url.hpp has it
    std::string app;                    // part of the names of all coordination keys; no braces
    std::string client_name = "tutti";  // as CLIENT LIST shows it; no blanks. Empty: none
    Duration connect_timeout = std::chrono::seconds(2);  // resolve, connect and handshake together
    Duration stall_timeout = std::chrono::seconds(1);    // a server that owes a reply and is silent
    RandomSource random = nullptr;                       // default: the operating system's
    // Also opens when no server is there, or none answers, and goes on trying; permissions are then
    // tried by RedisBus::check alone.
    bool may_be_away = false;
    // Told about the server when it is first there; on the executor.
    std::function<void(const ServerFacts&)> met = nullptr;
};

struct RedisPair {
    std::unique_ptr<RedisStore> store;
    std::unique_ptr<RedisBus> bus;
};

// Connects, logs in, looks at the server, and tries every permission. The first failure is
// returned; nothing is left running then.
//
// Errors: Errc::invalid_option (URL, app, client name), unavailable (no server there), timeout,
// refused (password, ACL, replica), unsupported (too old, a cluster, no Redis), protocol (no
// Redis). Blocking: until `deadline`. Requires: `runtime` runs, and this is not its thread.
[[nodiscard]] Result<RedisPair> open_redis(Runtime& runtime, OpenOptions options,
                                           TimePoint deadline);

}  // namespace tutti::redis
