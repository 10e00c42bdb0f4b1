// Durations and time points in JSON. Both are text that says what it means, because a number whose
// unit is in one program's type is read wrongly by another.
//
//     std::chrono::minutes{90}                   "90min"
//     std::chrono::sys_time<milliseconds>{...}   "2026-11-28T15:04:05.250Z"
//
// A duration is an integer and one of ns, us, ms, s, min, h, d. It is read in any of them, when the
// type can hold exactly that: "1500ms" is no std::chrono::seconds. A time point is RFC 3339 in the
// years 0 to 9999, written in UTC and read with any offset; a fraction that is finer than the type
// is a problem. Only of the system's clock: what a steady clock says means nothing in another
// process. Periods other than those seven, and counts that are no integers, do not take part.
//
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <expected>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/json/converter.hpp"

namespace tutti::json {
namespace detail {

using Nanoseconds = std::int64_t;

// Counts of `unit`, for a time point since 1970.
[[nodiscard]] std::string duration_text(std::int64_t count, Nanoseconds unit);
[[nodiscard]] std::expected<std::int64_t, std::string> read_duration(std::string_view text,
                                                                     Nanoseconds unit);
[[nodiscard]] std::expected<std::string, std::string> time_text(std::int64_t count,
                                                                Nanoseconds unit);
[[nodiscard]] std::expected<std::int64_t, std::string> read_time(std::string_view text,
                                                                 Nanoseconds unit);

template <class Period, class... Known>
inline constexpr bool is_one_of = (std::same_as<Period, Known> || ...);

// Of a std::chrono::duration.
template <class D>
concept WireDuration =
    std::integral<typename D::rep> && sizeof(typename D::rep) <= sizeof(std::int64_t) &&
    is_one_of<typename D::period, std::nano, std::micro, std::milli, std::ratio<1>, std::ratio<60>,
              std::ratio<3600>, std::ratio<86400>>;

template <class D>
inline constexpr Nanoseconds unit_of = std::ratio_divide<typename D::period, std::nano>::num;

template <class D>
std::expected<std::int64_t, std::string> count_of(const D& duration) {
    if (!std::in_range<std::int64_t>(duration.count())) return std::unexpected("out of range");
    return static_cast<std::int64_t>(duration.count());
}

template <class D>
std::expected<D, std::string> as_duration(std::expected<std::int64_t, std::string> count) {
    if (!count) return std::unexpected(std::move(count).error());
    if (!std::in_range<typename D::rep>(*count)) return std::unexpected("out of range");
    return D(static_cast<typename D::rep>(*count));
}

}  // namespace detail

template <class Rep, class Period>
    requires detail::WireDuration<std::chrono::duration<Rep, Period>>
struct Converter<std::chrono::duration<Rep, Period>> {
    using Wire = std::string;
    using D = std::chrono::duration<Rep, Period>;

    static std::expected<Wire, std::string> to_wire(const D& duration) {
        auto count = detail::count_of(duration);
        if (!count) return std::unexpected(std::move(count).error());
        return detail::duration_text(*count, detail::unit_of<D>);
    }
    static std::expected<D, std::string> from_wire(const Wire& text) {
        return detail::as_duration<D>(detail::read_duration(text, detail::unit_of<D>));
    }
};

template <detail::WireDuration D>
struct Converter<std::chrono::sys_time<D>> {
    using Wire = std::string;

    static std::expected<Wire, std::string> to_wire(const std::chrono::sys_time<D>& time) {
        auto count = detail::count_of(time.time_since_epoch());
        if (!count) return std::unexpected(std::move(count).error());
        return detail::time_text(*count, detail::unit_of<D>);
    }
    static std::expected<std::chrono::sys_time<D>, std::string> from_wire(const Wire& text) {
        auto since_1970 = detail::as_duration<D>(detail::read_time(text, detail::unit_of<D>));
        if (!since_1970) return std::unexpected(std::move(since_1970).error());
        return std::chrono::sys_time<D>(*since_1970);
    }
};

}  // namespace tutti::json
