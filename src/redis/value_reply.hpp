// The words in which the scripts of the store are asked, and what their answers mean. No I/O.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coherence/store_rules.hpp"
#include "redis/reply.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

[[nodiscard]] std::string form_word(ValueAddress::Form form);
[[nodiscard]] std::string time_word(store_rules::Milliseconds time);
// 16 hexadecimal digits that order as the ranks do.
[[nodiscard]] std::string rank_word(std::int64_t rank);

// Of each of so many keys, in their order. nullopt: the answer had no room for its value, and
// nothing was done; never of a key that was asked for alone.
[[nodiscard]] std::vector<Result<std::optional<Fetched>>> to_fetched(const char* operation,
                                                                     std::size_t keys,
                                                                     Result<Reply> reply);
// Of each of so many keys, in their order.
[[nodiscard]] std::vector<Result<Filled>> to_filled(const char* operation, std::size_t keys,
                                                    Result<Reply> reply);

}  // namespace tutti::redis
