// What both adapters hold a request for a coordinated value to, and the whole milliseconds in which
// they keep time.
//
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tutti/bus.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti::store_rules {

using Milliseconds = std::chrono::milliseconds;

// More than a century is never meant, and Redis refuses what would overflow its clock. Also what
// is left of a foreign program's value that never expires.
inline constexpr Milliseconds longest{std::chrono::years(100)};

// Time to live and to keep: rounded up, from one millisecond.
[[nodiscard]] Milliseconds rounded_up(Duration lifetime) noexcept;
// An age that must not be exceeded: rounded down, and nothing is below zero.
[[nodiscard]] Milliseconds rounded_down(Duration age) noexcept;
[[nodiscard]] Milliseconds kept_for(const FillRequest& request) noexcept;

[[nodiscard]] std::string key_of(const ValueAddress& address);  // as the store knows it

// nullopt: as it should be. `operation` and `what` name the culprit in the error.
[[nodiscard]] std::optional<Error> check_name(std::string_view operation, std::string_view what,
                                              std::string_view name);
[[nodiscard]] std::optional<Error> check_key(std::string_view operation, std::string_view key);
[[nodiscard]] std::optional<Error> check_value(std::string_view operation, std::string_view value);
[[nodiscard]] std::optional<Error> check_ttl(std::string_view operation, Ttl ttl);
[[nodiscard]] std::optional<Error> check_tags(std::string_view operation,
                                              std::span<const std::string> tags,
                                              std::size_t count_max);
// Of one publication, or of one `drop`.
[[nodiscard]] std::optional<Error> check_changed(std::string_view operation, const KeySet& changed);
[[nodiscard]] std::optional<Error> check(std::string_view operation, const FetchRequest& request);
[[nodiscard]] std::optional<Error> check(std::string_view operation, const FillRequest& request);
// The channel has `ValueAddress::prefixes_max` already.
[[nodiscard]] Error too_many_prefixes(std::string_view operation);
[[nodiscard]] std::optional<Error> check_release(std::string_view operation,
                                                 const ValueAddress& address,
                                                 const LoadToken& token);

}  // namespace tutti::store_rules
