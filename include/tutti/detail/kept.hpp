// What a cache keeps in memory of one answer: its value, that there is none, or the category of a
// failure that is remembered.
//
// Mechanism: the words of an entry are the value, if it is small and trivially copyable, or the
// address of an object; and behind it a mark, which says what is before it, in which generation of
// the memory it was put there, and by how much its load began later than the entry says. A
// generation ends when everything is dropped: what is of an earlier one is as good as gone, however
// long it takes to be taken out.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"
#include "tutti/detail/cells.hpp"
#include "tutti/detail/generations.hpp"
#include "tutti/detail/held.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/lookup.hpp"

namespace tutti::detail {

// To be kept.
template <class V>
struct Kept {
    std::shared_ptr<const V> value;  // null unless `found`
    Answer answer = Answer::absent;  // found, absent or negative
    std::string_view category = {};  // borrowed until it is put
    std::uint32_t generation = 0;
    std::uint32_t lost = 0;  // nanoseconds; see PackedLife
};

// The word behind an answer's others.
class KeptMark {
public:
    explicit KeptMark(std::uint64_t word) noexcept : word_(word) {}
    template <class V>
    explicit KeptMark(const Kept<V>& kept) noexcept
        : word_(std::uint64_t{kept.lost} << 32 | kept.generation << answer_bits |
                static_cast<std::uint64_t>(kept.answer)) {}

    [[nodiscard]] std::uint64_t word() const noexcept { return word_; }
    [[nodiscard]] Answer answer() const noexcept {
        return static_cast<Answer>(word_ & ((1U << answer_bits) - 1));
    }
    [[nodiscard]] std::uint32_t generation() const noexcept {
        return static_cast<std::uint32_t>(word_) >> answer_bits;
    }
    [[nodiscard]] std::uint32_t lost() const noexcept {
        return static_cast<std::uint32_t>(word_ >> 32);
    }

private:
    static constexpr unsigned answer_bits = 32 - Generations::bits;

    std::uint64_t word_;
};

// An answer in an entry: valid as long as the words, and as what they are the address of.
template <class V>
class KeptView;

template <class V>
struct KeptCell {
    static constexpr bool in_place = held_in_place<V>;
    static constexpr std::size_t value_words = [] {
        if constexpr (in_place) return (sizeof(V) + 7) / 8;
        return std::size_t{1};
    }();
    static constexpr std::size_t size = value_words + 1;
    static constexpr bool uses_addresses = true;  // in place: for categories
    static constexpr bool is_address_always = !in_place;
    using Words = std::array<std::uint64_t, size>;

    struct SharedValue final : Retired {
        explicit SharedValue(std::shared_ptr<const V> from) noexcept : value(std::move(from)) {}
        const std::shared_ptr<const V> value;
    };
    struct Category final : Retired {
        explicit Category(std::string_view from) : text(from) {}
        const std::string text;
    };

    static Words pack(Kept<V>&& kept) {
        Words words{};
        words[value_words] = KeptMark(kept).word();
        if (kept.answer == Answer::negative) {
            words[0] = std::bit_cast<std::uint64_t>(new Category(kept.category));
        } else if (kept.answer == Answer::found) {
            if constexpr (in_place) {
                std::memcpy(words.data(), kept.value.get(), sizeof(V));
            } else {
                words[0] = std::bit_cast<std::uint64_t>(new SharedValue(std::move(kept.value)));
            }
        }
        return words;
    }
    static KeptView<V> unpack(const Words& words) noexcept { return KeptView<V>(words); }

    // words: of an entry, too, where they may be changing.
    static KeptMark mark(const auto& words) noexcept {
        return KeptMark(loaded(words[value_words]));
    }
    static bool is_address(const Words& words) noexcept {
        const Answer what = mark(words).answer();
        return what == Answer::negative || (!in_place && what == Answer::found);
    }
    static Retired* address(const Words& words) noexcept {
        if (mark(words).answer() == Answer::negative) return std::bit_cast<Category*>(words[0]);
        return is_address(words) ? std::bit_cast<SharedValue*>(words[0]) : nullptr;
    }
};

template <class V>
class KeptView : public KeptMark {
    using Cell = KeptCell<V>;

public:
    explicit KeptView(const typename Cell::Words& words) noexcept
        : KeptMark(Cell::mark(words)), words_(words) {}

    // Requires: `to` is empty. It stays so unless `found`.
    void give_value(Held<V>& to) const noexcept {
        if (answer() != Answer::found) return;
        if constexpr (Cell::in_place) {
            to.take(words_);
            to.set_there();
        } else {
            to = Held<V>(std::bit_cast<const typename Cell::SharedValue*>(words_[0])->value);
        }
    }
    // Empty unless `negative`.
    [[nodiscard]] std::string_view category() const noexcept {
        if (answer() != Answer::negative) return {};
        return std::bit_cast<const typename Cell::Category*>(words_[0])->text;
    }
    [[nodiscard]] std::shared_ptr<const Remarks> remarks(
        std::optional<Duration> left = std::nullopt) const {
        return std::make_shared<const Remarks>(std::string(category()), std::string(), left);
    }

    // Requires: `to` has nothing.
    void give(HeldLookup<V>& to) const {
        if (answer() == Answer::negative) to.remarks = remarks();
        give_value(to.value);
        to.answer = answer();
    }

private:
    const typename Cell::Words& words_;
};

// The same of a value in place, which the read itself takes to where it is wanted (see
// MemoryReads::read): copied once, and not by way of words.
template <class V>
class KeptTaken : public KeptMark {
public:
    // Requires: `to` is empty; it lives as long as this.
    explicit KeptTaken(Held<V>& to) noexcept : KeptMark(0), to_(to) {}

    [[gnu::always_inline]] void take(const auto& words) noexcept {
        to_.take(words);
        KeptMark::operator=(KeptCell<V>::mark(words));
    }
    [[nodiscard]] bool is_address() const noexcept { return answer() == Answer::negative; }
    [[nodiscard]] const KeptTaken& view() const noexcept { return *this; }

    // Requires: `to` has nothing but what was taken.
    void give(HeldLookup<V>& to) const noexcept {
        if (answer() == Answer::found) to.value.set_there();
        to.answer = answer();
    }

private:
    Held<V>& to_;
};

template <class V>
auto taken_to(Held<V>& to) noexcept {
    if constexpr (held_in_place<V>) {
        return KeptTaken<V>(to);
    } else {
        return TakenWords<KeptCell<V>>();
    }
}

template <class V>
struct ValueCellOf<Kept<V>> {
    using type = KeptCell<V>;
};

}  // namespace tutti::detail
