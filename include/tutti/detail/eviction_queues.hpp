// Who has to leave when there is no room.
//
// `lru`: one queue, in order of use.
//
// `adaptive`: two queues, in order of arrival, so that a use moves nothing; an entry counts its
// uses up to three. New entries come into `trial`. At its end one that was used twice goes on to
// `main`, another leaves. At the end of `main` an entry that was used goes back to its beginning,
// with one use less. An evicted key is remembered for a while, and comes into `main` at once if it
// returns: it would have been used again. If it had left `trial`, `trial` was too short, and gets a
// larger share of the entries; if it had left `main`, a smaller one. (S3-FIFO, Yang et al., SOSP
// 2023, with the adaptation of ARC, Megiddo and Modha, FAST 2003.) While there is room for all,
// what leaves `trial` goes to `main`: a loop over more keys than fit then finds those again that
// came first.
//
// Thread-safety: none. Cost: constant; a search for a victim spares at most `spared_max` entries.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/ghosts.hpp"
#include "tutti/policy.hpp"

namespace tutti::detail {

// Pool: `at` and `links` of an entry, see EntryPool.
template <class Pool>
class EvictionQueues {
public:
    EvictionQueues(Pool& pool, Eviction eviction) noexcept : pool_(pool), eviction_(eviction) {}

    [[nodiscard]] std::size_t size() const noexcept {
        return queues_[trial].size + queues_[main].size;
    }
    [[nodiscard]] Eviction eviction() const noexcept { return eviction_; }
    // The most recently used of an `lru`; from any thread.
    [[nodiscard]] std::uint32_t newest() const noexcept {
        return queues_[trial].newest.load(std::memory_order_relaxed);
    }

    // A new entry. `full`: another had to leave for it.
    void arrive(std::uint32_t number, bool full) noexcept {
        if (eviction_ == Eviction::lru) return push(number, trial);
        const std::optional<unsigned> left = ghosts_.take(pool_.links(number).hash);
        if (left) adapt(*left);
        if (!full && over_share()) push(pop(trial), main);
        push(number, left ? main : trial);
    }
    // What `arrive` is going to ask.
    void expect(std::uint32_t hash) const noexcept { ghosts_.expect(hash); }
    // It was written, or, of an `lru`, read.
    void use(std::uint32_t number) noexcept {
        if (eviction_ == Eviction::adaptive) {
            EntryHead& entry = pool_.at(number);
            return entry.note_use(entry.version());
        }
        unlink(number);
        push(number, trial);
    }
    // Not to be evicted, until `come_back`.
    void step_aside(std::uint32_t number) noexcept { unlink(number); }
    void come_back(std::uint32_t number) noexcept { push(number, pool_.links(number).queue); }
    // It was erased, or has expired.
    void leave(std::uint32_t number) noexcept { unlink(number); }

    // Requires: not empty. The entry has left the queues; `remember` it.
    [[nodiscard]] std::uint32_t evict() noexcept {
        if (eviction_ == Eviction::lru) return pop(trial);
        for (unsigned spared = 0;; ++spared) {
            const unsigned from = over_share() || queues_[main].size == 0 ? trial : main;
            const std::uint32_t number = pop(from);
            EntryHead& entry = pool_.at(number);
            const std::uint32_t uses = entry.uses();
            const std::uint32_t uses_to_stay = from == trial ? 2 : 1;
            if (uses < uses_to_stay || spared == spared_max) return number;
            entry.set_uses(from == trial ? 0 : uses - 1);
            push(number, main);
        }
    }
    void remember(std::uint32_t number) noexcept {
        if (eviction_ == Eviction::lru) return;
        ghosts_.fit(size() + 1);
        const EntryLinks& links = pool_.links(number);
        ghosts_.add(links.hash, links.queue);
    }

    // The numbers, the newest first; what is in `trial` before what is in `main`.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Queue& queue : queues_) {
            for (std::uint32_t number = queue.newest.load(std::memory_order_relaxed);
                 number != no_entry; number = pool_.links(number).older) {
                visit(number);
            }
        }
    }

private:
    static constexpr unsigned trial = 0;
    static constexpr unsigned main = 1;
    static constexpr unsigned spared_max = 64;
    static constexpr double share_at_first = 0.1;
    static constexpr double share_min = 0.01;
    static constexpr double share_max = 0.99;

    struct Queue {
        Atomic<std::uint32_t> newest{no_entry};
        std::uint32_t oldest = no_entry;
        std::size_t size = 0;
    };

    [[nodiscard]] bool over_share() const noexcept {
        const std::size_t held = queues_[trial].size;
        return held > 0 && static_cast<double>(held) >= share_ * static_cast<double>(size());
    }

    // The rarer a kind of return is, the more it says.
    void adapt(unsigned left) noexcept {
        const auto ghosts = [&](unsigned queue) {
            return static_cast<double>(std::max<std::size_t>(ghosts_.count(queue), 1));
        };
        const unsigned other = left == trial ? main : trial;
        const double step = std::max(1.0, ghosts(other) / ghosts(left)) /
                            static_cast<double>(std::max<std::size_t>(size(), 1));
        share_ = std::clamp(left == trial ? share_ + step : share_ - step, share_min, share_max);
    }

    void push(std::uint32_t number, unsigned to) noexcept {
        Queue& queue = queues_[to];
        EntryLinks& entry = pool_.links(number);
        const std::uint32_t newest = queue.newest.load(std::memory_order_relaxed);
        entry.queue = to & 3U;
        entry.newer = no_entry;
        entry.older = newest;
        (newest == no_entry ? queue.oldest : pool_.links(newest).newer) = number;
        queue.newest.store(number, std::memory_order_relaxed);
        ++queue.size;
    }
    void unlink(std::uint32_t number) noexcept {
        const EntryLinks& entry = pool_.links(number);
        Queue& queue = queues_[entry.queue];
        if (entry.newer == no_entry) {
            queue.newest.store(entry.older, std::memory_order_relaxed);
        } else {
            pool_.links(entry.newer).older = entry.older;
        }
        (entry.older == no_entry ? queue.oldest : pool_.links(entry.older).newer) = entry.newer;
        --queue.size;
    }
    std::uint32_t pop(unsigned from) noexcept {
        const std::uint32_t number = queues_[from].oldest;
        unlink(number);
        const std::uint32_t next = queues_[from].oldest;
        if (next != no_entry) fetch_ahead(&pool_.at(next));
        return number;
    }

    Pool& pool_;
    const Eviction eviction_;
    std::array<Queue, 2> queues_;
    double share_ = share_at_first;  // of the entries, that are in `trial`
    Ghosts ghosts_;
};

}  // namespace tutti::detail
