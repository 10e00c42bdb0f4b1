// The numbers of Discord's gateway, version 10.
#pragma once

#include <cstdint>

namespace tutti::services::discord::gateway {

enum class Opcode : std::uint8_t {
    dispatch = 0,
    heartbeat = 1,
    identify = 2,
    presence = 3,
    voice_state = 4,
    resume = 6,
    reconnect = 7,
    request_members = 8,
    invalid_session = 9,
    hello = 10,
    heartbeat_ack = 11,
};

enum class CloseCode : std::uint16_t {
    unknown_error = 4000,
    unknown_opcode = 4001,
    decode_error = 4002,
    not_authenticated = 4003,
    authentication_failed = 4004,
    already_authenticated = 4005,
    invalid_sequence = 4007,
    rate_limited = 4008,
    session_timed_out = 4009,
    invalid_shard = 4010,
    sharding_required = 4011,
    invalid_version = 4012,
    invalid_intents = 4013,
    disallowed_intents = 4014,
};

}  // namespace tutti::services::discord::gateway
