// Finds the numbers of entries by the hash of their keys. Reads take no lock, write nothing, and
// see every entry that is in the index all the while.
//
// Mechanism: linear hashing. A bucket is a cache line of eleven numbers, with eight bits of each
// hash beside them; what does not fit goes to further buckets behind it. When there are too many
// entries for the buckets, one of them is split, so that no operation pays for a resize. An entry
// stays in its place until it is erased, except when its bucket is split: meanwhile the bucket's
// version is odd, and another afterwards: a search that found nothing begins again. One that found
// something needs no such proof: entries prove themselves.
//
// Thread-safety: `find` from any thread; the rest by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class HashIndex {
public:
    // Calls `matches(number)` for numbers whose hash is probably `hash`, until it returns true;
    // false if it never does. It may be called with a number that is not in the index any more.
    template <class Matches>
    [[gnu::always_inline]] bool find(const Hashed& hash, Matches matches) const {
        for (Backoff backoff;; backoff.wait()) {
            const std::uint32_t count = count_.load(std::memory_order_acquire);
            if (count == 0) return false;
            const std::uint32_t place = place_of(hash.address, count);
            const Bucket& home = bucket(place);
            const std::uint32_t version = home.version.load(std::memory_order_acquire);
            if (search(home, hash.tag, matches)) return true;
            fence(std::memory_order_acquire);
            // Pairs with `split`.
            const bool stood =
                (version & 1U) == 0 && home.version.load(std::memory_order_relaxed) == version &&
                place_of(hash.address, count_.load(std::memory_order_acquire)) == place;
            if (stood) return false;
        }
    }

    // Makes sure that an insertion with this hash allocates nothing. Throws std::bad_alloc.
    void reserve(const Hashed& hash) {
        if (count_.load(std::memory_order_relaxed) == 0) open_first();
        for (Bucket* bucket = &home_of(hash.address);; bucket = behind(*bucket)) {
            if (bucket->free_place()) return;
            if (bucket->next.load(std::memory_order_relaxed) == none) append_to(*bucket);
        }
    }

    // Requires: `reserve` with this hash, and no insertion since.
    void insert(const Hashed& hash, std::uint32_t number) noexcept {
        put_in(home_of(hash.address), hash.tag, number);
        ++size_;
    }

    // Requires: it is in the index. Returns the tag.
    std::uint8_t erase(std::uint32_t address, std::uint32_t number) noexcept {
        --size_;
        for (Bucket* bucket = &home_of(address);; bucket = behind(*bucket)) {
            for (unsigned i = 0; i < Bucket::places; ++i) {
                if (bucket->numbers[i].load(std::memory_order_relaxed) != number) continue;
                const std::uint8_t tag = bucket->tag(i);
                if (tag == 0) continue;
                bucket->set_tag(i, 0);
                return tag;
            }
        }
    }

    // Splits a bucket if there are too few; without memory, later. `address_of(number)`: its hash.
    template <class AddressOf>
    void grow(AddressOf address_of) noexcept {
        const std::size_t count = count_.load(std::memory_order_relaxed);
        if (size_ <= count * entries_per_bucket || count == count_max) return;
        try {
            split(address_of);
        } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): searches get longer
        }
    }

private:
    static constexpr std::size_t entries_per_bucket = 6;
    // No address leads to more.
    static constexpr std::size_t count_max = std::size_t{1} << Hashed::address_bits;
    static constexpr std::uint32_t none = 0;
    using Bucket = HashBucket;

    [[nodiscard]] static std::uint32_t place_of(std::uint32_t address,
                                                std::uint32_t count) noexcept {
        const std::uint32_t mask = (std::uint32_t{2} << floor_log2((count - 1) | 1U)) - 1;
        const std::uint32_t place = address & mask;
        return place < count ? place : place & (mask >> 1);
    }

    [[nodiscard]] Bucket& bucket(std::uint32_t place) const noexcept {
        return *std::launder(reinterpret_cast<Bucket*>(homes_.at(place)));
    }
    [[nodiscard]] Bucket& further(std::uint32_t next) const noexcept {
        return *std::launder(reinterpret_cast<Bucket*>(further_.at(next - 1)));
    }
    // Null at the end of the chain.
    [[nodiscard]] Bucket* behind(const Bucket& bucket) const noexcept {
        const std::uint32_t next = bucket.next.load(std::memory_order_relaxed);
        return next == none ? nullptr : &further(next);
    }
    [[nodiscard]] Bucket& home_of(std::uint32_t address) const noexcept {
        return bucket(place_of(address, count_.load(std::memory_order_relaxed)));
    }

    template <class Matches>
    [[gnu::always_inline]] bool search(const Bucket& home, std::uint8_t tag,
                                       Matches& matches) const {
        const TagMatch wanted(tag);
        for (const Bucket* in = &home;;) {
            std::uint64_t low = wanted.in(in->low_tags.load(std::memory_order_acquire));
            std::uint32_t high = wanted.in(in->high_tags.load(std::memory_order_acquire));
            while ((low | high) != 0) {
                const unsigned i =
                    low != 0 ? take_place(low) : Bucket::low_places + take_place(high);
                if (matches(in->numbers[i].load(std::memory_order_acquire))) return true;
            }
            const std::uint32_t next = in->next.load(std::memory_order_acquire);
            if (next == none) return false;
            in = &further(next);
        }
    }
    template <class Found>
    static unsigned take_place(Found& found) noexcept {
        const unsigned place = TagMatch::place(found);
        found &= found - 1;
        return place;
    }

    void open_first() {
        homes_.ensure(0);
        new (homes_.at(0)) Bucket;
        count_.store(1, std::memory_order_release);
    }

    void append_to(Bucket& last) {
        std::uint32_t next = free_further_;
        if (next == none) {
            further_.ensure(further_count_);
            new (further_.at(further_count_)) Bucket;
            next = ++further_count_;
        } else {
            free_further_ = further(next).next.exchange(none, std::memory_order_relaxed);
        }
        last.next.store(next, std::memory_order_release);
    }

    // Requires: a place in it or behind it.
    void put_in(Bucket& home, std::uint8_t tag, std::uint32_t number) noexcept {
        Bucket* bucket = &home;
        auto place = bucket->free_place();
        while (!place) {
            bucket = behind(*bucket);
            place = bucket->free_place();
        }
        bucket->numbers[*place].store(number, std::memory_order_release);
        bucket->set_tag(*place, tag);
    }

    static void begin_move(Bucket& bucket) noexcept {
        const std::uint32_t version = bucket.version.load(std::memory_order_relaxed);
        bucket.version.store(version + 1, std::memory_order_relaxed);
    }
    static void end_move(Bucket& bucket) noexcept {
        const std::uint32_t version = bucket.version.load(std::memory_order_relaxed);
        bucket.version.store(version + 1, std::memory_order_release);
    }

    // Opens one more bucket, and moves to it what belongs there now.
    template <class AddressOf>
    void split(AddressOf& address_of) {
        const std::uint32_t fresh = count_.load(std::memory_order_relaxed);
        homes_.ensure(fresh);
        Bucket& to = *new (homes_.at(fresh)) Bucket;
        Bucket& from = bucket(fresh ^ (1U << floor_log2(fresh)));
        lengthen_as(from, to);
        begin_move(from);
        begin_move(to);
        fence(std::memory_order_release);
        count_.store(fresh + 1, std::memory_order_release);
        for (Bucket* in = &from; in != nullptr; in = behind(*in)) {
            move_all(*in, [&](std::uint32_t number) -> Bucket& {
                return place_of(address_of(number), fresh + 1) == fresh ? to : from;
            });
        }
        shorten(from);
        shorten(to);
        end_move(from);
        end_move(to);
    }

    // So that whatever moves has room.
    void lengthen_as(const Bucket& model, Bucket& home) {
        try {
            Bucket* last = &home;
            for (const Bucket* in = behind(model); in != nullptr; in = behind(*in)) {
                append_to(*last);
                last = behind(*last);
            }
        } catch (...) {
            shorten(home);
            throw;
        }
    }

    // Each to the first place in the chain that it belongs to, which may be where it was.
    template <class HomeOf>
    void move_all(Bucket& in, HomeOf home_of) noexcept {
        for (unsigned i = 0; i < Bucket::places; ++i) {
            const std::uint8_t tag = in.tag(i);
            if (tag == 0) continue;
            const std::uint32_t number = in.numbers[i].load(std::memory_order_relaxed);
            in.set_tag(i, 0);
            put_in(home_of(number), tag, number);
        }
    }

    // Takes the empty ones off the end.
    void shorten(Bucket& home) noexcept {
        Bucket* last_used = &home;
        for (Bucket* in = behind(home); in != nullptr; in = behind(*in)) {
            if (!in->empty()) last_used = in;
        }
        while (Bucket* empty = behind(*last_used)) {
            const std::uint32_t number = last_used->next.load(std::memory_order_relaxed);
            const std::uint32_t rest = empty->next.load(std::memory_order_relaxed);
            last_used->next.store(rest, std::memory_order_release);
            empty->next.store(free_further_, std::memory_order_release);
            free_further_ = number;
        }
    }

    Atomic<std::uint32_t> count_{0};
    Segments<2> homes_{sizeof(Bucket)};
    Segments<2> further_{sizeof(Bucket)};
    std::size_t size_ = 0;
    std::uint32_t further_count_ = 0;
    std::uint32_t free_further_ = none;
};

}  // namespace tutti::detail
