// Percentiles of what was measured.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bench {

// Requires: not empty; fraction from 0 to 1.
inline double percentile(std::vector<double> values, double fraction) {
    std::ranges::sort(values);
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(last * fraction)];
}

}  // namespace bench
