// What a node does with each thing that is declared on it, whatever its pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tutti/inventory.hpp"
#include "tutti/node/holdings.hpp"

namespace tutti {

class Declared {
public:
    virtual ~Declared() = default;

    // Until `open` a call that needs the node answers not_started, after `close` stopped. `close`
    // answers every call that waits. Both on the executor.
    virtual void open() = 0;
    virtual void close() = 0;
    // The part of `close` that any thread may do.
    virtual void end_calls() = 0;
    // The claim of this key of the store has ended; empty: any may have. On the executor.
    virtual void woken(std::string_view store_key) = 0;
    // From any thread.
    [[nodiscard]] virtual CacheCounters counters() const = 0;
    // Why the node is not ready yet; empty: not because of this. From any thread.
    [[nodiscard]] virtual std::string unready() const { return {}; }
    // What a read of this key may be answered with from memory; nothing: it would load. From any
    // thread.
    [[nodiscard]] virtual std::optional<Holding> holding(std::string_view /*key*/) const {
        return std::nullopt;
    }
};

}  // namespace tutti
