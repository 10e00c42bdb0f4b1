// How many there are of each.
#pragma once

#include <cstddef>

namespace tests::soak {

inline constexpr std::size_t bot_count = 3;
inline constexpr std::size_t gateway_count = 2;
inline constexpr std::size_t worker_count = 2;
inline constexpr std::size_t shard_count = 2;
inline constexpr std::size_t channel_count = 8;

}  // namespace tests::soak
