// What hits of a memory look at beside the lease: whether the entry was used lately enough to be
// there still, whether it is near its end and should be refreshed, and whether this hit is a sample
// that is checked. Most memories have none of it.
//
// Of a use a sixteenth of the idle time is noted, so that what is read all the time is hardly ever
// written. Of the hits that come while a refresh is due, one in a while is to begin it: a few
// places, taken by hash, keep what took them last, and until when. Two keys of one place may
// displace each other, and then a refresh is asked for once more than needed: whether one runs
// already is the core's to know.
//
// Thread-safety: all of it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "tutti/clock.hpp"
#include "tutti/detail/atomic.hpp"
#include "tutti/detail/life.hpp"
#include "tutti/detail/memory.hpp"
#include "tutti/detail/thread_cells.hpp"

namespace tutti::detail {

class RefreshTurns {
public:
    // True for one caller, and for the next one only when `pause` has passed.
    [[nodiscard]] bool take(std::size_t hash, TimePoint now, Duration pause) noexcept {
        Atomic<std::uint64_t>& place = places_[hash & (places_.size() - 1)];
        std::uint64_t taken = place.load(std::memory_order_relaxed);
        const std::uint64_t of = std::uint64_t{hash} >> time_bits << time_bits;
        const bool is_its_own = taken >> time_bits == of >> time_bits;
        if (is_its_own && units(now) < (taken & time_mask)) return false;
        const std::uint64_t until = units(saturating_add(now, pause)) & time_mask;
        return place.compare_exchange(taken, of | until, std::memory_order_relaxed);
    }

private:
    static constexpr unsigned time_bits = 48;
    static constexpr std::uint64_t time_mask = (std::uint64_t{1} << time_bits) - 1;
    static constexpr unsigned unit_bits = 15;  // 33 us

    [[nodiscard]] static std::uint64_t units(TimePoint time) noexcept {
        return static_cast<std::uint64_t>(nanoseconds(time)) >> unit_bits;
    }

    std::array<Atomic<std::uint64_t>, 256> places_{};  // zero: never taken
};

// Takes one in so many, in no order that a reader's own could be in step with.
class Sampling {
public:
    explicit Sampling(std::size_t one_in) noexcept
        : below_(~std::uint64_t{0} / std::max<std::size_t>(one_in, 1)) {}

    [[nodiscard]] bool takes_next() noexcept { return mixed(counted_.next()) <= below_; }

private:
    // The finalizer of splitmix64: each bit of the number decides about half of its bits.
    [[nodiscard]] static std::uint64_t mixed(std::uint64_t number) noexcept {
        number += 0x9e3779b97f4a7c15;
        number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9;
        number = (number ^ (number >> 27U)) * 0x94d049bb133111eb;
        return number ^ (number >> 31U);
    }

    const std::uint64_t below_;
    ThreadCells counted_;
};

class Watch {
public:
    explicit Watch(const MemoryTerms& terms)
        : idle_(terms.idle),
          refresh_after_(terms.refresh_after),
          refresh_within_(terms.refresh_within),
          turns_(terms.refresh_after > 0 ? std::make_unique<RefreshTurns>() : nullptr),
          sampling_(terms.sampled_one_in > 0 ? std::make_unique<Sampling>(terms.sampled_one_in)
                                             : nullptr) {}

    // Hits have something to look at.
    [[nodiscard]] bool is_on() const noexcept { return is_on_; }

    [[nodiscard]] bool ends_idle() const noexcept { return idle_ > Duration::zero(); }
    // last_use: null where none is kept.
    [[nodiscard]] bool is_idle(const Atomic<std::int64_t>* last_use, TimePoint now) const noexcept {
        return last_use != nullptr && since(*last_use, now) > idle_ + grain();
    }
    // False: it has come too late.
    [[nodiscard]] bool note_use(Atomic<std::int64_t>* last_use, TimePoint now) const noexcept {
        if (last_use == nullptr) return true;
        const Duration unused = since(*last_use, now);
        if (unused > idle_ + grain()) return false;
        if (unused > grain()) last_use->store(nanoseconds(now), std::memory_order_relaxed);
        return true;
    }

    // What a hit on a life that began and ends then is to begin.
    [[nodiscard]] Hit begins(std::size_t hash, TimePoint began, TimePoint end,
                             TimePoint now) const noexcept {
        if (begins_refresh(hash, began, end, now)) return Hit::due;
        return sampling_ && sampling_->takes_next() ? Hit::sampled : Hit::found;
    }

private:
    [[nodiscard]] bool begins_refresh(std::size_t hash, TimePoint began, TimePoint end,
                                      TimePoint now) const noexcept {
        if (!turns_ || end - now > refresh_within_) return false;
        const Duration early = std::chrono::duration_cast<Duration>((end - began) * refresh_after_);
        if (now - began < early) return false;
        constexpr int turns = 8;  // of each life, if refreshes fail
        return turns_->take(hash, now, refresh_within_ / turns);
    }
    // How much later than it was a use may be noted.
    [[nodiscard]] Duration grain() const noexcept { return idle_ / 16; }
    [[nodiscard]] static Duration since(const Atomic<std::int64_t>& last_use,
                                        TimePoint now) noexcept {
        return now - TimePoint{Duration{last_use.load(std::memory_order_relaxed)}};
    }

    const Duration idle_;
    const double refresh_after_;
    const Duration refresh_within_;
    const std::unique_ptr<RefreshTurns> turns_;  // null: nothing is refreshed ahead
    const std::unique_ptr<Sampling> sampling_;   // null: no hit is checked
    const bool is_on_ = turns_ || sampling_ || ends_idle();
};

}  // namespace tutti::detail
