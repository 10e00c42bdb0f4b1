#include "bot-client/interactions/commands.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"  // IWYU pragma: keep, for the names of members
#include "bot-client/rest/route.hpp"
#include "common/http/message.hpp"

namespace tutti::services::bot::interactions {
namespace {

constexpr std::int64_t chat_command = 1;
constexpr std::int64_t subcommand = 1;
constexpr std::int64_t text_option = 3;
constexpr std::int64_t flag_option = 5;
constexpr std::string_view route_pattern = "/applications/{}/commands";
// MANAGE_MESSAGES: who has it sees the command; the handler asks again.
constexpr const char* for_moderators = "8192";
constexpr std::int64_t message_length_max = 2000;

struct Option {
    using on_discords_wire = void;
    std::int64_t type = 0;
    std::string name;
    std::string description;
    std::optional<bool> required{};
    std::optional<bool> autocomplete{};
    std::optional<std::int64_t> max_length{};

    friend bool operator==(const Option&, const Option&) = default;
};
struct Subcommand {
    using on_discords_wire = void;
    std::int64_t type = subcommand;
    std::string name;
    std::string description;
    std::optional<std::vector<Option>> options{};

    friend bool operator==(const Subcommand&, const Subcommand&) = default;
};
struct Command {
    using on_discords_wire = void;
    std::optional<std::int64_t> type{};
    std::string name;
    std::string description;
    std::optional<std::vector<Subcommand>> options{};
    std::optional<std::string> default_member_permissions{};
    std::optional<std::vector<std::int64_t>> contexts{};  // 0: in servers, 1: to the bot

    friend bool operator==(const Command&, const Command&) = default;
};
BOOST_DESCRIBE_STRUCT(Option, (), (type, name, description, required, autocomplete, max_length))
BOOST_DESCRIBE_STRUCT(Subcommand, (), (type, name, description, options))
BOOST_DESCRIBE_STRUCT(Command, (),
                      (type, name, description, options, default_member_permissions, contexts))

Option personality_option(std::string description) {
    return {.type = text_option,
            .name = "personality",
            .description = std::move(description),
            .required = true,
            .autocomplete = true};
}

Command channel_command() {
    std::vector<Subcommand> all;
    all.push_back({.name = "activate",
                   .description = "Let a personality answer every message in this channel",
                   .options = std::vector{personality_option("Who answers")}});
    all.push_back({.name = "deactivate",
                   .description = "Let no personality answer every message in this channel"});
    all.push_back(
        {.name = "list",
         .description = "Show the channels in which a personality answers",
         .options = std::vector{Option{
             .type = flag_option, .name = "all", .description = "Of all servers; for the owner"}}});
    return {.type = chat_command,
            .name = "channel",
            .description = "Who answers in a channel",
            .options = std::move(all),
            .default_member_permissions = for_moderators,
            .contexts = std::vector<std::int64_t>{0}};
}

Command character_command() {
    std::vector<Option> options{personality_option("Whom to talk to")};
    options.push_back({.type = text_option,
                       .name = "message",
                       .description = "What to say",
                       .required = true,
                       .max_length = message_length_max});
    return {.type = chat_command,
            .name = "character",
            .description = "Personalities",
            .options = std::vector{Subcommand{.name = "chat",
                                              .description = "Say something to a personality",
                                              .options = std::move(options)}},
            .contexts = std::vector<std::int64_t>{0, 1}};
}

std::vector<Command> own_commands() { return {channel_command(), character_command()}; }

// Discord leaves out, or says, what is as by default.
Command as_compared(Command command) {
    command.type = command.type.value_or(chat_command);
    if (!command.options) command.options.emplace();
    for (Subcommand& sub : *command.options) {
        if (!sub.options) sub.options.emplace();
        for (Option& option : *sub.options) {
            option.required = option.required.value_or(false);
            option.autocomplete = option.autocomplete.value_or(false);
        }
    }
    return command;
}

bool are_known(const std::vector<Command>& known) {
    const auto own = own_commands();
    if (known.size() != own.size()) return false;
    for (const Command& command : own) {
        bool found = false;
        for (const Command& one : known) found = found || as_compared(one) == as_compared(command);
        if (!found) return false;
    }
    return true;
}

Result<std::string> call(rest::DiscordRest& discord, std::string_view method,
                         const std::string& application_id, std::string body, TimePoint deadline) {
    auto route = rest::Route::make(method, route_pattern, {application_id});
    if (!route) return fail(std::move(route).error());
    const std::string operation = route->operation();
    auto answer = discord.call({.route = *std::move(route), .body = std::move(body)}, deadline);
    if (!answer) return fail(std::move(answer).error().error);
    if (answer->ok()) return std::move(answer->body);
    return fail(Errc::refused, operation, "Discord answered " + std::to_string(answer->status));
}

}  // namespace

std::string commands_body() { return json::write(own_commands()); }

Result<bool> register_commands(rest::DiscordRest& discord, const std::string& application_id,
                               TimePoint deadline) {
    const auto listed = call(discord, "GET", application_id, "", deadline);
    if (!listed) return fail(listed.error());
    // What cannot be read is of another making.
    const auto known = json::read<std::vector<Command>>(*listed, json::any_length);
    if (known && are_known(*known)) return false;
    const auto told = call(discord, "PUT", application_id, commands_body(), deadline);
    if (!told) return fail(told.error());
    return true;
}

}  // namespace tutti::services::bot::interactions
