// What the bus does to a cache. Thread-safe; when one of the first three returns, nothing older
// than the invalidation can be served from this cache or stored in it.
#pragma once

#include <string_view>

#include "tutti/bus.hpp"

namespace tutti {

class CacheSink {
public:
    virtual ~CacheSink() = default;
    virtual void remove(std::string_view key) = 0;
    virtual void flush() = 0;
    // What carries the tag.
    virtual void remove_tagged(std::string_view tag) = 0;

    // An invalidation of this node is on its way to the bus, from before the removal until its
    // outcome is known: what the store has of these keys is as old as before it, and is not read.
    virtual void publication_begins(const KeySet& changed) = 0;
    virtual void publication_ended(const KeySet& changed) = 0;
};

}  // namespace tutti
