// What the bus does to a cache. Thread-safe; when a function returns, nothing older than the
// invalidation can be served from this cache or stored in it.
#pragma once

#include <string_view>

namespace tutti {

class CacheSink {
public:
    virtual ~CacheSink() = default;
    virtual void remove(std::string_view key) = 0;
    virtual void flush() = 0;
};

}  // namespace tutti
