// What the gateway tells, before it is known to whom.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "discord-stand-in/world/snowflake.hpp"

namespace tutti::services::discord::world {

using Intents = std::uint32_t;

struct Intent {
    static constexpr Intents guilds = 1U << 0U;
    static constexpr Intents guild_members = 1U << 1U;
    static constexpr Intents presences = 1U << 8U;
    static constexpr Intents guild_messages = 1U << 9U;
    static constexpr Intents guild_typing = 1U << 11U;
    static constexpr Intents direct_messages = 1U << 12U;
    static constexpr Intents direct_typing = 1U << 14U;
    static constexpr Intents message_content = 1U << 15U;
    static constexpr Intents all =
        ((1U << 17U) - 1U) | (1U << 20U) | (1U << 21U) | (1U << 24U) | (1U << 25U);
    // Those that the developer portal must have switched on.
    static constexpr Intents privileged = guild_members | presences | message_content;
};

struct Event {
    std::string name{};
    std::optional<Snowflake> guild{};  // nothing: of shard 0
    Intents intents = 0;               // one of them; 0: everyone hears it
    std::string data{};                // JSON
    // What is told instead without the intent for the content of messages.
    std::optional<std::string> without_content{};
};

}  // namespace tutti::services::discord::world
