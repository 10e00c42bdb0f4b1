// What one instance could answer a read of one key with, from its own memory: what `tutti explain`
// and `tutti probe` ask the processes themselves, because nothing else knows it.
//
//     GET /holdings?channel=cache:users&key=42
//         -> tutti::to_json((*node)->holdings(channel, key))
//
// It says what is there and how old it is, and judges nothing: not by what the instance has been
// told of changes. So who knows when something changed can tell from outside whether an instance
// would still serve what was loaded before.
//
// `Node::holdings` only looks: no use, no count, no load. It may be called from any thread, and
// costs a lookup and a mutex for each cache of the channel. Who may ask learns whether a key that
// they can name is in memory: the route is for operators, as the audit's is.
//
// Plain values; functions of their arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti {

// Of one cache.
struct Holding {
    std::string cache = {};
    // Since the load began whose value a read that begins now may be answered with: the oldest of
    // an entry in memory, fresh or a last known good, and of a load that runs and may be joined. An
    // entry whose idle time has ended counts until it is removed. Of a value that came from a store
    // it counts since that was stored there, and more by the way of the question; it is never less.
    Duration age{};
    // So long it may be answered without anything being heard from the bus: until the lease ends,
    // or what was declared with `serve_up_to`. Renewals prolong it; the entry may end before.
    Duration servable_for{};
    // The lease has lapsed, and the cache is declared `serve_up_to`: the answer says so, too.
    bool suspect = false;

    friend bool operator==(const Holding&, const Holding&) = default;
};

struct Holdings {
    std::string node = {};    // NodeOptions::name
    std::string member = {};  // the same, unique in the fleet and in time: as the bus knows it
    // What the instance has applied of the channel. Epoch::none: it hears no such channel.
    Epoch epoch = Epoch::none;
    Sequence applied = 0;
    // The caches of the channel that may answer something; empty: every read would have to load, or
    // to ask the server first (`validate_on_read`).
    std::vector<Holding> held = {};

    friend bool operator==(const Holdings&, const Holdings&) = default;
};

[[nodiscard]] std::string to_json(const Holdings& holdings);
// Takes untrusted input of at most 64 KiB and ignores members that it does not know. Errors:
// too_large; protocol, with the path to the member that is wrong.
[[nodiscard]] Result<Holdings> parse_holdings(std::string_view json);

}  // namespace tutti
