// The entries of one part of a memory tier, by number. An entry stays where it is; its place is
// used again for the next one.
//
// Mechanism: what a read needs is in one array: a head of 16 bytes, and behind it as many words as
// key and value take, so that a small entry is half a cache line. What only writers need is in
// others: weights; and when an entry was last used, where that ends its life. A vacant place has in
// its first word which one is the next.
//
// The version proves a read (a seqlock): it is odd while words change, and different afterwards;
// `vacant` says that there is no entry. Words are atomics, so that a read that proves void was no
// data race. A version comes again after 2^28 changes of one entry: a thread would have to stand
// still for seconds, in which others do nothing but change that entry, and go on at exactly that
// change.
//
// Thread-safety: versions, words and uses from any thread; the rest by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/expected_array.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/life.hpp"
#include "tutti/detail/segments.hpp"
#include "tutti/detail/words.hpp"

namespace tutti::detail {

inline constexpr std::uint32_t no_entry = std::numeric_limits<std::uint32_t>::max();

// An entry in one state: any change makes it another.
struct EntryState {
    std::uint32_t number = no_entry;
    std::uint32_t version = 0;
};

class EntryHead {
public:
    static constexpr std::uint32_t being_written = 1;
    static constexpr std::uint32_t vacant = 2;
    static constexpr std::uint32_t uses_max = 3;

    // With the uses, which are no part of it: see `same`.
    [[nodiscard]] std::uint32_t version() const noexcept {
        return version_.load(std::memory_order_acquire);
    }
    [[nodiscard]] static bool same(std::uint32_t a, std::uint32_t b) noexcept {
        return ((a ^ b) & ~uses_mask) == 0;
    }
    // For the thread that may change it.
    [[nodiscard]] bool is_vacant() const noexcept { return (state() & vacant) != 0; }
    [[nodiscard]] bool is_still(std::uint32_t version) const noexcept {
        return same(state(), version);
    }

    // Since it came, or since it was spared.
    [[nodiscard]] std::uint32_t uses() const noexcept { return (state() & uses_mask) >> uses_at; }
    void set_uses(std::uint32_t uses) noexcept {
        version_.store((state() & ~uses_mask) | uses << uses_at, std::memory_order_relaxed);
    }
    // Writes nothing once the entry is known to be in use: readers of a hot one share its line.
    void note_use(std::uint32_t version) noexcept {
        if ((version & uses_mask) == uses_mask) return;
        version_.compare_exchange(version, version + one_use, std::memory_order_relaxed);
    }

    // Between the two, life and words may change. Pairs with `unchanged`.
    void begin_writing() noexcept {
        version_.store(state() | being_written, std::memory_order_relaxed);
        fence(std::memory_order_release);
    }
    // next_state: zero or `vacant`.
    void end_writing(std::uint32_t next_state) noexcept {
        const std::uint32_t next = (state() & ~(being_written | vacant)) + one_version;
        version_.store(next | next_state, std::memory_order_release);
    }
    // The same of an overwrite, which is a use; with one store.
    void end_overwriting() noexcept {
        const std::uint32_t before = state();
        const std::uint32_t use = (before & uses_mask) == uses_mask ? 0 : one_use;
        version_.store((before & ~being_written) + one_version + use, std::memory_order_release);
    }
    // Whether all that was loaded since `version` was loaded belongs together.
    [[nodiscard]] bool unchanged(std::uint32_t since) const noexcept {
        fence(std::memory_order_acquire);
        return is_still(since);
    }

    [[nodiscard]] PackedLife life() const noexcept {
        return {moment_.load(std::memory_order_relaxed), length_.load(std::memory_order_relaxed)};
    }
    void set_life(const PackedLife& life) noexcept {
        moment_.store(life.moment(), std::memory_order_relaxed);
        length_.store(life.length(), std::memory_order_relaxed);
    }

private:
    static constexpr unsigned uses_at = 2;
    static constexpr std::uint32_t uses_mask = uses_max << uses_at;
    static constexpr std::uint32_t one_use = 1U << uses_at;
    static constexpr std::uint32_t one_version = 16;

    [[nodiscard]] std::uint32_t state() const noexcept {
        return version_.load(std::memory_order_relaxed);
    }

    Atomic<std::uint32_t> version_{vacant};
    Atomic<std::uint32_t> length_{0};  // of its life
    Atomic<std::int64_t> moment_{0};
};
static_assert(sizeof(EntryHead) == 16);

// What is kept of entries beside their words.
struct PoolTerms {
    bool weighed = false;  // entries have weights other than one
    bool dated = false;    // by their last use
    HugePages* huge = nullptr;
    std::uint32_t expected = 0;  // entries
};

// WordCount: of key and value.
template <std::size_t WordCount>
class EntryPool {
public:
    struct Entry : EntryHead {
        Word words[WordCount] = {};
    };

    explicit EntryPool(PoolTerms terms) noexcept
        : entries_(terms.huge, terms.expected),
          weights_(terms.huge),
          last_uses_(terms.huge),
          terms_(terms) {}

    [[nodiscard, gnu::always_inline]] Entry& at(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<Entry*>(entries_.at(number)));
    }
    // Of one that is about to be written: the lines behind its first are waited for together.
    static void expect(const Entry& entry) noexcept {
        constexpr std::size_t words_of_line = 8;
        for (std::size_t i = words_of_line; i < WordCount; i += words_of_line) {
            fetch_ahead(&entry.words[i - 1]);
        }
        if constexpr (sizeof(Entry) > 64) fetch_ahead(&entry.words[WordCount - 1]);
    }
    [[nodiscard]] std::size_t weight(std::uint32_t number) const noexcept {
        return terms_.weighed ? weight_at(number) : 1;
    }
    void set_weight(std::uint32_t number, std::size_t weight) noexcept {
        if (terms_.weighed) weight_at(number) = weight;
    }
    // In nanoseconds; from any thread. Requires: dated.
    [[nodiscard]] Atomic<std::int64_t>& last_use(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<Atomic<std::int64_t>*>(last_uses_.at(number)));
    }
    // Before it may be read.
    void begin_use(std::uint32_t number, std::int64_t now) noexcept {
        if (terms_.dated) last_use(number).store(now, std::memory_order_relaxed);
    }
    // Numbers below it have been used; from any thread.
    [[nodiscard]] std::uint32_t used() const noexcept {
        return used_.load(std::memory_order_acquire);
    }

    // Makes sure that `take` allocates nothing. Throws std::bad_alloc.
    void reserve() {
        if (vacant_ != no_entry) return;
        const std::uint32_t used = used_.load(std::memory_order_relaxed);
        entries_.ensure(used);
        if (terms_.weighed) weights_.ensure(used);
        if (terms_.dated) last_uses_.ensure(used);
    }
    [[nodiscard]] std::uint32_t take() noexcept {
        if (vacant_ != no_entry) {
            const std::uint32_t number = vacant_;
            vacant_ =
                static_cast<std::uint32_t>(at(number).words[0].load(std::memory_order_relaxed));
            return number;
        }
        const std::uint32_t number = used_.load(std::memory_order_relaxed);
        new (entries_.at(number)) Entry;
        if (terms_.weighed) new (weights_.at(number)) std::size_t{1};
        if (terms_.dated) new (last_uses_.at(number)) Atomic<std::int64_t>{0};
        used_.store(number + 1, std::memory_order_release);
        return number;
    }
    void give_back(std::uint32_t number) noexcept {
        Entry& entry = at(number);
        entry.begin_writing();
        entry.words[0].store(vacant_, std::memory_order_relaxed);
        entry.end_writing(EntryHead::vacant);
        vacant_ = number;
    }

private:
    static constexpr unsigned first_bits = 4;

    [[nodiscard]] std::size_t& weight_at(std::uint32_t number) const noexcept {
        return *std::launder(reinterpret_cast<std::size_t*>(weights_.at(number)));
    }

    ExpectedArray<first_bits, sizeof(Entry)> entries_;
    Segments<first_bits, sizeof(std::size_t)> weights_;
    Segments<first_bits, sizeof(Atomic<std::int64_t>)> last_uses_;
    const PoolTerms terms_;
    Atomic<std::uint32_t> used_{0};
    std::uint32_t vacant_ = no_entry;
};

}  // namespace tutti::detail
