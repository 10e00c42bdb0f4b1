// The life of an interaction: a user does something, the application has 3 s for its first answer
// and 15 minutes for all that follows.
//
//     begun -> answered (or deferred -> filled) -> follow-ups, edits ...     token void at 15 min
//        \-> 3 s without an answer: void
//
// Bounds: the newest 10,000 are kept.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/timestamps.hpp"
#include "discord-stand-in/world/entities.hpp"
#include "discord-stand-in/world/messages.hpp"
#include "discord-stand-in/world/refusal.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::world {

enum class InteractionKind : std::uint8_t {
    ping = 1,
    command = 2,
    component = 3,
    autocomplete = 4,
    modal = 5,
};

enum class CallbackKind : std::uint8_t {
    pong = 1,
    message = 4,
    deferred_message = 5,
    deferred_update = 6,
    update = 7,
    choices = 8,
    modal = 9,
};

// What a user does.
struct Invocation {
    InteractionKind kind = InteractionKind::command;
    Snowflake user = 0;
    Snowflake channel = 0;
    std::optional<Permissions> permissions{};  // nothing: what the user may in that channel
    JsonObject data{};                         // as Discord sends it
    std::optional<Snowflake> message{};        // with the component
};

struct Interaction {
    Snowflake id = 0;
    std::string token{};
    InteractionKind kind = InteractionKind::command;
    Snowflake user = 0;
    Snowflake channel = 0;
    std::optional<Snowflake> guild{};
    JsonObject payload{};
    process::UnixTime made{};
    std::optional<process::UnixTime> answered{};
    CallbackKind callback = CallbackKind::pong;  // when it is answered
    std::optional<process::UnixTime> filled{};   // when what was deferred came
    bool ephemeral = false;
    std::optional<Snowflake> original{};
    std::vector<Snowflake> followups{};
    std::map<Snowflake, Message> whispered{};  // what only the user sees
    JsonArray choices{};
    JsonObject modal{};
    std::string trouble{};  // why an answer over HTTP did not count

    [[nodiscard]] bool is_deferred() const noexcept {
        return callback == CallbackKind::deferred_message ||
               callback == CallbackKind::deferred_update;
    }
};

inline constexpr std::chrono::seconds first_answer_within{3};
inline constexpr std::chrono::minutes token_good_for{15};

class Interactions {
public:
    explicit Interactions(World& world, std::size_t kept_max = 10'000)
        : world_(world), kept_max_(kept_max) {}

    // Refused: no such user, channel, command or message.
    [[nodiscard]] Outcome<Interaction*> begin(const Invocation& what, process::UnixTime now);
    [[nodiscard]] const Interaction* find(Snowflake id) const;
    // What went wrong on the way to the application.
    void fail(Snowflake id, std::string why);
    [[nodiscard]] const std::map<Snowflake, Interaction>& all() const noexcept { return all_; }
    // Tells the gateway of it.
    void tell(const Interaction& interaction);

    // The first answer: {"type", "data"}. Refused: 10062 when it is unknown, not of this token or
    // too late, 40060 when it was answered before.
    Outcome<Interaction*> answer(Snowflake id, std::string_view token, const JsonObject& body,
                                 process::UnixTime now);
    // By its token, while that is good and after the first answer.
    Outcome<Interaction*> answered(std::string_view token, process::UnixTime now);

    // A further message, or what was deferred.
    Outcome<Message*> follow_up(Interaction& interaction, const JsonObject& body,
                                process::UnixTime now);
    // The message of the first answer, or a follow-up.
    Outcome<Message*> message(Interaction& interaction, std::string_view id_or_original);
    Outcome<Message*> edit_message(Interaction& interaction, std::string_view id_or_original,
                                   const JsonObject& body, process::UnixTime now);
    Outcome<void> delete_message(Interaction& interaction, std::string_view id_or_original);

private:
    Outcome<void> fill_data(const Invocation& what, JsonObject& payload);
    [[nodiscard]] const JsonObject* command_named(std::string_view name,
                                                  std::optional<Snowflake> guild) const;
    Outcome<void> carry_out(Interaction& interaction, const JsonObject& data,
                            process::UnixTime now);
    Outcome<void> say_first(Interaction& interaction, const JsonObject& data,
                            process::UnixTime now);
    Outcome<void> take_choices(Interaction& interaction, const JsonObject& data) const;
    Outcome<Message*> say(Interaction& interaction, Draft draft, process::UnixTime now);
    void forget_oldest();

    World& world_;
    const std::size_t kept_max_;
    std::map<Snowflake, Interaction> all_;
    std::map<std::string, Snowflake, std::less<>> by_token_;
};

}  // namespace tutti::services::discord::world
