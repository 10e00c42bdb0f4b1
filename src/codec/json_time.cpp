// Integers only: no double comes near a time.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "tutti/json/time.hpp"

namespace tutti::json::detail {
namespace {

using namespace std::chrono;

constexpr Nanoseconds second = 1'000'000'000;

struct Unit {
    std::string_view name;
    Nanoseconds length;
};
constexpr std::array<Unit, 7> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", second},
                                     {"min", 60 * second},
                                     {"h", 3600 * second},
                                     {"d", 86400 * second}}};

std::unexpected<std::string> not_a_duration() {
    return std::unexpected<std::string>(
        "expected a whole number and one of ns, us, ms, s, min, h, d");
}
std::unexpected<std::string> not_a_time() {
    return std::unexpected<std::string>("expected a time like 2026-11-28T15:04:05Z");
}
std::unexpected<std::string> beyond_years() {
    return std::unexpected<std::string>("not in the years 0 to 9999");
}
std::unexpected<std::string> too_fine() {
    return std::unexpected<std::string>("finer than what this program keeps");
}

// `count` times `from`, as a count of `to`. One of the two divides the other.
std::expected<std::int64_t, std::string> converted(std::int64_t count, Nanoseconds from,
                                                   Nanoseconds to) {
    if (from < to) {
        if (count % (to / from) != 0) return too_fine();
        return count / (to / from);
    }
    std::int64_t result = 0;
    if (__builtin_mul_overflow(count, from / to, &result)) return std::unexpected("out of range");
    return result;
}

// Takes what it reads off the front of a text; once something is missing, all the rest is.
class Fields {
public:
    explicit Fields(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool complete() const { return complete_ && rest_.empty(); }
    [[nodiscard]] bool begins_with(char symbol) const { return rest_.starts_with(symbol); }
    void symbol(char wanted) {
        complete_ = complete_ && begins_with(wanted);
        if (complete_) rest_.remove_prefix(1);
    }
    int digits(std::size_t length) {
        if (leading_digits() < length) complete_ = false;
        if (!complete_) return 0;
        int value = 0;
        std::from_chars(rest_.data(), rest_.data() + length, value);
        rest_.remove_prefix(length);
        return value;
    }
    // Of a second, as nanoseconds; what is finer than those is none of ours.
    Nanoseconds fraction() {
        const std::size_t length = leading_digits();
        if (length == 0 || length > 9) complete_ = false;
        Nanoseconds value = digits(complete_ ? length : 0);
        for (std::size_t i = length; i < 9; ++i) value *= 10;
        return value;
    }
    minutes offset() {
        if (begins_with('Z')) {
            symbol('Z');
            return minutes(0);
        }
        const bool west = begins_with('-');
        symbol(west ? '-' : '+');
        const int hour = digits(2);
        symbol(':');
        const int minute = digits(2);
        complete_ = complete_ && hour < 24 && minute < 60;
        return (west ? -1 : 1) * (hours(hour) + minutes(minute));
    }

private:
    [[nodiscard]] std::size_t leading_digits() const {
        const std::size_t end = rest_.find_first_not_of("0123456789");
        return end == std::string_view::npos ? rest_.size() : end;
    }

    std::string_view rest_;
    bool complete_ = true;
};

std::optional<sys_days> day_of(Fields& fields) {
    const int in_year = fields.digits(4);
    fields.symbol('-');
    const int in_month = fields.digits(2);
    fields.symbol('-');
    const int in_day = fields.digits(2);
    const year_month_day date{year(in_year), month(static_cast<unsigned>(in_month)),
                              day(static_cast<unsigned>(in_day))};
    if (!date.ok()) return std::nullopt;
    return sys_days(date);
}

std::optional<seconds> time_of_day(Fields& fields) {
    const int hour = fields.digits(2);
    fields.symbol(':');
    const int minute = fields.digits(2);
    fields.symbol(':');
    const int second_of = fields.digits(2);
    if (hour > 23 || minute > 59 || second_of > 59) return std::nullopt;
    return hours(hour) + minutes(minute) + seconds(second_of);
}

std::string to_the_second(sys_seconds time) {
    const sys_days midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(time - midnight);
    std::array<char, 40> text{};
    const int length = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string duration_text(std::int64_t count, Nanoseconds unit) {
    std::string text = std::to_string(count);
    for (const Unit& known : units)
        if (known.length == unit) text += known.name;
    return text;
}

std::expected<std::int64_t, std::string> read_duration(std::string_view text, Nanoseconds unit) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::result_out_of_range) return std::unexpected("out of range");
    if (error != std::errc{}) return not_a_duration();
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const Unit& known : units)
        if (known.name == name) return converted(count, known.length, unit);
    return not_a_duration();
}

std::expected<std::string, std::string> time_text(std::int64_t count, Nanoseconds unit) {
    const std::int64_t in_second = unit < second ? second / unit : 1;
    // Rounded down, so that the fraction of a time before 1970 is not negative.
    std::int64_t since_1970 = count / in_second - (count % in_second < 0 ? 1 : 0);
    const std::int64_t fraction = (count % in_second + in_second) % in_second;
    if (unit > second && __builtin_mul_overflow(count, unit / second, &since_1970))
        return beyond_years();
    const sys_seconds whole{seconds(since_1970)};
    if (whole < sys_days(year(0) / 1 / 1) || whole >= sys_days(year(10000) / 1 / 1))
        return beyond_years();
    // As many digits as the unit has: five hundredths are ".050" in milliseconds.
    const std::string digits =
        in_second == 1 ? "" : std::to_string(in_second + fraction).replace(0, 1, ".");
    return to_the_second(whole) + digits + 'Z';
}

std::expected<std::int64_t, std::string> read_time(std::string_view text, Nanoseconds unit) {
    Fields fields(text);
    const auto day = day_of(fields);
    fields.symbol('T');
    const auto time = time_of_day(fields);
    Nanoseconds fraction = 0;
    if (fields.begins_with('.')) {
        fields.symbol('.');
        fraction = fields.fraction();
    }
    const minutes offset = fields.offset();
    if (!fields.complete() || !day || !time) return not_a_time();
    seconds since_1970 = day->time_since_epoch() + *time - offset;
    // Counted from the next second, so that no step goes beyond the least time that there is.
    if (since_1970 < seconds(0) && fraction > 0) {
        since_1970 += seconds(1);
        fraction -= second;
    }
    auto whole = converted(since_1970.count(), second, unit);
    if (!whole || fraction == 0) return whole;
    const auto part = converted(fraction, 1, unit);
    if (!part) return part;
    std::int64_t count = 0;
    if (__builtin_add_overflow(*whole, *part, &count)) return std::unexpected("out of range");
    return count;
}

}  // namespace tutti::json::detail
