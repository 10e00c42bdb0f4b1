// What the end of a connection to Discord's gateway means: Discord's own codes, those of WebSocket,
// and no code at all.
//
// Thread-safety: a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::services::bot::shard {

enum class AfterClose : std::uint8_t {
    resume,    // the session may go on in another connection
    identify,  // the session is over, a new one may begin
    give_up,   // Discord forbids to connect again until an operator has changed something
};

struct CloseMeaning {
    AfterClose then;
    std::string_view text;   // what happened; with `give_up` what to change, too
    bool our_fault = false;  // a payload of ours that it should not have been
};

// Our own code when a connection is given up and its session is not: 1000 and 1001 would end it.
inline constexpr std::uint16_t keep_session = 4900;
inline constexpr std::uint16_t end_session = 1000;

// Nothing: the connection broke, or never came to be.
[[nodiscard]] CloseMeaning meaning_of(std::optional<std::uint16_t> code) noexcept;

}  // namespace tutti::services::bot::shard
