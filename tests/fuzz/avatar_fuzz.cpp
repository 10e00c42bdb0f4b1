// Anybody may upload any bytes. What is taken is a PNG that is written again as it is, and base64
// of any kind is answered.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api-gateway/attachments/avatar_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tutti::services;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)gateway::attachments::read_avatar(bytes);
    const auto image = gateway::attachments::rewrite_png(bytes);
    if (!image) return 0;
    if (image->size() > gateway::attachments::stored_avatar_bytes_max) std::abort();
    if (image->size() > gateway::attachments::avatar_bytes_max)
        return 0;  // more than may be uploaded
    const auto again = gateway::attachments::rewrite_png(*image);
    if (!again || *again != *image) std::abort();
    return 0;
}
