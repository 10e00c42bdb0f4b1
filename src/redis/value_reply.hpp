// The words in which the scripts of the store are asked, and what their answers mean. No I/O.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "redis/reply.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

[[nodiscard]] std::string form_word(Place::Form form);
// 16 hexadecimal digits that order as the ranks do.
[[nodiscard]] std::string rank_word(std::int64_t rank);

[[nodiscard]] Result<Fetched> to_fetched(const char* operation, Result<Reply> reply);
[[nodiscard]] Result<Filled> to_filled(const char* operation, Result<Reply> reply);

}  // namespace tutti::redis
