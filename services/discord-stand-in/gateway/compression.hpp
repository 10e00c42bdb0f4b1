// The sending side of what Discord's gateway compresses with: one stream for a connection and a
// flush behind each payload, or each payload for itself.
//
// Thread-safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::discord::gateway {

enum class Compression : std::uint8_t { none, zlib_stream, zstd_stream, zlib_payload };

class Compressor {
public:
    virtual ~Compressor() = default;
    [[nodiscard]] virtual std::string compress(std::string_view payload) = 0;

    // Null for `none`. Throws std::bad_alloc.
    [[nodiscard]] static std::unique_ptr<Compressor> make(Compression compression);
};

// What the `compress` of a connection's target says; `none` when that is unknown.
[[nodiscard]] Compression read_compression(std::string_view name);

}  // namespace tutti::services::discord::gateway
