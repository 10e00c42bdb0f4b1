// The picture of a personality: what is kept of it, and where the world finds it.
//
// A picture's path has the time of its last change in it, because proxies such as Discord's go by
// the path alone: another picture must be another path.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/process/timestamps.hpp"

namespace tutti::services::domain {

struct Avatar {
    std::string png;
    std::string etag;  // strong, quoted: of the bytes, so the same on every gateway
    process::UnixTime updated_at{};

    friend bool operator==(const Avatar&, const Avatar&) = default;
};

// Shared, because a cache hands out copies. Null: that personality has none.
using AvatarPtr = std::shared_ptr<const Avatar>;

// The last part of <slug>-<version>.png: milliseconds since 1970, always of this many digits, so
// that few slugs look as if they ended in one.
inline constexpr std::size_t avatar_version_digits = 13;

[[nodiscard]] inline std::string version_of(process::UnixTime updated_at) {
    std::string digits = std::to_string(updated_at.time_since_epoch().count());
    return std::string(avatar_version_digits - std::min(avatar_version_digits, digits.size()),
                       '0') +
           digits;
}
[[nodiscard]] inline std::string avatar_path(std::string_view slug, process::UnixTime updated_at) {
    return "/avatars/" + std::string(slug) + '-' + version_of(updated_at) + ".png";
}

}  // namespace tutti::services::domain
