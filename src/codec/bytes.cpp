#include <string>
#include <string_view>

#include "tutti/codec.hpp"
#include "tutti/error.hpp"

namespace tutti {

Codec<std::string> bytes_codec() {
    return {
        .encode = [](const std::string& value) -> Result<std::string> { return value; },
        .decode = [](std::string_view bytes) -> Result<std::string> { return std::string(bytes); },
        .name = "bytes",
    };
}

}  // namespace tutti
