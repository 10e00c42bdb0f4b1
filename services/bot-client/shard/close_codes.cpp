#include "bot-client/shard/close_codes.hpp"

namespace tutti::services::bot::shard {

CloseMeaning meaning_of(std::optional<std::uint16_t> code) noexcept {
    using enum AfterClose;
    if (!code) return {.then = resume, .text = "the connection broke"};
    switch (*code) {
    case 1000: return {.then = identify, .text = "Discord ended the session"};
    case 1001: return {.then = resume, .text = "Discord's server went away"};
    case 4000: return {.then = resume, .text = "Discord had an error of its own"};
    case 4001:
        return {.then = resume, .text = "an opcode is unknown to Discord", .our_fault = true};
    case 4002: return {.then = resume, .text = "Discord cannot read a payload", .our_fault = true};
    case 4003: return {.then = identify, .text = "a payload came too early", .our_fault = true};
    case 4005: return {.then = identify, .text = "identified twice", .our_fault = true};
    case 4007: return {.then = identify, .text = "resumed at a wrong place", .our_fault = true};
    case 4008: return {.then = identify, .text = "too many payloads", .our_fault = true};
    case 4009: return {.then = identify, .text = "the session timed out"};
    case 4004:
        return {.then = give_up,
                .text =
                    "Discord does not know this token: set DISCORD_TOKEN to the one of the "
                    "developer portal (Bot, Reset Token)"};
    case 4010:
        return {.then = give_up,
                .text = "Discord refuses this shard: its number must be below the number of shards",
                .our_fault = true};
    case 4011:
        return {.then = give_up,
                .text =
                    "the bot is in too many servers for so few shards: run as many as GET "
                    "/gateway/bot recommends"};
    case 4012:
        return {.then = give_up,
                .text = "Discord no longer speaks this version of the gateway: update bot-client"};
    case 4013:
        return {.then = give_up,
                .text = "Discord does not know these intents: update bot-client",
                .our_fault = true};
    case 4014:
        return {.then = give_up,
                .text =
                    "the bot may not have these intents: turn on Message Content Intent in the "
                    "developer portal (Bot, Privileged Gateway Intents)"};
    default: return {.then = resume, .text = "the connection was closed"};
    }
}

}  // namespace tutti::services::bot::shard
