// Finds the numbers of entries by the hash of their keys. Reads take no lock, write nothing, and
// see every entry that is in the index all the while.
//
// Mechanism: linear hashing. A bucket is a cache line of eleven numbers, with eight bits of each
// hash beside them; what does not fit goes to further buckets behind it. When there are too many
// entries for the buckets, one of them is split, so that no operation pays for a resize. An entry
// stays in its place until it is erased, except when its bucket is split: before that there is
// another extent, and meanwhile the bucket's version is odd; a search that found nothing begins
// again. One that found something needs no such proof: entries prove themselves.
//
// Thread-safety: `find` from any thread; the rest by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/expected_array.hpp"
#include "tutti/detail/further_buckets.hpp"
#include "tutti/detail/hash_bucket.hpp"
#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class HashIndex {
public:
    enum class Look : std::uint8_t { nothing, found, unsure };

    // huge: where its memory is from, see Segments. expected: entries.
    HashIndex(HugePages* huge, std::uint32_t expected) noexcept
        : homes_(huge, (expected + entries_per_bucket - 1) / entries_per_bucket), further_(huge) {}

    // One look into the first bucket, which is all that most reads need: no loop, little to
    // remember. `matches(number)`, for numbers whose hash is probably `hash`, has the same three
    // answers. `unsure`: what is there is changing, or goes on behind the bucket; ask `find`.
    template <class Matches>
    [[gnu::always_inline]] Look look(const Hashed& hash, Matches matches) const {
        const Extent extent = this->extent(std::memory_order_acquire);
        if (extent.count() == 0) return Look::nothing;
        const Bucket& home = bucket(extent.place_of(hash.address));
        const std::uint32_t version = home.version.load(std::memory_order_acquire);
        std::uint32_t found = home.matches(TagMatch(hash.tag), std::memory_order_acquire);
        while (found != 0) {
            const std::size_t i = TagMatch::take_place(found);
            const Look one = matches(home.numbers[i].load(std::memory_order_acquire));
            if (one != Look::nothing) return one;
        }
        if (home.next.load(std::memory_order_acquire) != none) return Look::unsure;
        return stood(version, extent) ? Look::nothing : Look::unsure;
    }
    // Has the bucket brought that a look begins with, and does not wait for it.
    [[gnu::always_inline]] void fetch(const Hashed& hash) const noexcept {
        const Extent extent = this->extent(std::memory_order_acquire);
        if (extent.count() != 0) fetch_ahead(&bucket(extent.place_of(hash.address)));
    }
    // Calls `matches(number)` until it returns true; false if it never does. For the thread that
    // may change the index.
    template <class Matches>
    [[gnu::always_inline]] bool search(const Hashed& hash, Matches matches) const {
        return extent().count() > 0 && search(home_of(hash.address), hash.tag, matches);
    }
    // The same from any thread; with numbers, too, that are not in the index any more.
    template <class Matches>
    bool find(const Hashed& hash, Matches matches) const {
        for (Backoff backoff;; backoff.wait()) {
            const Extent extent = this->extent(std::memory_order_acquire);
            if (extent.count() == 0) return false;
            const Bucket& home = bucket(extent.place_of(hash.address));
            const std::uint32_t version = home.version.load(std::memory_order_acquire);
            if (search(home, hash.tag, matches)) return true;
            if (stood(version, extent)) return false;
        }
    }

    // Finds, or makes, a free place for what is inserted with this hash. Throws std::bad_alloc.
    [[nodiscard]] BucketPlace reserve(const Hashed& hash) {
        if (extent().count() == 0) open_first();
        for (Bucket* bucket = &home_of(hash.address);; bucket = &further_.next(*bucket)) {
            if (const auto place = bucket->free_place()) return {bucket, *place};
            if (bucket->next.load(std::memory_order_relaxed) == none) further_.append_to(*bucket);
        }
    }

    // Requires: `to` is what `reserve` returned, and nothing inserted since.
    void insert(BucketPlace to, const Hashed& hash, std::uint32_t number) noexcept {
        put(to, hash.tag, number);
        ++size_;
    }

    // Requires: it is in the index.
    void erase(const Hashed& hash, std::uint32_t number) noexcept {
        --size_;
        for (Bucket* bucket = &home_of(hash.address);; bucket = &further_.next(*bucket)) {
            std::uint32_t found = bucket->matches(TagMatch(hash.tag), std::memory_order_relaxed);
            while (found != 0) {
                const std::size_t i = TagMatch::take_place(found);
                if (bucket->numbers[i].load(std::memory_order_relaxed) != number) continue;
                return bucket->set_tag(i, 0);
            }
        }
    }

    // Splits a bucket if there are too few; without memory, later. `address_of(number)`: its hash.
    template <class AddressOf>
    void grow(AddressOf address_of) noexcept {
        const std::size_t count = extent().count();
        if (size_ <= count * entries_per_bucket || count == count_max) return;
        try {
            split(address_of);
        } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): searches get longer
        }
    }

private:
    static constexpr std::uint32_t entries_per_bucket = 7;
    // No address leads to more.
    static constexpr std::size_t count_max = std::size_t{1} << Hashed::address_bits;
    static constexpr std::uint32_t none = FurtherBuckets::none;
    using Bucket = HashBucket;

    [[nodiscard]] Extent extent(
        std::memory_order order = std::memory_order_relaxed) const noexcept {
        return Extent(extent_.load(order));
    }
    // Whether nothing was split while a search found nothing: neither when it began, nor since, as
    // a split begins with another extent. Pairs with `split`.
    [[gnu::always_inline]] bool stood(std::uint32_t version, Extent before) const noexcept {
        fence(std::memory_order_acquire);
        return (version & 1U) == 0 && extent(std::memory_order_acquire) == before;
    }

    [[nodiscard]] Bucket& bucket(std::uint32_t place) const noexcept {
        return *std::launder(reinterpret_cast<Bucket*>(homes_.at(place)));
    }
    [[nodiscard]] Bucket& home_of(std::uint32_t address) const noexcept {
        return bucket(extent().place_of(address));
    }

    template <class Matches>
    [[gnu::always_inline]] bool search(const Bucket& home, std::uint8_t tag,
                                       Matches& matches) const {
        const TagMatch wanted(tag);
        for (const Bucket* in = &home;;) {
            std::uint32_t found = in->matches(wanted, std::memory_order_acquire);
            while (found != 0) {
                const std::size_t i = TagMatch::take_place(found);
                if (matches(in->numbers[i].load(std::memory_order_acquire))) return true;
            }
            const std::uint32_t next = in->next.load(std::memory_order_acquire);
            if (next == none) return false;
            in = &further_.at(next);
        }
    }

    void open_first() {
        homes_.ensure(0);
        new (homes_.at(0)) Bucket;
        extent_.store(Extent::of(1).word(), std::memory_order_release);
    }

    // Requires: a place in it or behind it.
    void put_in(Bucket& home, std::uint8_t tag, std::uint32_t number) noexcept {
        Bucket* bucket = &home;
        auto place = bucket->free_place();
        while (!place) {
            bucket = &further_.next(*bucket);
            place = bucket->free_place();
        }
        put({bucket, *place}, tag, number);
    }
    static void put(BucketPlace to, std::uint8_t tag, std::uint32_t number) noexcept {
        to.bucket->numbers[to.place].store(number, std::memory_order_release);
        to.bucket->set_tag(to.place, tag);
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
        const std::uint32_t fresh = extent().count();
        const Extent grown = Extent::of(fresh + 1);
        homes_.ensure(fresh);
        Bucket& to = *new (homes_.at(fresh)) Bucket;
        Bucket& from = bucket(fresh ^ (1U << floor_log2(fresh)));
        further_.lengthen_as(from, to);
        begin_move(from);
        begin_move(to);
        fence(std::memory_order_release);
        extent_.store(grown.word(), std::memory_order_release);
        for (Bucket* in = &from; in != nullptr; in = further_.behind(*in)) {
            move_all(*in, [&](std::uint32_t number) -> Bucket& {
                return grown.place_of(address_of(number)) == fresh ? to : from;
            });
        }
        further_.shorten(from);
        further_.shorten(to);
        end_move(from);
        end_move(to);
    }

    // Each to the first place in the chain that it belongs to, which may be where it was.
    template <class HomeOf>
    void move_all(Bucket& in, HomeOf home_of) noexcept {
        for (std::size_t i = 0; i < Bucket::places; ++i) {
            const std::uint8_t tag = in.tag(i);
            if (tag == 0) continue;
            const std::uint32_t number = in.numbers[i].load(std::memory_order_relaxed);
            in.set_tag(i, 0);
            put_in(home_of(number), tag, number);
        }
    }

    Atomic<std::uint64_t> extent_{0};
    ExpectedArray<2, sizeof(Bucket)> homes_;
    FurtherBuckets further_;
    std::size_t size_ = 0;
};

}  // namespace tutti::detail
