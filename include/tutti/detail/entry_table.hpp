// The entries of one part of a memory tier, found by key. Reads take no lock, write nothing, and
// see every entry that is in it all the while.
//
// Mechanism: the index finds the number of an entry, the entry's version proves what was read of
// it. Entries never move, so that a number and a version name one state of one entry: what was
// decided about it without a lock is done under the lock if they are still the same.
//
// Thread-safety: `read`, `look_at`, `used` and `count_where` from any thread; the rest by one
// thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tutti/detail/atomic.hpp"
#include "tutti/detail/cells.hpp"
#include "tutti/detail/entry_draft.hpp"
#include "tutti/detail/entry_hashes.hpp"
#include "tutti/detail/entry_pool.hpp"
#include "tutti/detail/hash_index.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/words.hpp"

namespace tutti::detail {

template <class K, class V, class Hash, class Eq>
class EntryTable {
public:
    using Query = Probe<K, Hash, Eq>;
    using KeyOf = KeyCell<K, Hash, Eq>;
    using ValueOf = ValueCell<V>;
    using Pool = EntryPool<KeyOf::size + ValueOf::size>;
    using Entry = typename Pool::Entry;
    using Draft = EntryDraft<K, V, KeyOf, ValueOf>;

    // An entry as it was, without its words.
    struct Sight : EntryState {
        PackedLife life;
        EntryHead* head;
    };
    struct Snapshot : Sight {
        typename KeyOf::Words key;  // only by `look_at`
        typename ValueOf::Words value;
    };

    explicit EntryTable(PoolTerms terms)
        : index_(terms.huge, terms.expected), pool_(terms), hashes_(terms.huge) {}
    // Requires: no operation runs.
    ~EntryTable() {
        constexpr bool any = KeyOf::uses_addresses || ValueOf::uses_addresses;
        RetiredList rest;
        for (std::uint32_t number = 0; any && number < used(); ++number) {
            if (is_vacant(number)) continue;
            retire<KeyOf>(at(number).words, rest);
            retire<ValueOf>(at(number).words + KeyOf::size, rest);
        }
    }

    [[nodiscard]] const HashIndex& index() const noexcept { return index_; }
    // Whether there is one, dead or alive. Without a lock; what is kept by address needs a `Pin`.
    [[gnu::always_inline]] bool read(const Query& query, const Hashed& hash, Snapshot& out) const {
        return read(query, hash, value_to(out), out);
    }
    // The same, with `copy(value words)` instead of the value: before it is known whether they
    // belong to the entry, and again if they did not.
    template <class Copy>
    [[gnu::always_inline]] bool read(const Query& query, const Hashed& hash, Copy copy,
                                     Sight& out) const {
        const Look look =
            index_.look(hash, [&](std::uint32_t number) __attribute__((always_inline)) {
                const auto matches =
                    [&](const auto& key, auto& proven)
                        __attribute__((always_inline)) { return query.equals(key, proven); };
                return load_once(number, matches, copy, out);
            });
        if (look != Look::unsure) [[likely]]
            return look == Look::found;
        Snapshot seen;  // what is called out of line has the address of this one, not of `out`
        if (!read_patiently(query.view(), hash.packed(), seen)) return false;
        copy(seen.value);
        out = seen;
        return true;
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
    [[nodiscard]] std::size_t count_where(auto& pred) const {
        std::size_t count = 0;
        Snapshot seen;
        for (std::uint32_t number = 0; number < used(); ++number) {
            if (look_at(number, seen) && pred(seen)) ++count;
        }
        return count;
    }

    [[nodiscard]] Pool& pool() noexcept { return pool_; }
    [[nodiscard]] const Pool& pool() const noexcept { return pool_; }
    [[nodiscard]] Entry& at(std::uint32_t number) const noexcept { return pool_.at(number); }
    [[nodiscard]] bool is_vacant(std::uint32_t number) const noexcept {
        return pool_.at(number).is_vacant();
    }
    [[nodiscard]] bool is_still(EntryState seen) const noexcept {
        return pool_.at(seen.number).is_still(seen.version);
    }
    [[nodiscard, gnu::always_inline]] std::uint32_t locate(const Query& query,
                                                           const Hashed& hash) const {
        std::uint32_t found = no_entry;
        index_.search(hash, [&](std::uint32_t number) __attribute__((always_inline)) {
            const Entry& entry = pool_.at(number);
            if (entry.is_vacant()) return false;
            const auto key = load_words<KeyOf::size>(entry.words);
            if (query.equals(key, [] { return true; })) found = number;
            return found != no_entry;
        });
        return found;
    }
    [[nodiscard]] std::size_t weight(std::uint32_t number) const noexcept {
        return pool_.weight(number);
    }
    [[nodiscard]] typename KeyOf::Words key(std::uint32_t number) const noexcept {
        return load_words<KeyOf::size>(pool_.at(number).words);
    }

    [[nodiscard]] Hashed hash(std::uint32_t number) const noexcept {
        return hashes_.of(number, [&] { return key(number); });
    }

    // Makes sure that `add` allocates nothing; returns where in the index. Throws std::bad_alloc.
    [[nodiscard]] BucketPlace reserve(const Hashed& hash) {
        pool_.reserve();
        hashes_.reserve(pool_.used());
        return index_.reserve(hash);
    }
    // Requires: `to` is what `reserve` returned, and nothing added since.
    std::uint32_t add(BucketPlace to, const Hashed& hash, Draft& draft) noexcept {
        const std::uint32_t number = pool_.take();
        Entry& entry = pool_.at(number);
        entry.begin_writing();
        entry.set_uses(0);
        store_words(entry.words, draft.key);
        draft.owns_key = false;
        write_rest(number, entry, draft);
        entry.end_writing(0);
        hashes_.keep(number, hash);
        index_.insert(to, hash, number);
        index_.grow([this](std::uint32_t one) { return this->hash(one).address; });
        return number;
    }
    [[gnu::always_inline]] void overwrite(std::uint32_t number, Draft& draft,
                                          RetiredList& out) noexcept {
        Entry& entry = pool_.at(number);
        pool_.expect(entry);
        entry.begin_writing();
        retire<ValueOf>(entry.words + KeyOf::size, out);
        if constexpr (!Query::equal_is_same) {
            retire<KeyOf>(entry.words, out);
            store_words(entry.words, draft.key);
            draft.owns_key = false;
        }
        write_rest(number, entry, draft);
        entry.end_overwriting();
    }
    void remove(std::uint32_t number, const Hashed& its_hash, RetiredList& out) noexcept {
        const Entry& entry = pool_.at(number);
        pool_.expect(entry);  // the next one comes here
        index_.erase(its_hash, number);
        retire<KeyOf>(entry.words, out);
        retire<ValueOf>(entry.words + KeyOf::size, out);
        pool_.give_back(number);
    }

private:
    using Look = HashIndex::Look;
    using Hashes = std::conditional_t<Query::has_own_hash, HashesOfKeys<Query>, KeptHashes>;

    [[gnu::always_inline]] static auto value_to(Snapshot& out) noexcept {
        return [&](const auto& words)
                   __attribute__((always_inline)) { out.value = load_words<ValueOf::size>(words); };
    }

    // What is kept by address goes to `out`.
    template <class Cell>
    static void retire(const Word* words, RetiredList& out) noexcept {
        if constexpr (Cell::uses_addresses) out.push(Cell::address(load_words<Cell::size>(words)));
    }

    // `matches(key words, proven)`, see Probe::equals; `copy(value words)`, before the proof.
    // `unsure`: it was being written.
    template <class Matches, class Copy>
    [[gnu::always_inline]] Look load_once(std::uint32_t number, Matches matches, const Copy& copy,
                                          Sight& out) const {
        Entry& entry = pool_.at(number);
        const std::uint32_t version = entry.version();
        if ((version & (Entry::vacant | Entry::being_written)) != 0) [[unlikely]] {
            return (version & Entry::vacant) != 0 ? Look::nothing : Look::unsure;
        }
        bool changed = false;
        const auto proven = [&] { return !(changed = !entry.unchanged(version)); };
        if (!matches(load_words<KeyOf::size>(entry.words), proven)) {
            return changed ? Look::unsure : Look::nothing;
        }
        copy(entry.words + KeyOf::size);
        out.life = entry.life();
        if (!entry.unchanged(version)) [[unlikely]]
            return Look::unsure;
        out.head = &entry;
        out.number = number;
        out.version = version;
        return Look::found;
    }
    template <class Matches>
    bool load(std::uint32_t number, Matches matches, Snapshot& out) const {
        for (Backoff backoff;; backoff.wait()) {
            const Look look = load_once(number, matches, value_to(out), out);
            if (look != Look::unsure) return look == Look::found;
        }
    }
    [[gnu::noinline]] bool read_patiently(typename Query::View key, std::uint32_t hash,
                                          Snapshot& out) const {
        const Query query(key);
        const auto matches = [&](const auto& words, auto& proven) {
            return query.equals(words, proven);
        };
        return index_.find(Hashed::unpacked(hash),
                           [&](std::uint32_t number) { return load(number, matches, out); });
    }

    [[gnu::always_inline]] void write_rest(std::uint32_t number, Entry& to, Draft& draft) noexcept {
        store_words(to.words + KeyOf::size, draft.value);
        draft.owns_value = false;
        pool_.set_weight(number, draft.weight);
        pool_.begin_use(number, draft.life.used);
        to.set_life(draft.life.packed);
    }

    HashIndex index_;
    Pool pool_;
    [[no_unique_address]] Hashes hashes_;
};

}  // namespace tutti::detail
