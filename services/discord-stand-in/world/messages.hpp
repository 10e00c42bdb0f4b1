// What makes a message, whoever says it: what it may hold, whom it pings, what it answers; and what
// the gateway hears of that.
//
// Thread-safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/process/timestamps.hpp"
#include "discord-stand-in/world/entities.hpp"
#include "discord-stand-in/world/refusal.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::world {

// Whom a text may ping that says nothing about it.
enum class Speaker : std::uint8_t {
    channel_member,          // a user, or the bot by its own name: everybody
    webhook_or_interaction,  // users only
};

struct Draft {
    Message message{};
    Speaker speaker = Speaker::channel_member;
    bool enforce_nonce = false;
    bool fail_if_not_exists = true;  // what it answers
};

// Content, embeds, components, flags, nonce, reference and whom it may ping. Refused: more than
// Discord takes.
[[nodiscard]] Outcome<Draft> read_draft(const JsonObject& body, Speaker speaker);
// Refused: nothing is in it.
[[nodiscard]] Outcome<void> check_not_empty(const Message& message);

// Completes what `draft` leaves to Discord, keeps it in the channel and tells of it. With
// `enforce_nonce` the message that has been made of the same nonce. Blocks nothing.
Outcome<Message*> post(World& world, Channel& channel, Draft draft, process::UnixTime now);
// The same for one that its channel does not keep: only one user sees it.
[[nodiscard]] Message whisper(World& world, Channel& channel, Draft draft, process::UnixTime now);

// Changes what `body` has, and tells of it when the channel keeps the message.
Outcome<void> edit(World& world, Message& message, const JsonObject& body, Speaker speaker,
                   process::UnixTime now);
void tell_of(World& world, const Message& edited);
// False: there is none.
bool remove(World& world, Channel& channel, Snowflake id);

}  // namespace tutti::services::discord::world
