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
        words[value_words] = std::uint64_t{kept.lost} << 32 | kept.generation << answer_bits |
                             static_cast<std::uint64_t>(kept.answer);
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

    static Answer answer(const Words& words) noexcept {
        return static_cast<Answer>(words[value_words] & ((1U << answer_bits) - 1));
    }
    static std::uint32_t generation(const Words& words) noexcept {
        return static_cast<std::uint32_t>(words[value_words]) >> answer_bits;
    }
    static std::uint32_t lost(const Words& words) noexcept {
        return static_cast<std::uint32_t>(words[value_words] >> 32);
    }
    static bool is_address(const Words& words) noexcept {
        const Answer what = answer(words);
        return what == Answer::negative || (!in_place && what == Answer::found);
    }
    static Retired* address(const Words& words) noexcept {
        if (answer(words) == Answer::negative) return std::bit_cast<Category*>(words[0]);
        return is_address(words) ? std::bit_cast<SharedValue*>(words[0]) : nullptr;
    }

private:
    static constexpr unsigned answer_bits = 32 - Generations::bits;
};

template <class V>
class KeptView {
    using Cell = KeptCell<V>;

public:
    explicit KeptView(const typename Cell::Words& words) noexcept : words_(words) {}

    [[nodiscard]] Answer answer() const noexcept { return Cell::answer(words_); }
    [[nodiscard]] std::uint32_t generation() const noexcept { return Cell::generation(words_); }
    [[nodiscard]] std::uint32_t lost() const noexcept { return Cell::lost(words_); }
    // Requires: `to` is empty. It stays so unless `found`.
    void give_value(Held<V>& to) const noexcept {
        if (answer() != Answer::found) return;
        if constexpr (Cell::in_place) {
            to.set_bytes(words_.data());
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

private:
    const typename Cell::Words& words_;
};

template <class V>
struct ValueCellOf<Kept<V>> {
    using type = KeptCell<V>;
};

}  // namespace tutti::detail
