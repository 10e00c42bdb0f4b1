// The memory of a cache as its core sees it, which knows no types: entries by the text of their
// keys. A handle looks into the same memory by the keys themselves (typed_memory.hpp).
//
// Thread-safety: `find` and the counts from any thread; `put`, `erase` and `drop` by one thread at
// a time, which the core sees to; `sweep` from any thread, under no lock. What leaves goes to a
// list of the caller's, and its destructors run at the end of that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/detail/memory_shard.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/serving.hpp"
#include "tutti/lookup.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

enum class Hit : std::uint8_t {
    found,
    due,        // found, and this hit is to begin the refresh of its key
    sampled,    // found, and this hit is to begin a spot check of its key
    missing,    // it may be served, and is not there
    undecided,  // the core knows: the cache does not serve, or only a last known good is there
};

[[nodiscard]] constexpr bool is_hit(Hit hit) noexcept { return hit <= Hit::sampled; }
[[nodiscard]] constexpr bool begins_load(Hit hit) noexcept {
    return hit == Hit::due || hit == Hit::sampled;
}

class Memory {
public:
    struct KnownAnswer {
        std::shared_ptr<const void> value;  // null unless `found`
        Answer answer = Answer::absent;
        std::string category = {};  // of a negative answer
        TimePoint loaded;           // when its load began
        TimePoint fresh_until;      // past it: a last known good
        std::size_t weight = 0;     // of the value, for a bound in bytes; not told by `find`
    };

    virtual ~Memory() = default;

    // One that is fresh, or a last known good. A use of it.
    [[nodiscard]] virtual std::optional<KnownAnswer> find(std::string_view key, TimePoint now,
                                                          RetiredList& removed) = 0;
    // When the load of what `find` would find began. No use of it.
    [[nodiscard]] virtual std::optional<TimePoint> loaded(std::string_view key,
                                                          TimePoint now) const = 0;
    // One that is too heavy is not kept, and neither is what was there before.
    virtual void put(std::string_view key, KnownAnswer known, RetiredList& removed) = 0;
    // True if there was an entry.
    virtual bool erase(std::string_view key, RetiredList& removed) = 0;

    // Ends the generation: nothing that is in it is found from now on. Returns how many entries
    // there are for `sweep`, at most. Cost: constant.
    virtual std::size_t drop() noexcept = 0;
    // Takes out and destroys what was dropped; returns how many entries that was.
    virtual std::size_t sweep() = 0;

    // Without what was dropped. Cost: constant, but for a look at every entry from `drop` to the
    // end of its `sweep`.
    [[nodiscard]] virtual std::size_t size() const = 0;
    // In the unit of the bound, with what was dropped until it is swept.
    [[nodiscard]] virtual std::size_t weight() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t evictions() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t expirations() const noexcept = 0;
    // Of handles.
    [[nodiscard]] virtual std::uint64_t hits() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t negative_hits() const noexcept = 0;  // without a value
};

// Called behind every lock of the memory, and maybe under those of the core: must not block.
using LeftMemory = std::function<void(std::string key, Departure why)>;

// What a core says of the memory that is made for it.
struct MemoryTerms {
    std::shared_ptr<const Serving> serving;
    Bound bound;
    Eviction eviction = Eviction::adaptive;
    Duration kept_stale{};  // past their TTL, as last known goods
    Duration idle{};        // an entry that was not used for so long is gone; zero: none is
    // A hit in the last `refresh_within` of a life, and past that fraction of it, says that a
    // refresh is due. Zero: none does.
    double refresh_after = 0;
    Duration refresh_within{};
    std::size_t sampled_one_in = 0;  // hits; zero: none is
    LeftMemory left = nullptr;       // told what leaves by itself; null: nothing is told
};

// What the bookkeeping of one entry costs beside its key and value, when the bound is in bytes.
inline constexpr std::size_t entry_overhead_bytes = 160;

// Both ends of a last known good are told from the second one, so that one has to be in range, and
// so has the time of a use and what may follow it.
[[nodiscard]] inline MemoryTerms bounded(MemoryTerms terms) noexcept {
    constexpr Duration longest = Duration::max() / 4;  // 73 years
    terms.kept_stale = std::min(terms.kept_stale, longest);
    terms.idle = std::min(terms.idle, longest);
    return terms;
}

using MakeMemory = std::shared_ptr<Memory> (*)(MemoryTerms);

}  // namespace tutti::detail
