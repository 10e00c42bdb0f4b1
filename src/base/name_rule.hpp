// What may be a name that becomes part of a key or a channel of the server: of an application, a
// node, a channel, a member. One rule for declarations and for every adapter, so that what one
// server refuses no other takes, and `start` says so before anything runs.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tutti {

inline constexpr std::size_t name_bytes_max = 512;
// Of a node and of an application: what is made of them stays within `name_bytes_max`.
inline constexpr std::size_t short_name_bytes_max = 128;

// nullopt: it may. Otherwise what a name must be, to stand behind what it names.
[[nodiscard]] std::optional<std::string> wrong_with_name(std::string_view name,
                                                         std::size_t bytes_max = name_bytes_max);
// It stands in front of a slash.
[[nodiscard]] std::optional<std::string> wrong_with_app(std::string_view app);

}  // namespace tutti
