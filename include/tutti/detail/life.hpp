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

// A life in twelve bytes. Its end is exact. Its length is a number of nanoseconds up to a second,
// of microseconds up to 17 minutes, of milliseconds up to 12 days, of four seconds up to 136 years;
// rounded up, so that it never begins later than it did. Of one without an end the beginning is
// kept.
class PackedLife {
public:
    static constexpr std::int64_t never = Duration::max().count();

    PackedLife() noexcept = default;
    // As it is kept.
    PackedLife(std::int64_t moment, std::uint32_t length) noexcept
        : moment_(moment), length_(length) {}
    // end: may be `never`. length: what `packed` says of the time between.
    PackedLife(std::int64_t begin, std::int64_t end, std::uint32_t length) noexcept
        : moment_(end), length_(length) {
        if (end == never) [[unlikely]]
            *this = PackedLife(begin, endless);
    }
    // Requires: not negative. Longer than 136 years is not told from that.
    [[nodiscard]] static std::uint32_t packed(std::int64_t lasts) noexcept {
        if (lasts <= count_max) return packed<0>(lasts);
        if (lasts <= count_max * units[1]) return packed<1>(lasts);
        if (lasts <= count_max * units[2]) return packed<2>(lasts);
        return packed<3>(std::min(lasts, count_max * units[3]));
    }

    [[nodiscard]] std::int64_t moment() const noexcept { return moment_; }
    [[nodiscard]] std::uint32_t length() const noexcept { return length_; }

    [[nodiscard]] bool is_endless() const noexcept { return length_ == endless; }
    [[nodiscard]] bool ends_before(std::int64_t time) const noexcept {
        return moment_ < time && !is_endless();
    }
    [[nodiscard]] std::int64_t expires() const noexcept { return is_endless() ? never : moment_; }
    [[nodiscard]] std::int64_t written() const noexcept {
        if (is_endless()) return moment_;
        std::int64_t begin{};
        const std::int64_t lasts = (length_ >> unit_bits) * units[length_ & unit_mask];
        const bool too_early = __builtin_sub_overflow(moment_, lasts, &begin);
        return too_early ? std::numeric_limits<std::int64_t>::min() : begin;
    }
    // What was lost by rounding: `written` is earlier by this. Less than `lost_max`.
    [[nodiscard]] std::uint32_t lost(std::int64_t begin) const noexcept {
        const std::int64_t lost = begin - written();
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

    std::int64_t moment_;  // its end; endless: its beginning
    std::uint32_t length_;
};

// How long entries live; made once for many of them.
class Lifetime {
public:
    // Duration::max(): without an end.
    explicit Lifetime(Duration lasts) noexcept
        : lasts_(lasts), packed_(PackedLife::packed(std::max<std::int64_t>(lasts.count(), 0))) {}

    [[nodiscard]] Duration duration() const noexcept { return lasts_; }
    [[nodiscard]] std::uint32_t packed() const noexcept { return packed_; }

private:
    Duration lasts_;
    std::uint32_t packed_;
};

// Of an entry that is about to be written.
struct Life {
    Life() noexcept = default;
    [[gnu::always_inline]] Life(TimePoint now, const Lifetime& lasts) noexcept
        : written(nanoseconds(now)),
          packed(written, nanoseconds(saturating_add(now, lasts.duration())), lasts.packed()) {}
    Life(TimePoint begin, TimePoint end) noexcept
        : written(nanoseconds(begin)),
          packed(written, nanoseconds(end), PackedLife::packed(length(written, nanoseconds(end)))) {
    }

    std::int64_t written = 0;
    std::int64_t used = 0;  // last, where that is kept
    PackedLife packed;

private:
    [[nodiscard]] static std::int64_t length(std::int64_t begin, std::int64_t end) noexcept {
        std::int64_t lasts{};
        if (end <= begin) return 0;
        return __builtin_sub_overflow(end, begin, &lasts) ? PackedLife::never : lasts;
    }
};

// False: only the real clock knows. Requires: `expires` counts on the machine's clock.
[[nodiscard, gnu::always_inline]] inline bool surely_alive(std::int64_t expires) noexcept {
    return nanoseconds(recent()) <= expires - recent_margin.count();
}

}  // namespace tutti::detail
