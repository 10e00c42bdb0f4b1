// The entries of one part of a memory tier, found by key. Reads take no lock, write nothing, and
// see every entry that is in it all the while.
//
// Mechanism: the index finds the number of an entry, the entry's version proves what was read of
// it. Entries never move, so that a number and a version name one state of one entry: what was
// decided about it without a lock is done under the lock if they are still the same.
//
// Thread-safety: `read`, `look_at` and `used` from any thread; the rest by one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/cells.hpp"
#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/hash_index.hpp"
#include "tutti/detail/reclaim.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class EntryTable {
public:
    using Query = Probe<K, Hash, Eq>;
    using KeyOf = KeyCell<K, Hash, Eq>;
    using ValueOf = ValueCell<V>;

    // An entry as it was.
    struct Snapshot {
        typename KeyOf::Words key;  // only by `look_at`
        typename ValueOf::Words value;
        std::int64_t expires;
        std::int64_t written;
        std::uint32_t number = no_entry;
        std::uint32_t version;
    };

    // An entry to be. Owns what its words are the address of, until it has been put.
    struct Draft {
        Draft() = default;
        Draft(const Draft&) = delete;
        Draft& operator=(const Draft&) = delete;
        ~Draft() {
            if (owns_key) delete KeyOf::address(key);
            if (owns_value) delete ValueOf::address(value);
        }

        void set_key(K&& from) {
            key = KeyOf::pack(std::move(from));
            owns_key = true;
        }
        // What the key is, after it was moved from `from`.
        [[nodiscard]] decltype(auto) view(const K& from) const noexcept {
            return KeyOf::view(key, from);
        }
        void set_value(V&& from, std::size_t weighs, std::int64_t written_at,
                       std::int64_t expires_at) {
            if (std::exchange(owns_value, false)) delete ValueOf::address(value);
            value = ValueOf::pack(std::move(from));
            owns_value = true;
            weight = weighs;
            written = written_at;
            expires = expires_at;
        }
        // What was not put.
        void move_rest_to(RetiredList& out) noexcept {
            if (std::exchange(owns_key, false)) out.push(KeyOf::address(key));
            if (std::exchange(owns_value, false)) out.push(ValueOf::address(value));
        }

        typename KeyOf::Words key{};
        typename ValueOf::Words value{};
        bool owns_key = false;
        bool owns_value = false;
        std::size_t weight = 1;
        std::int64_t written = 0;
        std::int64_t expires = 0;
    };

    // weighed: entries have weights other than one.
    explicit EntryTable(bool weighed)
        : weighed_(weighed), pool_(KeyOf::size + ValueOf::size + (weighed ? 1 : 0)) {}

    // Whether there is one, dead or alive. Without a lock; what is kept by address needs a `Pin`.
    [[gnu::always_inline]] bool read(const Query& query, const Hashed& hash, Snapshot& out) const {
        return index_.find(hash, [&](std::uint32_t number) { return read_at(number, query, out); });
    }
    // The same for a number below `used`, with the key.
    bool look_at(std::uint32_t number, Snapshot& out) const {
        const auto any = [&](const typename KeyOf::Words& key, auto&&) {
            out.key = key;
            return true;
        };
        return load(number, any, out);
    }
    [[nodiscard]] std::uint32_t used() const noexcept { return pool_.used(); }

    [[nodiscard]] EntryPool& pool() noexcept { return pool_; }
    [[nodiscard]] Entry& at(std::uint32_t number) const noexcept { return pool_.at(number); }

    [[nodiscard]] bool is_vacant(std::uint32_t number) const noexcept {
        return (pool_.at(number).version.load(std::memory_order_relaxed) & Entry::vacant) != 0;
    }
    [[nodiscard]] bool is_still(const Snapshot& seen) const noexcept {
        return pool_.at(seen.number).version.load(std::memory_order_relaxed) == seen.version;
    }
    [[nodiscard]] std::uint32_t locate(const Query& query, const Hashed& hash) const {
        std::uint32_t found = no_entry;
        index_.find(hash, [&](std::uint32_t number) {
            if (is_vacant(number)) return false;
            const auto key = load_words<KeyOf::size>(pool_.at(number).words());
            if (query.equals(key, [] { return true; })) found = number;
            return found != no_entry;
        });
        return found;
    }
    [[nodiscard]] std::size_t weight(std::uint32_t number) const noexcept {
        constexpr std::size_t place = KeyOf::size + ValueOf::size;
        if (!weighed_) return 1;
        return pool_.at(number).words()[place].load(std::memory_order_relaxed);
    }

    // Makes sure that `add` allocates nothing. Throws std::bad_alloc.
    void reserve(const Hashed& hash) {
        pool_.reserve();
        index_.reserve(hash);
    }
    // Requires: `reserve` with this hash, and nothing added since.
    std::uint32_t add(const Hashed& hash, Draft& draft) noexcept {
        const std::uint32_t number = pool_.take();
        Entry& entry = pool_.at(number);
        entry.begin_writing();
        entry.set_address(hash.address);
        store_words(entry.words(), draft.key);
        draft.owns_key = false;
        write_rest(entry, draft);
        index_.insert(hash, number);
        index_.grow([this](std::uint32_t one) { return pool_.at(one).address(); });
        return number;
    }
    void overwrite(std::uint32_t number, Draft& draft, RetiredList& out) noexcept {
        Entry& entry = pool_.at(number);
        entry.begin_writing();
        out.push(ValueOf::address(load_words<ValueOf::size>(entry.words() + KeyOf::size)));
        if constexpr (!Query::equal_is_same) {
            out.push(KeyOf::address(load_words<KeyOf::size>(entry.words())));
            store_words(entry.words(), draft.key);
            draft.owns_key = false;
        }
        write_rest(entry, draft);
    }
    // Returns the tag of its hash.
    std::uint8_t remove(std::uint32_t number, RetiredList& out) noexcept {
        Entry& entry = pool_.at(number);
        const std::uint8_t tag = index_.erase(entry.address(), number);
        retire(entry, out);
        pool_.give_back(number);
        return tag;
    }
    // At the table's end: what is kept by address goes to `out`.
    static void retire(Entry& entry, RetiredList& out) noexcept {
        out.push(KeyOf::address(load_words<KeyOf::size>(entry.words())));
        out.push(ValueOf::address(load_words<ValueOf::size>(entry.words() + KeyOf::size)));
    }

private:
    using Word = Atomic<std::uint64_t>;

    template <std::size_t Size>
    static std::array<std::uint64_t, Size> load_words(const Word* from) noexcept {
        std::array<std::uint64_t, Size> words;
        for (std::size_t i = 0; i < Size; ++i) words[i] = from[i].load(std::memory_order_relaxed);
        return words;
    }
    template <std::size_t Size>
    static void store_words(Word* to, const std::array<std::uint64_t, Size>& words) noexcept {
        for (std::size_t i = 0; i < Size; ++i) to[i].store(words[i], std::memory_order_relaxed);
    }

    // `matches(key words, proven)`, see Probe::equals.
    template <class Matches>
    [[gnu::always_inline]] bool load(std::uint32_t number, Matches matches, Snapshot& out) const {
        Entry& entry = pool_.at(number);
        for (Backoff backoff;; backoff.wait()) {
            const std::uint32_t version = entry.version.load(std::memory_order_acquire);
            if ((version & Entry::vacant) != 0) return false;
            if ((version & Entry::being_written) != 0) continue;
            bool changed = false;
            const auto proven = [&] { return !(changed = !entry.unchanged(version)); };
            if (!matches(load_words<KeyOf::size>(entry.words()), proven)) {
                if (changed) continue;
                return false;
            }
            out.value = load_words<ValueOf::size>(entry.words() + KeyOf::size);
            out.expires = entry.expires.load(std::memory_order_relaxed);
            out.written = entry.written.load(std::memory_order_relaxed);
            if (!entry.unchanged(version)) continue;
            out.number = number;
            out.version = version;
            return true;
        }
    }
    [[gnu::always_inline]] bool read_at(std::uint32_t number, const Query& query,
                                        Snapshot& out) const {
        return load(
            number, [&](const auto& key, auto& proven) { return query.equals(key, proven); }, out);
    }

    // What is behind the key.
    void write_rest(Entry& entry, Draft& draft) noexcept {
        store_words(entry.words() + KeyOf::size, draft.value);
        draft.owns_value = false;
        if (weighed_) {
            entry.words()[KeyOf::size + ValueOf::size].store(draft.weight,
                                                             std::memory_order_relaxed);
        }
        entry.expires.store(draft.expires, std::memory_order_relaxed);
        entry.written.store(draft.written, std::memory_order_relaxed);
        entry.end_writing(0);
    }

    HashIndex index_;
    const bool weighed_;
    EntryPool pool_;
};

}  // namespace tutti::detail
