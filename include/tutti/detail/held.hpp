// A value as a Lookup holds it: a small trivially copyable one in place, so that handing it out
// touches nothing that other readers touch; any other by shared ownership.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "tutti/detail/words.hpp"

namespace tutti::detail {

inline constexpr std::size_t in_place_bytes_max = 128;

template <class V>
inline constexpr bool held_in_place =
    std::is_trivially_copyable_v<V> && std::is_copy_constructible_v<V> &&
    std::is_copy_assignable_v<V> && sizeof(V) <= in_place_bytes_max;
template <>
inline constexpr bool held_in_place<void> = false;  // a value whose type is not known

template <class V>
class HeldShared {
public:
    HeldShared() noexcept = default;
    explicit HeldShared(std::shared_ptr<const V> value) noexcept : value_(std::move(value)) {}

    [[nodiscard]] const V* get() const noexcept { return value_.get(); }
    [[nodiscard]] std::shared_ptr<const V> shared() const noexcept { return value_; }

private:
    std::shared_ptr<const V> value_;
};

// Its bytes, which are copied once from where they are kept.
template <class V>
class HeldInPlace {
public:
    HeldInPlace() noexcept = default;
    explicit HeldInPlace(const std::shared_ptr<const V>& value) noexcept {
        if (!value) return;
        std::memcpy(bytes_, value.get(), sizeof(V));
        set_there();
    }

    // Of its words in an entry, where they may be changing: before `set_there` it is not there.
    [[gnu::always_inline]] void take(const auto& words) noexcept {
        load_bytes<sizeof(V)>(words, bytes_);
    }
    void set_there() noexcept { is_there_ = true; }
    [[nodiscard]] const V* get() const noexcept {
        return is_there_ ? std::launder(reinterpret_cast<const V*>(bytes_)) : nullptr;
    }
    [[nodiscard]] std::shared_ptr<const V> shared() const {
        return is_there_ ? std::make_shared<const V>(*get()) : nullptr;
    }

private:
    alignas(V) std::byte bytes_[sizeof(V)];  // NOLINT(cppcoreguidelines-pro-type-member-init)
    bool is_there_ = false;
};

template <class V>
using Held = std::conditional_t<held_in_place<V>, HeldInPlace<V>, HeldShared<V>>;

}  // namespace tutti::detail
