#include "common/process/timestamps.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/json/time.hpp"

namespace tutti::services::process {

using namespace std::chrono;

UnixTime unix_now() { return floor<milliseconds>(system_clock::now()); }

std::string iso_timestamp(UnixTime time) {
    // Times of this program's clock are in the years that have a text.
    return json::Converter<UnixTime>::to_wire(time).value_or("");
}

std::string iso_timestamp() { return iso_timestamp(unix_now()); }

std::optional<UnixTime> read_unix_time(milliseconds since_1970) {
    constexpr UnixTime last = sys_days(year(2200) / January / 1);
    const UnixTime time(since_1970);
    if (time < UnixTime() || time > last) return std::nullopt;
    return time;
}

std::optional<UnixTime> read_iso_timestamp(std::string_view text) {
    auto time = json::Converter<UnixTime>::from_wire(std::string(text));
    return time ? std::optional(*time) : std::nullopt;
}

std::string http_date(UnixTime time) {
    const std::time_t seconds_since = system_clock::to_time_t(floor<seconds>(time));
    std::tm utc{};
    ::gmtime_r(&seconds_since, &utc);
    std::array<char, 40> text{};
    // In the C locale: no service sets another one.
    return {text.data(),
            std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace tutti::services::process
