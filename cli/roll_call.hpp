// Whether the processes that a probe is to ask are the ones that it needs: found out once, before
// it begins, so that a wrong address is not a minute of samples of which nothing is known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/processes.hpp"

namespace tutti::cli {

// Which no program has a value under, as far as we know. It does not matter if one has.
inline constexpr std::string_view roll_call_key = "tutti:probe";

// Each names who it is about, and what to do.
struct RollCall {
    std::vector<std::string> unanswered;  // processes that a probe would learn nothing from
    std::vector<std::string> remarks;     // what may be meant so
};

// members: of the channel, by name.
[[nodiscard]] RollCall call_the_roll(std::string_view channel, std::span<const AskedHoldings> asked,
                                     std::span<const std::string> members);

}  // namespace tutti::cli
