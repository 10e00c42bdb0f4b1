// How a key or a value is kept in an entry: as a few words that a reader may load while they
// change, and believes only after it has seen that they did not.
//
//   InlineCell   a small trivially copyable type: its bytes
//   TextCell     a std::string key: up to 23 characters in place, a longer one by address
//   BoxCell      anything else: the address of an object that never changes
//
// What is kept by address may be looked at under a `Pin` only, and goes to `Reclaim` when it has
// been taken out.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/detail/key_hash.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/words.hpp"

namespace tutti::detail {

template <class T>
struct InlineCell {
    static constexpr std::size_t size = (sizeof(T) + 7) / 8;
    static constexpr bool uses_addresses = false;
    static constexpr bool is_address_always = false;
    using Words = std::array<std::uint64_t, size>;

    static Words pack(T&& value) noexcept {
        Words words;
        words.back() = 0;  // what is behind a value, as keys are compared by words
        std::memcpy(words.data(), &value, sizeof(T));
        return words;
    }
    // words: of an entry, too, where they may be changing. Straight to where it is returned.
    [[gnu::always_inline]] static T unpack(const auto& words) noexcept {
        if constexpr (std::is_trivially_default_constructible_v<T>) {
            T value;  // NOLINT(cppcoreguidelines-pro-type-member-init)
            load_bytes<sizeof(T)>(words, reinterpret_cast<std::byte*>(&value));
            return value;
        } else {
            std::array<std::byte, sizeof(T)> bytes;
            load_bytes<sizeof(T)>(words, bytes.data());
            return std::bit_cast<T>(bytes);
        }
    }
    static bool is_address(const Words&) noexcept { return false; }
    static Retired* address(const Words&) noexcept { return nullptr; }
    // What was packed, after it was moved from `from`.
    static const T& view(const Words&, const T& from) noexcept { return from; }
    static const T& view(const Words&, const T&&) = delete;
};

template <class T>
struct BoxCell {
    static constexpr std::size_t size = 1;
    static constexpr bool uses_addresses = true;
    static constexpr bool is_address_always = true;
    using Words = std::array<std::uint64_t, size>;

    static Words pack(T&& value) {
        return {std::bit_cast<std::uint64_t>(new Box(std::move(value)))};
    }
    static const T& unpack(const Words& words) noexcept {
        return std::bit_cast<const Box*>(words[0])->value;
    }
    static bool is_address(const Words&) noexcept { return true; }
    static Retired* address(const Words& words) noexcept { return std::bit_cast<Box*>(words[0]); }
    static const T& view(const Words& words, const T&) noexcept { return unpack(words); }

private:
    struct Box final : Retired {
        explicit Box(T&& from) : value(std::move(from)) {}
        const T value;
    };
};

// The last byte is the length, or says that the first word is an address and the second the length.
struct TextCell {
    static constexpr std::size_t size = 3;
    static constexpr bool uses_addresses = true;  // for long ones
    using Words = ShortText;

    [[nodiscard]] static bool is_short(std::string_view text) noexcept {
        return text.size() <= short_text_max;
    }

    static Words pack(std::string&& text) {
        if (is_short(text)) return short_text(text);
        const std::size_t length = text.size();
        return {std::bit_cast<std::uint64_t>(new Long(std::move(text))), length, long_mark};
    }
    // In the words, or behind them.
    static std::string_view text(const Words& words) noexcept {
        if (is_long(words)) return std::bit_cast<const Long*>(words[0])->text;
        return {reinterpret_cast<const char*>(words.data()), words[2] >> 56};
    }
    static std::string unpack(const Words& words) { return std::string(text(words)); }
    static Retired* address(const Words& words) noexcept {
        return words[2] == long_mark ? std::bit_cast<Long*>(words[0]) : nullptr;
    }
    static std::string_view view(const Words& words, const std::string& from) noexcept {
        return is_long(words) ? std::string_view(std::bit_cast<const Long*>(words[0])->text) : from;
    }
    // Requires: `text` is long, and so are the words.
    static bool equal_long(const Words& words, std::string_view text) noexcept {
        return words[1] == text.size() && std::bit_cast<const Long*>(words[0])->text == text;
    }
    static bool is_long(const Words& words) noexcept { return words[2] == long_mark; }

private:
    static constexpr std::uint64_t long_mark = ~std::uint64_t{0};

    struct Long final : Retired {
        explicit Long(std::string&& from) : text(std::move(from)) {}
        const std::string text;
    };
};

template <class T, std::size_t BytesMax>
inline constexpr bool fits_in_place = std::is_trivially_copyable_v<T> && sizeof(T) <= BytesMax;

template <class V>
struct ValueCellOf {
    using type = std::conditional_t<fits_in_place<V, 128>, InlineCell<V>, BoxCell<V>>;
};
template <class V>
using ValueCell = typename ValueCellOf<V>::type;

// Where a read takes the words of a value unless they are wanted elsewhere.
template <class Cell>
struct TakenWords {
    typename Cell::Words words;

    [[gnu::always_inline]] void take(const auto& from) noexcept {
        words = load_words<Cell::size>(from);
    }
    [[nodiscard]] bool is_address() const noexcept { return Cell::is_address(words); }
    [[nodiscard]] decltype(auto) view() const noexcept { return Cell::unpack(words); }
};

template <class K, class Hash, class Eq>
inline constexpr bool is_plain_text =
    std::is_same_v<K, std::string> && std::is_same_v<tutti::KeyViewOf<K, Hash>, std::string_view> &&
    std::is_same_v<Eq, std::equal_to<>>;

template <class K, class Hash, class Eq>
using KeyCell =
    std::conditional_t<is_plain_text<K, Hash, Eq>, TextCell,
                       std::conditional_t<fits_in_place<K, 64>, InlineCell<K>, BoxCell<K>>>;

// A key that is looked for.
template <class K, class Hash, class Eq>
class Probe {
public:
    using Cell = KeyCell<K, Hash, Eq>;
    using View = tutti::KeyViewOf<K, Hash>;
    using Words = typename Cell::Words;

    static constexpr bool is_text = is_plain_text<K, Hash, Eq>;
    // Equal exactly if the bits are.
    static constexpr bool by_bits =
        (std::is_integral_v<K> || std::is_pointer_v<K>) && std::is_same_v<View, const K&> &&
        (std::is_same_v<Eq, std::equal_to<>> || std::is_same_v<Eq, std::equal_to<K>>);
    // Otherwise equal keys may be spelled differently, and the latest spelling is kept.
    static constexpr bool equal_is_same = is_text || by_bits;
    // Then no code of the user's computes it: a pointer may be one to a type of the user's, and
    // have a hash of the user's.
    static constexpr bool has_own_hash =
        equal_is_same && !std::is_pointer_v<K> && std::is_same_v<Hash, KeyHash<K>>;

    // `proven()` says, before anything behind the words is looked at, that they were an entry's; it
    // is called when that matters.
    template <class Proven>
    [[nodiscard]] bool equals(const Words& words, Proven proven) const {
        if constexpr (by_bits) {
            return words == words_;
        } else if constexpr (is_text) {
            // Three at once: a branch for each would be three guesses.
            if (is_short_) {
                return ((words[0] ^ words_[0]) | (words[1] ^ words_[1]) | (words[2] ^ words_[2])) ==
                       0;
            }
            return Cell::is_long(words) && proven() && Cell::equal_long(words, view_);
        } else {
            return proven() && Eq{}(Cell::unpack(words), view_);
        }
    }

    [[gnu::always_inline]] explicit Probe(View view) noexcept : view_(view) {
        if constexpr (by_bits) {
            words_ = Cell::pack(K(view));
        } else if constexpr (is_text) {
            is_short_ = Cell::is_short(view);
            if (is_short_) words_ = short_text(view);
        }
    }
    [[nodiscard]] std::size_t hash() const {
        if constexpr (is_text && has_own_hash) {
            if (is_short_) return detail::hash_of(words_);
        }
        return Hash{}(view_);
    }
    // Of an entry's key. What is kept by address must be alive.
    [[nodiscard]] static std::size_t hash_of(const Words& words) noexcept
        requires has_own_hash
    {
        if constexpr (is_text) {
            return Hash{}(Cell::text(words));
        } else {
            return Hash{}(Cell::unpack(words));
        }
    }
    // Whether `equals` looks at what only a `Pin` keeps alive.
    [[nodiscard]] bool needs_pin() const noexcept {
        return is_text ? !is_short_ : Cell::uses_addresses;
    }
    [[nodiscard]] View view() const noexcept { return view_; }

private:
    View view_;
    Words words_{};
    bool is_short_ = true;
};

}  // namespace tutti::detail
