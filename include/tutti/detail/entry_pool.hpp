// The entries of one part of a memory tier, by number. An entry stays where it is; its place is
// used again for the next one.
//
// Mechanism: a head, and behind it as many words as key, value and weight take. The version proves
// a read (a seqlock): it is odd while words change, and different afterwards; `vacant` says that
// there is no entry. Words are atomics, so that a read that proves void was no data race. A version
// comes again after 2^30 changes of one entry: a thread would have to stand still for a minute, in
// which others do nothing but change that entry, and go on at exactly that change.
//
// Thread-safety: `Snapshot` reads from any thread; the rest by one thread at a time, but `uses`,
// which is a hint.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

inline constexpr std::uint32_t no_entry = std::numeric_limits<std::uint32_t>::max();

struct Entry {
    static constexpr std::uint32_t being_written = 1;
    static constexpr std::uint32_t vacant = 2;
    static constexpr std::uint32_t one_version = 4;
    static constexpr std::uint8_t uses_max = 3;

    Atomic<std::uint32_t> version{vacant};
    std::uint32_t newer = no_entry;  // in its queue
    std::uint32_t older = no_entry;  // in its queue, or among the vacant ones
    std::uint16_t address_low = 0;
    std::uint8_t address_high : 6 = 0;
    std::uint8_t queue : 2 = 0;
    Atomic<std::uint8_t> uses{0};     // since it came, or since it was spared
    Atomic<std::int64_t> expires{0};  // nanoseconds since boot; the largest: never
    Atomic<std::int64_t> written{0};  // the same

    [[nodiscard]] Atomic<std::uint64_t>* words() noexcept {
        return std::launder(reinterpret_cast<Atomic<std::uint64_t>*>(this + 1));
    }
    [[nodiscard]] std::uint32_t address() const noexcept {
        return address_low | std::uint32_t{address_high} << 16;
    }
    void set_address(std::uint32_t address) noexcept {
        address_low = static_cast<std::uint16_t>(address);
        address_high = static_cast<std::uint8_t>(address >> 16) & 0x3fU;
    }
    // Writes nothing once the entry is known to be in use: readers of a hot one share its line.
    void note_use() noexcept {
        const std::uint8_t seen = uses.load(std::memory_order_relaxed);
        if (seen < uses_max) uses.store(seen + 1, std::memory_order_relaxed);
    }

    // Between the two, words, times and weight may change. Pairs with `unchanged`.
    void begin_writing() noexcept {
        const std::uint32_t before = version.load(std::memory_order_relaxed);
        version.store(before | being_written, std::memory_order_relaxed);
        fence(std::memory_order_release);
    }
    void end_writing(std::uint32_t state) noexcept {
        const std::uint32_t before = version.load(std::memory_order_relaxed);
        const std::uint32_t next = (before & ~(one_version - 1)) + one_version;
        version.store(next | state, std::memory_order_release);
    }
    // Whether all that was loaded since `version` was loaded belongs together.
    [[nodiscard]] bool unchanged(std::uint32_t since) const noexcept {
        fence(std::memory_order_acquire);
        return version.load(std::memory_order_relaxed) == since;
    }
};
static_assert(sizeof(Entry) == 32);

class EntryPool {
public:
    explicit EntryPool(std::size_t words)
        : entries_(sizeof(Entry) + words * sizeof(std::uint64_t)), words_(words) {}

    [[nodiscard]] Entry& at(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<Entry*>(entries_.at(number)));
    }
    // Numbers below it have been used; from any thread.
    [[nodiscard]] std::uint32_t used() const noexcept {
        return used_.load(std::memory_order_acquire);
    }

    // Makes sure that `take` allocates nothing. Throws std::bad_alloc.
    void reserve() {
        const std::uint32_t used = used_.load(std::memory_order_relaxed);
        if (vacant_ == no_entry) entries_.ensure(used);
    }
    [[nodiscard]] std::uint32_t take() noexcept {
        if (vacant_ != no_entry) {
            const std::uint32_t number = vacant_;
            vacant_ = at(number).older;
            return number;
        }
        const std::uint32_t number = used_.load(std::memory_order_relaxed);
        auto* const entry = new (entries_.at(number)) Entry;
        std::uninitialized_value_construct_n(reinterpret_cast<Atomic<std::uint64_t>*>(entry + 1),
                                             words_);
        used_.store(number + 1, std::memory_order_release);
        return number;
    }
    void give_back(std::uint32_t number) noexcept {
        Entry& entry = at(number);
        entry.begin_writing();
        entry.end_writing(Entry::vacant);
        entry.older = vacant_;
        vacant_ = number;
    }

private:
    Segments<4> entries_;
    const std::size_t words_;
    Atomic<std::uint32_t> used_{0};
    std::uint32_t vacant_ = no_entry;
};

}  // namespace tutti::detail
