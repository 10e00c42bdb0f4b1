// What the keys of raw values begin with: two caches whose prefixes overlap may keep their values
// under the same key.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "base/option_names.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"

namespace tutti::audit {

// Whether a key may begin with both.
[[nodiscard]] constexpr bool overlap(std::string_view one, std::string_view other) noexcept {
    return one.starts_with(other) || other.starts_with(one);
}

// How a program spells the option that the prefix is from.
[[nodiscard]] constexpr OptionName raw_prefix_option(const Declaration& declaration) {
    return declaration.pattern == Pattern::reservation ? OptionName("raw_prefix")
                                                       : OptionName("store.raw_prefix");
}

}  // namespace tutti::audit
