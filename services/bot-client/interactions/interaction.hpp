// What a user asks for: a command, a keystroke in one, a button; from HTTP as from the gateway.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/secret.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::interactions {

enum class InteractionKind : std::uint8_t {
    ping = 1,
    command = 2,
    component = 3,
    autocomplete = 4,
    modal = 5,
};

// What was given to a command, in the order of Discord.
struct CommandOption {
    std::string name;
    std::string value;     // a flag is "true" or "false", a number its digits
    bool focused = false;  // the user types it now

    friend bool operator==(const CommandOption&, const CommandOption&) = default;
};

struct Interaction {
    std::string id;
    std::string application_id;
    InteractionKind kind = InteractionKind::ping;
    process::Secret token;  // for its answers; good for 15 minutes
    std::optional<std::string> guild_id;
    std::optional<std::string> channel_id;
    std::string user_id{};
    std::string user_name{};           // what others see
    bool may_manage_messages = false;  // in this channel, as Discord has computed it
    std::string thread_of{};           // the channel around it; empty: it is no thread
    std::string command{};             // "channel activate"; empty: it is of no command
    std::vector<CommandOption> options{};
    std::string custom_id{};  // of a component
    // Of one that came over HTTP: takes the first answer, see InteractionEndpoint.
    std::function<bool(std::string body)> respond{};

    // The value of an option; empty when it was not given.
    [[nodiscard]] std::string option(std::string_view name) const;
};

// The body of a request over HTTP. Errors: protocol, too_large.
[[nodiscard]] Result<Interaction> read_interaction(std::string_view body);
// The frame of INTERACTION_CREATE. Errors: likewise.
[[nodiscard]] Result<Interaction> read_interaction_event(std::string_view frame);

// A Discord id: a number of up to 20 digits that says when it was made.
[[nodiscard]] bool is_snowflake(std::string_view id);
// The age of what has this id; Discord waits 3 s for the first answer to an interaction. Nothing:
// it is no id.
[[nodiscard]] std::optional<Duration> age_of(std::string_view id, process::UnixTime now);

}  // namespace tutti::services::bot::interactions
