// How large a JSON document may be, as text and as a tree in memory.
#pragma once

#include <cstddef>

namespace tutti {

// Apply in both directions: what `json_codec` writes, it can read.
struct JsonLimits {
    std::size_t bytes_max = 1UL << 20U;  // of the text
    std::size_t depth_max = 32;          // arrays and objects inside each other
    // Elements, members and the document itself. Two bytes of text are enough for one, and each
    // takes 24 to 110 bytes of memory while the document is read.
    std::size_t values_max = 1UL << 16U;
};

}  // namespace tutti
