// What the fleet of a test shares: nothing of a server, or Redis.
#pragma once

#include <cstdint>
#include <ostream>

namespace tutti::services::testing {

enum class Backend : std::uint8_t { embedded, redis };
inline void PrintTo(Backend backend, std::ostream* to) {
    *to << (backend == Backend::redis ? "redis" : "embedded");
}

}  // namespace tutti::services::testing
