// What happens in a cache, told to a function of the program: for a trace, an audit of what was
// dropped, a mirror of what is in memory. Figures are for metrics, which cost nothing.
//
//     .events = tutti::EventListener{.listen = [](const tutti::CacheEvent& event) {
//         std::clog << event.cache << ' ' << tutti::to_string(event.kind) << ' ' << event.key;
//     }},                                                      // examples/events.cpp
//
// Thread-safety: plain values. `listen` is called on a worker of the node, for one event of a cache
// at a time and in the order in which they were noticed; never with a lock held, and never by the
// read, load or invalidation that it tells of, which does not wait for it. What it throws is a line
// in the log. As in a loader, what blocks on the node is answered Errc::wrong_thread.
//
// Bounded: `waiting_max` events wait; a further one is dropped and counted
// (CacheCounters::events_dropped), so a slow listener costs one worker and no more. What waits when
// the node stops is dropped, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/error.hpp"

namespace tutti {

struct CacheEvent {
    enum class Kind : std::uint8_t {
        hit,          // answered from memory, also that there is nothing
        miss,         // needs a load
        stale,        // answered past the TTL: the source fails or is slow
        evicted,      // dropped for want of room; `cause` says which
        expired,      // found past its TTL, by a read or an insertion, and dropped
        invalidated,  // something changed, here or elsewhere; whether or not the key was there
        refreshed,    // a forced or scheduled load has brought an answer
        load_failed,  // `error` says why; once for a load, however many readers waited
    };
    enum class Cause : std::uint8_t {
        none,       // only `evicted` has one
        no_room,    // the bound is reached, or the entry alone is heavier than it
        outranked,  // the store keeps a better value (StoreTier::rank)
    };

    std::string_view cache;  // its name; valid during the call
    Kind kind{};
    std::string key = {};  // its text; empty: every key, of an `invalidated`
    Cause cause = Cause::none;
    std::optional<Error> error = std::nullopt;
};

[[nodiscard]] constexpr std::string_view to_string(CacheEvent::Kind kind) noexcept {
    switch (kind) {
    case CacheEvent::Kind::hit: return "hit";
    case CacheEvent::Kind::miss: return "miss";
    case CacheEvent::Kind::stale: return "stale";
    case CacheEvent::Kind::evicted: return "evicted";
    case CacheEvent::Kind::expired: return "expired";
    case CacheEvent::Kind::invalidated: return "invalidated";
    case CacheEvent::Kind::refreshed: return "refreshed";
    case CacheEvent::Kind::load_failed: return "load_failed";
    }
    return "unknown";
}
[[nodiscard]] constexpr std::string_view to_string(CacheEvent::Cause cause) noexcept {
    switch (cause) {
    case CacheEvent::Cause::none: return "none";
    case CacheEvent::Cause::no_room: return "no_room";
    case CacheEvent::Cause::outranked: return "outranked";
    }
    return "unknown";
}

struct EventListener {
    std::function<void(const CacheEvent&)> listen = nullptr;  // mandatory
    // Which are told. With `hit` each hit looks a second time, takes a short mutex and, for a long
    // key, an allocation. Default: all others.
    std::vector<CacheEvent::Kind> kinds = {
        CacheEvent::Kind::miss,       CacheEvent::Kind::stale,       CacheEvent::Kind::evicted,
        CacheEvent::Kind::expired,    CacheEvent::Kind::invalidated, CacheEvent::Kind::refreshed,
        CacheEvent::Kind::load_failed};
    std::size_t waiting_max = 4096;  // at least 1
};

}  // namespace tutti
