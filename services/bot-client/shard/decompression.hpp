// The texts in what Discord sends over one connection. With `zlib_stream` all payloads are one
// stream of zlib, and a payload is complete when a message ends in 00 00 FF FF; with `zstd_stream`
// all are one frame of zstd, and each message is a payload.
//
// A payload that would be larger than its bound is an error before it takes more memory than that,
// however small it was on the wire. After an error a decompressor is of no use: the stream's state
// is unknown, so a new connection has a new one.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti::services::bot::shard {

enum class Compression : std::uint8_t { none, zlib_stream, zstd_stream };

class Decompressor {
public:
    virtual ~Decompressor() = default;

    // One message of the connection. Returns the payload that it completes, or nothing when more
    // of it follows. Errors: protocol, too_large.
    [[nodiscard]] virtual Result<std::optional<std::string>> feed(std::string_view message) = 0;

    // `bytes_max`: of a payload, compressed or not. Throws std::bad_alloc.
    [[nodiscard]] static std::unique_ptr<Decompressor> make(Compression compression,
                                                            std::size_t bytes_max);
};

}  // namespace tutti::services::bot::shard
