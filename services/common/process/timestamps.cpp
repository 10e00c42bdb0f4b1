#include "common/process/timestamps.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace tutti::services::process {
namespace {

using namespace std::chrono;

// In the C locale: no service sets another one.
std::string formatted(UnixTime time, const char* format) {
    const std::time_t seconds_since = system_clock::to_time_t(floor<seconds>(time));
    std::tm utc{};
    ::gmtime_r(&seconds_since, &utc);
    std::array<char, 40> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &utc)};
}

}  // namespace

UnixTime unix_now() { return floor<milliseconds>(system_clock::now()); }

std::string iso_timestamp(UnixTime time) {
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                  static_cast<int>((time - floor<seconds>(time)).count()));
    return formatted(time, "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

std::string iso_timestamp() { return iso_timestamp(unix_now()); }

std::optional<UnixTime> read_iso_timestamp(std::string_view text) {
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i]) return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t length) {
        unsigned value = 0;
        std::from_chars(text.data() + at, text.data() + at + length, value);
        return value;
    };
    const year_month_day date{year(static_cast<int>(number(0, 4))), month(number(5, 2)),
                              day(number(8, 2))};
    if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
        return std::nullopt;
    }
    return sys_days(date) + hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2)) +
           milliseconds(number(20, 3));
}

std::string http_date(UnixTime time) { return formatted(time, "%a, %d %b %Y %H:%M:%S GMT"); }

}  // namespace tutti::services::process
