// What a test sees of this Discord: more than Discord tells, such as what was asked for.
//
// Thread-safety: functions of their arguments.
#pragma once

#include "discord-stand-in/world/entities.hpp"
#include "discord-stand-in/world/interactions.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::control {

// {"id", "channelId", "author": {"id", "name", "bot"}, "webhook"?: {"id", "name", "avatarUrl"},
// "content", "replyTo", "allowedMentions", "pings": {"everyone", "repliedUser", "users", "roles"},
// "flags", "nonce", "madeMs", "editedMs", "embeds", "components", "attachments", "interactionId"}
[[nodiscard]] world::JsonObject message_view(const world::World& world,
                                             const world::Message& message);
// {"id", "kind", "userId", "channelId", "madeMs", "answered", "callback", "answerAgeMs",
// "deferred", "filled", "filledAgeMs", "ephemeral", "original", "followups", "choices", "modal",
// "trouble"}
[[nodiscard]] world::JsonObject interaction_view(const world::World& world,
                                                 const world::Interaction& interaction);
[[nodiscard]] world::JsonObject world_view(const world::World& world);

}  // namespace tutti::services::discord::control
