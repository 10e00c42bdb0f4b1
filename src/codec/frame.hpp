// What a payload in the shared tier looks like: a small header that says what follows, so that a
// value of an older program, of another program or of a broken disk is recognised and counts as a
// miss.
//
//   kind        1 byte    'v' value, 'a' absent (the source has no such thing), 'f' failure
//   packing     1 byte    0 as it is, 1 zstd
//   version     4 bytes   the cache's schema version, little endian
//   size        4 bytes   of the payload when unpacked, little endian
//   payload
//
// Reading believes nothing: the size is compared with the limit before a byte is allocated, and the
// unpacked payload must have exactly that size. Only values are packed, and only when it makes them
// smaller; the packed form carries zstd's checksum.
//
// Thread-safety: functions of their arguments. They throw nothing but std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti {

struct StoredPayload {
    enum class Kind : unsigned char { value, nothing, negative };

    Kind kind = Kind::value;
    std::string bytes;  // the encoded value, the failure's class, or nothing

    friend bool operator==(const StoredPayload&, const StoredPayload&) = default;
};

struct FrameOptions {
    std::uint32_t version = 1;
    std::size_t compress_above = 4096;   // bytes; 0: never. Reading unpacks whatever this says
    std::size_t bytes_max = 1UL << 20U;  // of the payload when unpacked, in both directions
};

inline constexpr std::size_t frame_header_bytes = 10;
inline constexpr std::size_t category_bytes_max = 128;

// Errors: too_large; invalid_option for an absent payload with bytes, or a failure without a class.
[[nodiscard]] Result<std::string> write_frame(const StoredPayload& payload,
                                              const FrameOptions& options);

// Errors: protocol ("version 1, expected 2"), too_large. The cause repeats nothing of the payload.
[[nodiscard]] Result<StoredPayload> read_frame(std::string_view frame, const FrameOptions& options);

}  // namespace tutti
