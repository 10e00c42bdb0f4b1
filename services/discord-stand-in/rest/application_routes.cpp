#include "discord-stand-in/rest/application_routes.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::rest {
namespace {

using world::id_in;
using world::id_text;
using world::Json;
using world::JsonArray;
using world::JsonObject;
using world::RefusalCode;
using world::refuse;
using world::refuse_form;
using world::Snowflake;
using world::text_in;

constexpr std::size_t commands_max = 130;  // of all types
constexpr std::size_t command_name_max = 32;
constexpr std::size_t description_max = 100;
constexpr std::size_t options_max = 25;

Answer gateway(Call& call) { return Reply{.body = JsonObject{{"url", call.gateway.url}}}; }

Answer gateway_bot(Call& call) {
    const GatewayFacts& facts = call.gateway;
    return Reply{.body = JsonObject{{"url", facts.url},
                                    {"shards", facts.shards},
                                    {"session_start_limit",
                                     JsonObject{{"total", facts.starts_total},
                                                {"remaining", facts.starts_remaining},
                                                {"reset_after", facts.starts_reset_after.count()},
                                                {"max_concurrency", facts.max_concurrency}}}}};
}

Answer me(Call& call) {
    JsonObject user = world::user_object(call.world, call.world.application().bot);
    user.emplace("verified", true);
    user.emplace("mfa_enabled", false);
    user.emplace("email", nullptr);
    return Reply{.body = std::move(user)};
}

Answer user(Call& call) {
    const world::User* const found = call.world.user(call.id("user"));
    if (found == nullptr) return refuse(RefusalCode::unknown_user);
    return Reply{.body = world::user_object(*found)};
}

Answer application(Call& call) { return Reply{.body = world::application_object(call.world)}; }

// What the caller names has to be there: the application, and a server when the path has one.
world::Outcome<Snowflake> scope_of(const Call& call) {
    if (call.id("application") != call.world.application().id) {
        return refuse(RefusalCode::unknown_application);
    }
    if (!call.request.parameters.contains("guild")) return Snowflake{0};
    if (call.world.guild(call.id("guild")) == nullptr) return refuse(RefusalCode::missing_access);
    return call.id("guild");
}

// Lower case, digits, "-" and "_"; letters of other scripts pass.
bool is_name(std::string_view name) {
    const std::size_t length = world::length_of(name);
    return length >= 1 && length <= command_name_max && std::ranges::none_of(name, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               const bool takes_part = byte >= 0x80 || std::islower(byte) != 0 ||
                                       std::isdigit(byte) != 0 || c == '-' || c == '_';
               return !takes_part;
           });
}

world::Outcome<JsonObject> read_command(const Call& call, Snowflake scope, const Json& text,
                                        const std::string& path) {
    const JsonObject* const given = text.if_object();
    if (given == nullptr) {
        return refuse_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used");
    }
    const auto type = world::number_in(*given, "type").value_or(1);
    const auto name = text_in(*given, "name").value_or("");
    const bool is_chat = type == 1;
    if (is_chat ? !is_name(name) : name.empty() || world::length_of(name) > command_name_max) {
        return refuse_form(path + ".name", "APPLICATION_COMMAND_INVALID_NAME",
                           "Command name is invalid");
    }
    const std::size_t described = world::length_of(text_in(*given, "description").value_or(""));
    if (is_chat && (described < 1 || described > description_max)) {
        return refuse_form(path + ".description", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 1 and 100 in length.");
    }
    const JsonArray* const options = world::array_in(*given, "options");
    if (options != nullptr && options->size() > options_max) {
        return refuse_form(path + ".options", "BASE_TYPE_MAX_LENGTH",
                           "Must be 25 or fewer in length.");
    }
    JsonObject command = *given;
    command["id"] = id_text(call.world.new_id(call.now));
    command["application_id"] = id_text(call.world.application().id);
    command["type"] = type;
    command["version"] = command["id"];
    if (scope != 0) command["guild_id"] = id_text(scope);
    for (const char* const part : {"description"}) {
        if (!command.contains(part)) command[part] = "";
    }
    for (const char* const part : {"default_member_permissions", "nsfw", "contexts"}) {
        if (!command.contains(part)) command[part] = nullptr;
    }
    return command;
}

bool is_same(const Json& one, const JsonObject& other) {
    const JsonObject& command = one.get_object();
    return command.at("name") == other.at("name") && command.at("type") == other.at("type");
}

Answer list_commands(Call& call) {
    const auto scope = scope_of(call);
    if (!scope) return std::unexpected(scope.error());
    return Reply{.body = call.world.commands()[*scope]};
}

// Those that were there before keep their ids.
Answer overwrite_commands(Call& call) {
    const auto scope = scope_of(call);
    if (!scope) return std::unexpected(scope.error());
    const JsonArray* const given = call.document.if_array();
    if (given == nullptr || given->size() > commands_max) {
        return refuse_form("commands", "LIST_TYPE_CONVERT", "A list of at most 130 commands.");
    }
    const JsonArray before = call.world.commands()[*scope];
    JsonArray commands;
    for (const Json& one : *given) {
        auto command = read_command(call, *scope, one, std::to_string(commands.size()));
        if (!command) return std::unexpected(std::move(command).error());
        const auto same = [&](const Json& other) { return is_same(other, *command); };
        if (std::ranges::any_of(commands, same)) {
            return refuse_form(std::to_string(commands.size()) + ".name",
                               "APPLICATION_COMMANDS_DUPLICATE_NAME",
                               "Application command names must be unique");
        }
        const auto* const old = std::ranges::find_if(before, same);
        if (old != before.end()) (*command)["id"] = old->get_object().at("id");
        commands.push_back(*std::move(command));
    }
    call.world.commands()[*scope] = commands;
    return Reply{.body = std::move(commands)};
}

Answer create_command(Call& call) {
    const auto scope = scope_of(call);
    if (!scope) return std::unexpected(scope.error());
    auto command = read_command(call, *scope, call.document, "command");
    if (!command) return std::unexpected(std::move(command).error());
    JsonArray& commands = call.world.commands()[*scope];
    auto* const same =
        std::ranges::find_if(commands, [&](const Json& other) { return is_same(other, *command); });
    if (same != commands.end()) {
        (*command)["id"] = same->get_object().at("id");
        *same = *command;
        return Reply{.status = 200, .body = *std::move(command)};
    }
    if (commands.size() >= commands_max) {
        return refuse_form("command", "TOO_MANY", "There are too many commands.");
    }
    commands.push_back(*command);
    return Reply{.status = 201, .body = *std::move(command)};
}

Answer delete_command(Call& call) {
    const auto scope = scope_of(call);
    if (!scope) return std::unexpected(scope.error());
    JsonArray& commands = call.world.commands()[*scope];
    auto* const found = std::ranges::find_if(commands, [&](const Json& one) {
        return id_in(one.get_object(), "id") == call.id("command");
    });
    if (found == commands.end()) return refuse(RefusalCode::unknown_command);
    commands.erase(found);
    return no_content();
}

}  // namespace

Routes application_routes() {
    using std::chrono::milliseconds;
    const Allowance rare{.calls = 2, .window = milliseconds(5'000)};
    const std::string global = "/applications/:application/commands";
    const std::string local = "/applications/:application/guilds/:guild/commands";
    return {
        {.method = "GET", .pattern = "/gateway", .handler = gateway, .auth = Auth::none},
        {.method = "GET", .pattern = "/gateway/bot", .handler = gateway_bot},
        {.method = "GET", .pattern = "/users/@me", .handler = me},
        {.method = "GET", .pattern = "/users/:user", .handler = user},
        {.method = "GET", .pattern = "/applications/@me", .handler = application},
        {.method = "GET", .pattern = "/oauth2/applications/@me", .handler = application},
        {.method = "GET", .pattern = global, .handler = list_commands},
        {.method = "PUT", .pattern = global, .handler = overwrite_commands, .allowance = rare},
        {.method = "POST", .pattern = global, .handler = create_command, .allowance = rare},
        {.method = "DELETE", .pattern = global + "/:command", .handler = delete_command},
        {.method = "GET", .pattern = local, .handler = list_commands, .major = "guild"},
        {.method = "PUT",
         .pattern = local,
         .handler = overwrite_commands,
         .allowance = rare,
         .major = "guild"},
        {.method = "POST",
         .pattern = local,
         .handler = create_command,
         .allowance = rare,
         .major = "guild"},
        {.method = "DELETE",
         .pattern = local + "/:command",
         .handler = delete_command,
         .major = "guild"},
    };
}

}  // namespace tutti::services::discord::rest
