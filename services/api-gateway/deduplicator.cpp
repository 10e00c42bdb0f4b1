#include "api-gateway/deduplicator.hpp"

#include "tutti/canonical.hpp"

namespace tutti::services {

std::string dedup_key(std::string_view personality, std::string_view user_id,
                      const std::optional<std::string>& channel_id, std::string_view message) {
    std::string key = "dedup:";
    key.append(personality).append(":").append(user_id).append("-");
    key.append(channel_id.value_or("dm")).append(":").append(sha256_hex(message).substr(0, 16));
    return key;
}

}  // namespace tutti::services
