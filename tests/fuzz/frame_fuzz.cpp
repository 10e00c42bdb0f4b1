// Any bytes may lie in a store. What is read is within the limit, and written again it is read as
// the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const tutti::FrameOptions options{.version = 1, .compress_above = 64, .bytes_max = 4096};
    const auto read = tutti::read_frame(bytes, options);
    if (!read) return 0;
    if (read->bytes.size() > options.bytes_max) std::abort();
    const auto frame = tutti::write_frame(*read, options);
    if (!frame) std::abort();
    const auto again = tutti::read_frame(*frame, options);
    if (!again || *again != *read) std::abort();
    return 0;
}
