// Times on the wire, "2025-12-20T15:12:00.123Z", for the few places that compute with one.
//
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services::process {

using UnixTime = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] UnixTime unix_now();
// A time that a wire says as a number. Nothing: it is before 1970 or after 2200. Two that are read
// differ by less than a Duration can hold, 292 years.
[[nodiscard]] std::optional<UnixTime> read_unix_time(std::chrono::milliseconds since_1970);
[[nodiscard]] std::string iso_timestamp(UnixTime time);
[[nodiscard]] std::string iso_timestamp();  // of now
// RFC 3339, to the millisecond. Nothing: it is no such time, on a day that exists.
[[nodiscard]] std::optional<UnixTime> read_iso_timestamp(std::string_view text);
// As HTTP's headers have it, without milliseconds: "Sat, 20 Dec 2025 15:12:00 GMT".
[[nodiscard]] std::string http_date(UnixTime time);

}  // namespace tutti::services::process
