// Who has to leave an `adaptive` when there is no room.
//
// Two queues, in order of arrival, so that a use moves nothing; an entry counts its uses up to
// three. New entries come into `trial`. At its end one that was used twice goes on to `main`,
// another leaves. At the end of `main` an entry that was used goes back to its beginning, with one
// use less. An evicted key is remembered for a while, and comes into `main` at once if it returns:
// it would have been used again. If it had left `trial`, `trial` was too short, and gets a larger
// share of the entries; if it had left `main`, a smaller one. (S3-FIFO, Yang et al., SOSP 2023,
// with the adaptation of ARC, Megiddo and Modha, FAST 2003.) While there is room for all, what
// leaves `trial` goes to `main`: a loop over more keys than fit then finds those again that came
// first.
//
// Mechanism: a queue is the turns of its entries. An entry that leaves by another way leaves its
// turn where it is, and that is dropped when it comes up. Until then the place of the entry may
// have another one. If that is in the same queue, it is `late`: the turn is not its own, so it
// gets a new one when that comes up. Thus a place has at most one turn in each queue. Such turns
// are astray. Those in front are taken out some at a time by each arrival and departure, so that a
// search for a victim finds few; and all are forgotten when the last entry has left.
//
// Thread-safety: none. Cost: constant, but for the last that leaves: a byte of each place. A search
// for a victim spares at most `spared_max` entries. It takes longer only where turns went astray
// behind one that stayed in front: once for each of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/ghosts.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/segments.hpp"
#include "tutti/detail/turns.hpp"

namespace tutti::detail {

// An entry that has left, and from which queue.
struct Evicted {
    std::uint32_t number;
    unsigned from = 0;
};

// Pool: `at` of an entry, see EntryPool.
template <class Pool>
class AdaptiveOrder {
public:
    AdaptiveOrder(Pool& pool, HugePages* huge) noexcept
        : pool_(pool), turns_(huge), places_(huge) {}

    [[nodiscard]] std::size_t size() const noexcept { return sizes_[trial] + sizes_[main]; }

    // Makes sure that `arrive` with a number up to this one allocates nothing. Throws
    // std::bad_alloc.
    void reserve(std::uint32_t number) {
        turns_.reserve();
        for (; opened_ <= number; ++opened_) {
            places_.ensure(opened_);
            new (places_.at(opened_)) Place{0};
        }
    }

    // A new entry. `full`: another had to leave for it.
    void arrive(std::uint32_t number, std::uint32_t hash, bool full) noexcept {
        const std::optional<unsigned> left = ghosts_.take(hash);
        if (left) adapt(*left);
        if (!full && over_share()) push(pop(trial), main);
        push(number, left ? main : trial);
        straighten();
    }
    // What `arrive` is going to ask.
    void expect(std::uint32_t hash) const noexcept { ghosts_.expect(hash); }
    // It was erased, or has expired.
    void leave(std::uint32_t number) noexcept {
        step_aside(number);
        size() == 0 ? forget_turns() : straighten();
    }
    // Not to be evicted until it comes back.
    void step_aside(std::uint32_t number) noexcept {
        Place& place = place_of(number);
        if ((place & is_late) == 0) ++astray_;
        take_out(place, queue_of(place));
    }
    // To the turn that it had, if that has not come up.
    void come_back(std::uint32_t number) noexcept {
        Place& place = place_of(number);
        const unsigned queue = queue_of(place);
        if ((place & turn_in(queue)) == 0) return push(number, queue);
        if ((place & is_late) == 0) --astray_;
        place = static_cast<Place>(place | is_in);
        ++sizes_[queue];
    }

    // Requires: not empty. The entry has left; `remember` it.
    [[nodiscard]] Evicted evict() noexcept {
        for (unsigned spared = 0;; ++spared) {
            const unsigned from = over_share() || sizes_[main] == 0 ? trial : main;
            const std::uint32_t number = pop(from);
            EntryHead& entry = pool_.at(number);
            const std::uint32_t uses = entry.uses();
            const std::uint32_t uses_to_stay = from == trial ? 2 : 1;
            if (uses < uses_to_stay || spared == spared_max) return {number, from};
            entry.set_uses(from == trial ? 0 : uses - 1);
            push(number, main);
        }
    }
    void remember(Evicted evicted, std::uint32_t hash) noexcept {
        ghosts_.fit(size() + 1);
        ghosts_.add(hash, evicted.from);
    }

private:
    friend struct testing::MemoryCacheInspector;

    static constexpr unsigned trial = 0;
    static constexpr unsigned main = 1;
    static constexpr unsigned spared_max = 64;
    static constexpr unsigned looks_max = 4;
    static constexpr double share_at_first = 0.1;
    static constexpr double share_min = 0.01;
    static constexpr double share_max = 0.99;

    // Of an entry, and what is left of those before in its place: bits.
    using Place = std::uint8_t;
    static constexpr unsigned any_turn = 3;
    static constexpr unsigned is_in = 4;
    static constexpr unsigned of_main = 8;  // it is or was in `main`
    static constexpr unsigned is_late = 16;

    [[nodiscard]] static constexpr unsigned turn_in(unsigned queue) noexcept { return 1U << queue; }
    [[nodiscard]] static constexpr unsigned being_in(unsigned queue) noexcept {
        return is_in | (queue == main ? of_main : 0);
    }
    [[nodiscard]] static unsigned queue_of(unsigned place) noexcept {
        return (place & of_main) != 0 ? main : trial;
    }
    [[nodiscard]] Place& place_of(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<Place*>(places_.at(number)));
    }
    [[nodiscard]] bool over_share() const noexcept {
        const std::size_t held = sizes_[trial];
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

    // Requires: it is in no queue.
    void push(std::uint32_t number, unsigned to) noexcept {
        Place& place = place_of(number);
        const bool late = (place & turn_in(to)) != 0;
        const unsigned turns = (place & any_turn) | turn_in(to);
        place = static_cast<Place>(turns | being_in(to) | (late ? is_late : 0));
        if (!late) turns_.push(to, number);
        ++sizes_[to];
    }
    // Requires: an entry in it.
    std::uint32_t pop(unsigned from) noexcept {
        for (;;) {
            fetch_ahead(&pool_.at(turns_.ahead(from)));
            const std::uint32_t number = take_turn(from);
            if (number != no_entry) return number;
        }
    }
    // The entry whose turn is the first one; none: that is astray. Requires: a turn.
    std::uint32_t take_turn(unsigned from) noexcept {
        const std::uint32_t number = turns_.pop(from);
        Place& place = place_of(number);
        const unsigned before = place;
        place = static_cast<Place>(before & ~turn_in(from));
        const bool is_there = (before & (is_in | of_main)) == being_in(from);
        if (is_there) take_out(place, from);
        if (is_own(before, from)) return number;
        --astray_;
        if (is_there) push(number, from);
        return no_entry;
    }
    void straighten() noexcept {
        if (astray_ == 0) return;
        for (const unsigned queue : {trial, main}) {
            for (unsigned looks = 0; looks < looks_max && !turns_.empty(queue); ++looks) {
                if (is_own(place_of(turns_.front(queue)), queue)) break;
                take_turn(queue);
            }
        }
    }
    [[nodiscard]] static bool is_own(unsigned place, unsigned queue) noexcept {
        return (place & (is_in | of_main | is_late)) == being_in(queue);
    }
    // Requires: no entry.
    void forget_turns() noexcept {
        if (astray_ == 0) return;
        turns_.clear();
        places_.for_each_run(
            opened_, [](std::byte* run, std::size_t length) { std::memset(run, 0, length); });
        astray_ = 0;
    }
    void take_out(Place& place, unsigned from) noexcept {
        place = static_cast<Place>(place & ~is_in);
        --sizes_[from];
    }

    Pool& pool_;
    std::array<std::size_t, 2> sizes_{};
    double share_ = share_at_first;  // of the entries, that are in `trial`
    Turns turns_;
    Ghosts ghosts_;
    std::size_t astray_ = 0;  // turns of entries that have left, and of those that are late
    std::uint32_t opened_ = 0;
    Segments<6, sizeof(Place)> places_;
};

}  // namespace tutti::detail
