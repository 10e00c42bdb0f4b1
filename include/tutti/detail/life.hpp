// When an entry of a memory tier was written, and when it dies: nanoseconds since boot.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "tutti/clock.hpp"
#include "tutti/detail/recent_time.hpp"

namespace tutti::detail {

[[nodiscard]] inline std::int64_t nanoseconds(TimePoint time) noexcept {
    return time.time_since_epoch().count();
}

// When an entry was written, and the last moment of its life.
struct Life {
    static constexpr std::int64_t never = Duration::max().count();

    Life() noexcept = default;
    Life(TimePoint now, Duration lasts) noexcept : Life(now, saturating_add(now, lasts)) {}
    Life(TimePoint begin, TimePoint end) noexcept
        : written(nanoseconds(begin)), expires(nanoseconds(end)) {}

    std::int64_t written = 0;
    std::int64_t expires = 0;
    std::int64_t used = 0;  // last, where that is kept
};

// A life in twelve bytes. Its end is exact. Its length is a number of nanoseconds up to a second,
// of microseconds up to 17 minutes, of milliseconds up to 12 days, of four seconds beyond; rounded
// up, so that it never begins later than it did. Of one without an end the beginning is kept.
class PackedLife {
public:
    PackedLife() noexcept = default;
    // As it is kept.
    PackedLife(std::int64_t moment, std::uint32_t length) noexcept
        : moment_(moment), length_(length) {}
    explicit PackedLife(const Life& life) noexcept : moment_(life.expires) {
        if (life.expires == Life::never) {
            moment_ = life.written;
            length_ = endless;
            return;
        }
        const std::int64_t lasts = length_of(life);
        if (lasts <= count_max) {
            length_ = packed<0>(lasts);
        } else if (lasts <= count_max * units[1]) {
            length_ = packed<1>(lasts);
        } else if (lasts <= count_max * units[2]) {
            length_ = packed<2>(lasts);
        } else {
            length_ = packed<3>(lasts);
        }
    }

    [[nodiscard]] std::int64_t moment() const noexcept { return moment_; }
    [[nodiscard]] std::uint32_t length() const noexcept { return length_; }

    [[nodiscard]] bool is_endless() const noexcept { return length_ == endless; }
    [[nodiscard]] bool ends_before(std::int64_t time) const noexcept {
        return moment_ < time && !is_endless();
    }
    [[nodiscard]] std::int64_t expires() const noexcept {
        return is_endless() ? Life::never : moment_;
    }
    [[nodiscard]] std::int64_t written() const noexcept {
        if (is_endless()) return moment_;
        std::int64_t begin{};
        const std::int64_t lasts = (length_ >> unit_bits) * units[length_ & unit_mask];
        const bool too_early = __builtin_sub_overflow(moment_, lasts, &begin);
        return too_early ? std::numeric_limits<std::int64_t>::min() : begin;
    }
    // What was lost by rounding: `written` is earlier by this. Less than `lost_max`.
    [[nodiscard]] std::uint32_t lost(const Life& life) const noexcept {
        const std::int64_t lost = life.written - written();
        return lost < 0 || lost >= lost_max ? 0 : static_cast<std::uint32_t>(lost);
    }

private:
    static constexpr unsigned unit_bits = 2;
    static constexpr std::uint32_t unit_mask = (1U << unit_bits) - 1;
    static constexpr std::int64_t lost_max = 4'000'000'000;
    static constexpr std::array<std::int64_t, 4> units = {1, 1'000, 1'000'000, lost_max};
    static constexpr std::uint32_t endless = ~std::uint32_t{0};
    static constexpr std::int64_t count_max = (std::int64_t{1} << (32 - unit_bits)) - 2;

    template <unsigned Unit>
    [[nodiscard]] static std::uint32_t packed(std::int64_t lasts) noexcept {
        const std::uint64_t count =
            (static_cast<std::uint64_t>(lasts) + units[Unit] - 1) / std::uint64_t{units[Unit]};
        return static_cast<std::uint32_t>(count) << unit_bits | Unit;
    }
    // Never negative, and representable.
    [[nodiscard]] static std::int64_t length_of(const Life& life) noexcept {
        constexpr std::int64_t most = count_max * units.back();  // 136 years
        std::int64_t lasts{};
        if (__builtin_sub_overflow(life.expires, life.written, &lasts)) return most;
        return std::clamp<std::int64_t>(lasts, 0, most);
    }

    std::int64_t moment_;  // its end; endless: its beginning
    std::uint32_t length_;
};

// False: only the real clock knows. Requires: `expires` counts on the machine's clock.
[[nodiscard, gnu::always_inline]] inline bool surely_alive(std::int64_t expires) noexcept {
    return nanoseconds(recent()) <= expires - recent_margin.count();
}

}  // namespace tutti::detail
