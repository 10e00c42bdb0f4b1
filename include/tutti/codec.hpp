// How a value becomes bytes in the shared tier, and bytes a value again. A cache with a store takes
// a codec; `json_codec<V>()` is in json.hpp, and any pair of functions will do:
//
//     tutti::Codec<Png> codec{.encode = to_bytes, .decode = from_bytes, .name = "png"};
//
// Requires: `decode` accepts any bytes (another program, another version, another century wrote
// them) and answers with an Error what it cannot read; what it accepts of its own `encode`, it
// reads as an equal value. Both may be called from several threads at once. What throws has failed:
// an encoded value is not stored, a stored one counts as a miss, and both are logged.
// Thread-safety: a plain value.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti {

template <class V>
struct Codec {
    // Errors: too_large and protocol by convention; either way the value is not stored.
    std::function<Result<std::string>(const V&)> encode;
    // Errors: the stored value counts as a miss and is logged. The cause must not repeat the value.
    std::function<Result<V>(std::string_view)> decode;
    std::string name;  // for logs and the inventory: "json", "bytes"

    [[nodiscard]] explicit operator bool() const noexcept { return encode && decode; }
};

// The string itself: for values that are bytes already. Never fails.
[[nodiscard]] Codec<std::string> bytes_codec();

}  // namespace tutti
