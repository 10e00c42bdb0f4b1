// The shelf as a reader stands before it, without a lock: what may be served now by the lease (R2,
// R6), and what memory has.
//
// Thread-safety: every function from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/workers.hpp"
#include "load/cache_basis.hpp"
#include "load/leavings.hpp"
#include "load/tag_index.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/detail/memory.hpp"

namespace tutti {

struct Permission {
    bool effective = false;  // the lease: may serve from memory and join flights
    bool suspect = false;    // may serve from memory all the same, and say so
    TimePoint now{};
    TimePoint until = TimePoint::max();  // so long, unless it is renewed
};
enum class Past : std::uint8_t { refused, allowed };  // of the TTL

// What a drop has left behind, to be destroyed under no lock.
struct Dropped {
    std::size_t entries = 0;
    std::unique_ptr<TagIndex> beside = nullptr;
};

class ShelfFront {
public:
    // Makes the memory that the cache was declared with.
    explicit ShelfFront(std::shared_ptr<CacheBasis> basis);

    // Null without the memory tier.
    [[nodiscard]] const std::shared_ptr<detail::Memory>& memory() const noexcept { return memory_; }

    [[nodiscard]] Permission permission() const;
    // Why what is served now may be old; empty: it may not.
    [[nodiscard]] std::string degraded_reason(const Permission& permission) const;
    [[nodiscard]] std::optional<detail::RawLookup> look_up(std::string_view key,
                                                           const Permission& permission, Past past,
                                                           Leavings& leavings) const;

    // Destroys what was dropped: many entries on a worker.
    void sweep(Dropped dropped) const;

private:
    const std::shared_ptr<CacheBasis> basis_;
    const std::shared_ptr<detail::Memory> memory_;
    std::optional<Workers::Lane> dropping_;  // absent: there is nothing to drop, or no worker
};

}  // namespace tutti
