// Why a change was refused, where the request itself is well-formed.
#pragma once

#include <cstdint>
#include <expected>

namespace tutti::services::gateway::database {

enum class Refusal : std::uint8_t {
    not_found,
    no_access,
    conflict,
    too_large,  // it would be over a limit of common/domain/limits.hpp
};

template <class T>
using Outcome = std::expected<T, Refusal>;

}  // namespace tutti::services::gateway::database
