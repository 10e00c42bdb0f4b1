// The memory of a cache: what may be served without asking. Everything can be dropped in one step,
// however much there is, because the whole memory is replaced.
//
// Mechanism. A read finds the present memory by one pointer, and pins it: what was dropped outlives
// the reads that had found it. What changes it has the lock of its cache.
//
// Thread-safety: `find` from any thread; all else requires the cache's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/memory_cache.hpp"

namespace tutti {

class CacheMemory {
public:
    struct Stored {
        std::shared_ptr<const void> value;            // null unless `found`
        std::shared_ptr<const std::string> category;  // of a negative answer
        Answer answer;
        std::size_t weight;
        TimePoint loaded;       // when its load began
        TimePoint fresh_until;  // past it: a last known good
    };
    using Map = MemoryCache<std::string, Stored>;
    // What left: declared before the lock is taken, and so destroyed after.
    using Removed = Map::Removed;

    // What was dropped at once. Its end takes time for every entry, and hands on to readers only
    // what each of them may have found.
    class Dropped {
    public:
        Dropped(Dropped&&) noexcept = default;
        Dropped& operator=(Dropped&&) = delete;
        ~Dropped() {
            if (!held_) return;
            held_->map.clear();
            Removed last;
            last.push(held_.release());
        }
        [[nodiscard]] std::size_t size() const { return held_->map.size(); }

    private:
        friend CacheMemory;
        struct Held final : detail::Retired {
            explicit Held(const Map::Options& options) : map(options) {}
            Map map;
        };
        explicit Dropped(Held* held) noexcept : held_(held) {}
        std::unique_ptr<Held> held_;
    };

    // Requires: options without problems.
    explicit CacheMemory(Map::Options options)
        : options_(std::move(options)), present_(new Held(options_)) {}
    // Requires: no read runs.
    ~CacheMemory() { delete present(); }
    CacheMemory(const CacheMemory&) = delete;
    CacheMemory& operator=(const CacheMemory&) = delete;

    [[nodiscard]] std::optional<Map::Found> find(std::string_view key, TimePoint now,
                                                 Removed& removed) {
        const detail::Pin pin(true);
        return present()->map.find(key, now, removed);
    }
    void put(const std::string& key, Stored value, Ttl ttl, Removed& removed) {
        present()->map.put(key, std::move(value), ttl, removed);
    }
    void erase(std::string_view key, Removed& removed) { present()->map.erase(key, removed); }

    // Throws std::bad_alloc, and has dropped nothing then.
    [[nodiscard]] Dropped drop() {
        auto fresh = std::make_unique<Held>(options_);
        evictions_before_ += present()->map.evictions();
        // Pairs with `present`.
        return Dropped(present_.exchange(fresh.release(), std::memory_order_acq_rel));
    }

    [[nodiscard]] std::size_t size() const { return present()->map.size(); }
    [[nodiscard]] std::uint64_t evictions() const {
        return evictions_before_ + present()->map.evictions();
    }

private:
    using Held = Dropped::Held;

    [[nodiscard]] Held* present() const noexcept {
        return present_.load(std::memory_order_acquire);
    }

    const Map::Options options_;
    detail::Atomic<Held*> present_;
    std::uint64_t evictions_before_ = 0;
};

}  // namespace tutti
