// Pictures that strangers upload, turned into PNGs that we wrote ourselves: what is served later is
// an image and nothing else, no metadata and no bytes behind its end.
//
//     auto png = read_avatar(edit.avatar_data);     // base64 or a data: URL
//     if (!png) fields.add("avatarData", png.error());
//
// Any input is answered, none crashes, and none needs more memory than a few times the pixels that
// are allowed. Only PNG: each decoder is attack surface. Pure functions, from any thread. Cost:
// some milliseconds, up to a fifth of a second for the worst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tutti::services::gateway::attachments {

inline constexpr std::size_t avatar_bytes_max = 1U << 20U;  // of the upload, decoded
inline constexpr std::uint32_t avatar_side_max = 1024;      // pixels
// What the largest picture needs that is written again, uncompressible as it may be; the schema
// says the same.
inline constexpr std::size_t stored_avatar_bytes_max = 5U << 20U;

// The error says what would be right.
using AvatarImage = std::expected<std::string, std::string_view>;

[[nodiscard]] AvatarImage read_avatar(std::string_view text);
// The part of `read_avatar` behind base64.
[[nodiscard]] AvatarImage rewrite_png(std::string_view bytes);

}  // namespace tutti::services::gateway::attachments
