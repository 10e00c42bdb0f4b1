// What `done` means on a server, by what its URL says and what it says itself (W5).
//
// Pure functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tutti/inventory.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// How many may take the place of the server of which the URL does not tell. One that Sentinels
// watch has some: that it sees none may only mean that it is cut off.
[[nodiscard]] inline std::uint64_t uncounted_replicas(const Url& url, std::uint64_t attached) {
    const std::uint64_t possible = std::max<std::uint64_t>(attached, url.sentinel ? 1 : 0);
    return possible > url.replicas ? possible : 0;
}

[[nodiscard]] inline Assurance assurance_of(const Url& url, std::uint64_t attached) {
    if (uncounted_replicas(url, attached) > 0) return Assurance::uncounted;
    return url.replicas > 0 ? Assurance::majority : Assurance::one_server;
}

}  // namespace tutti::redis
