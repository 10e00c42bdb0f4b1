#include "discord-stand-in/world/interactions.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::world {
namespace {

constexpr std::size_t choices_max = 25;
constexpr std::size_t choice_name_max = 100;
constexpr std::string_view original = "@original";

bool may_answer(InteractionKind kind, CallbackKind callback) {
    using enum CallbackKind;
    switch (kind) {
    case InteractionKind::ping: return callback == pong;
    case InteractionKind::autocomplete: return callback == choices;
    case InteractionKind::command:
        return callback == message || callback == deferred_message || callback == modal;
    case InteractionKind::component:
        return callback == message || callback == deferred_message || callback == deferred_update ||
               callback == update || callback == modal;
    case InteractionKind::modal:
        return callback == message || callback == deferred_message || callback == deferred_update ||
               callback == update;
    }
    return false;
}

Outcome<CallbackKind> read_callback(const JsonObject& body, InteractionKind kind) {
    const auto type = number_in(body, "type");
    const auto callback = static_cast<CallbackKind>(type.value_or(0));
    if (!type || *type < 1 || *type > 12 || !may_answer(kind, callback)) {
        return refuse_form("type", "INTERACTION_RESPONSE_TYPE_INVALID",
                           "This interaction is not answered like that.");
    }
    return callback;
}

JsonObject metadata_of(const World& world, const Interaction& interaction) {
    JsonObject owners;
    if (interaction.guild) owners.emplace("0", id_text(*interaction.guild));
    return {{"id", id_text(interaction.id)},
            {"type", std::to_underlying(interaction.kind)},
            {"user", user_object(world, interaction.user)},
            {"authorizing_integration_owners", std::move(owners)}};
}

void add_place(const World& world, const Interaction& interaction, Permissions permissions,
               JsonObject& payload) {
    const Channel& channel = *world.channel(interaction.channel);
    JsonObject place = channel_object(world, channel);
    place.emplace("permissions", std::to_string(permissions));
    payload.emplace("channel", std::move(place));
    payload.emplace("channel_id", id_text(channel.id));
    payload.emplace("app_permissions", std::to_string(world.bot_permissions(channel)));
    payload.emplace("context", channel.guild ? 0 : 1);
    JsonObject user = user_object(world, interaction.user);
    JsonObject owners;
    if (const Guild* const guild = world.guild(channel.guild.value_or(0))) {
        JsonObject member = member_object(*guild, interaction.user);
        member.emplace("user", std::move(user));
        member.emplace("permissions", std::to_string(permissions));
        payload.emplace("member", std::move(member));
        payload.emplace("guild_id", id_text(guild->id));
        payload.emplace("guild_locale", "en-US");
        payload.emplace(
            "guild",
            JsonObject{{"id", id_text(guild->id)}, {"locale", "en-US"}, {"features", JsonArray{}}});
        owners.emplace("0", id_text(guild->id));
    } else {
        payload.emplace("user", std::move(user));
        owners.emplace("0", "0");
    }
    payload.emplace("authorizing_integration_owners", std::move(owners));
}

// What was deferred says only whether others may see it.
bool is_ephemeral(const JsonObject& data) {
    return (number_in(data, "flags").value_or(0) & MessageFlag::ephemeral) != 0;
}

}  // namespace

const Interaction* Interactions::find(Snowflake id) const {
    const auto at = all_.find(id);
    return at == all_.end() ? nullptr : &at->second;
}

void Interactions::fail(Snowflake id, std::string why) {
    const auto at = all_.find(id);
    if (at != all_.end()) at->second.trouble = std::move(why);
}

const JsonObject* Interactions::command_named(std::string_view name,
                                              std::optional<Snowflake> guild) const {
    for (const Snowflake scope : {guild.value_or(0), Snowflake{0}}) {
        const auto commands = world_.commands().find(scope);
        if (commands == world_.commands().end()) continue;
        for (const Json& one : commands->second) {
            const JsonObject* const command = one.if_object();
            if (command != nullptr && text_in(*command, "name") == name) return command;
        }
    }
    return nullptr;
}

Outcome<void> Interactions::fill_data(const Invocation& what, JsonObject& payload) {
    const Channel& channel = *world_.channel(what.channel);
    JsonObject data = what.data;
    const bool by_command =
        what.kind == InteractionKind::command || what.kind == InteractionKind::autocomplete;
    if (by_command) {
        const auto name = text_in(data, "name").value_or("");
        const JsonObject* const command = command_named(name, channel.guild);
        if (command == nullptr) return refuse(RefusalCode::unknown_command);
        data["id"] = command->at("id");
        data["type"] = number_in(*command, "type").value_or(1);
        if (!data.contains("options")) data["options"] = JsonArray{};
        if (channel.guild && command->contains("guild_id")) {
            data["guild_id"] = id_text(*channel.guild);
        }
    }
    if (what.message) {
        const Message* const message = World::message(channel, *what.message);
        if (message == nullptr) return refuse(RefusalCode::unknown_message);
        payload.emplace("message", message_object(world_, *message));
    }
    payload.emplace("data", std::move(data));
    return {};
}

Outcome<Interaction*> Interactions::begin(const Invocation& what, process::UnixTime now) {
    const Channel* const channel = world_.channel(what.channel);
    if (channel == nullptr) return refuse(RefusalCode::unknown_channel);
    if (world_.user(what.user) == nullptr) return refuse(RefusalCode::unknown_user);

    Interaction begun{.id = world_.new_id(now),
                      .token = "interaction-" + process::Secret::random().reveal(),
                      .kind = what.kind,
                      .user = what.user,
                      .channel = what.channel,
                      .guild = channel->guild,
                      .made = now};
    JsonObject payload{{"id", id_text(begun.id)},
                       {"application_id", id_text(world_.application().id)},
                       {"type", std::to_underlying(begun.kind)},
                       {"token", begun.token},
                       {"version", 1},
                       {"locale", "en-US"},
                       {"entitlements", JsonArray{}},
                       {"attachment_size_limit", 10 << 20}};
    if (auto filled = fill_data(what, payload); !filled) return std::unexpected(filled.error());
    add_place(world_, begun, what.permissions.value_or(world_.permissions(*channel, what.user)),
              payload);
    begun.payload = std::move(payload);
    if (what.message) begun.original = what.message;

    forget_oldest();
    by_token_.emplace(begun.token, begun.id);
    return &all_.emplace(begun.id, std::move(begun)).first->second;
}

void Interactions::tell(const Interaction& interaction) {
    world_.tell({.name = "INTERACTION_CREATE",
                 .guild = interaction.guild,
                 .intents = 0,
                 .data = boost::json::serialize(interaction.payload),
                 .without_content = {}});
}

void Interactions::forget_oldest() {
    while (all_.size() >= kept_max_) {
        by_token_.erase(all_.begin()->second.token);
        all_.erase(all_.begin());
    }
}

Outcome<Interaction*> Interactions::answer(Snowflake id, std::string_view token,
                                           const JsonObject& body, process::UnixTime now) {
    const auto at = all_.find(id);
    if (at == all_.end() || at->second.token != token) {
        return refuse(RefusalCode::unknown_interaction);
    }
    Interaction& interaction = at->second;
    if (interaction.answered) return refuse(RefusalCode::already_acknowledged);
    if (interaction.made + first_answer_within < now) {
        return refuse(RefusalCode::unknown_interaction);
    }
    const auto callback = read_callback(body, interaction.kind);
    if (!callback) return std::unexpected(callback.error());
    const JsonObject* const data = object_in(body, "data");
    interaction.callback = *callback;
    auto done = carry_out(interaction, data == nullptr ? JsonObject{} : *data, now);
    if (!done) return std::unexpected(std::move(done).error());
    interaction.answered = now;
    return &interaction;
}

Outcome<void> Interactions::carry_out(Interaction& interaction, const JsonObject& data,
                                      process::UnixTime now) {
    switch (interaction.callback) {
    case CallbackKind::pong:
    case CallbackKind::deferred_update: return {};
    case CallbackKind::choices: return take_choices(interaction, data);
    case CallbackKind::modal: interaction.modal = data; return {};
    case CallbackKind::message:
    case CallbackKind::deferred_message: return say_first(interaction, data, now);
    case CallbackKind::update: {
        auto edited = edit_message(interaction, original, data, now);
        if (!edited) return std::unexpected(std::move(edited).error());
        return {};
    }
    }
    return {};
}

Outcome<void> Interactions::say_first(Interaction& interaction, const JsonObject& data,
                                      process::UnixTime now) {
    interaction.ephemeral = is_ephemeral(data);
    auto draft = read_draft(data, Speaker::webhook_or_interaction);
    if (!draft) return std::unexpected(std::move(draft).error());
    if (interaction.callback == CallbackKind::deferred_message) {
        draft->message = {.flags = draft->message.flags | MessageFlag::loading};
    } else if (auto full = check_not_empty(draft->message); !full) {
        return full;
    }
    auto said = say(interaction, *std::move(draft), now);
    if (!said) return std::unexpected(std::move(said).error());
    interaction.original = (*said)->id;
    return {};
}

Outcome<void> Interactions::take_choices(Interaction& interaction, const JsonObject& data) const {
    const JsonArray* const choices = array_in(data, "choices");
    if (choices == nullptr || choices->size() > choices_max) {
        return refuse_form("data.choices", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 0 and 25 in length.");
    }
    for (const Json& one : *choices) {
        const JsonObject* const choice = one.if_object();
        const auto name = choice == nullptr ? std::nullopt : text_in(*choice, "name");
        const std::size_t length = name ? length_of(*name) : 0;
        if (length < 1 || length > choice_name_max || member(*choice, "value") == nullptr) {
            return refuse_form("data.choices", "BASE_TYPE_BAD_LENGTH",
                               "A choice has a name of 1 to 100 characters, and a value.");
        }
    }
    interaction.choices = *choices;
    return {};
}

Outcome<Message*> Interactions::say(Interaction& interaction, Draft draft, process::UnixTime now) {
    Channel* const channel = world_.channel(interaction.channel);
    if (channel == nullptr) return refuse(RefusalCode::unknown_channel);
    draft.message.author = world_.application().bot;
    draft.message.application = world_.application().id;
    draft.message.kind = MessageKind::command_answer;
    draft.message.interaction = metadata_of(world_, interaction);
    if ((draft.message.flags & MessageFlag::ephemeral) == 0) {
        return post(world_, *channel, std::move(draft), now);
    }
    Message said = whisper(world_, *channel, std::move(draft), now);
    return &interaction.whispered.insert_or_assign(said.id, std::move(said)).first->second;
}

Outcome<Interaction*> Interactions::answered(std::string_view token, process::UnixTime now) {
    const auto at = by_token_.find(token);
    if (at == by_token_.end()) return refuse(RefusalCode::unknown_webhook);
    Interaction& interaction = all_.at(at->second);
    if (interaction.made + token_good_for < now) {
        return refuse(RefusalCode::invalid_webhook_token);
    }
    if (!interaction.answered) return refuse(RefusalCode::unknown_webhook);
    return &interaction;
}

Outcome<Message*> Interactions::follow_up(Interaction& interaction, const JsonObject& body,
                                          process::UnixTime now) {
    const bool fills =
        interaction.callback == CallbackKind::deferred_message && !interaction.filled;
    if (fills) return edit_message(interaction, original, body, now);
    auto draft = read_draft(body, Speaker::webhook_or_interaction);
    if (!draft) return std::unexpected(std::move(draft).error());
    if (auto full = check_not_empty(draft->message); !full) return std::unexpected(full.error());
    auto said = say(interaction, *std::move(draft), now);
    if (said) interaction.followups.push_back((*said)->id);
    return said;
}

Outcome<Message*> Interactions::message(Interaction& interaction, std::string_view id_or_original) {
    const bool first = id_or_original == original;
    const auto id = first ? interaction.original : read_snowflake(id_or_original);
    const bool known =
        first || (id && (holds(interaction.followups, *id) || interaction.original == id));
    if (!id || !known) return refuse(RefusalCode::unknown_message);
    if (const auto at = interaction.whispered.find(*id); at != interaction.whispered.end()) {
        return &at->second;
    }
    Channel* const channel = world_.channel(interaction.channel);
    Message* const found = channel == nullptr ? nullptr : World::message(*channel, *id);
    if (found == nullptr) return refuse(RefusalCode::unknown_message);
    return found;
}

Outcome<Message*> Interactions::edit_message(Interaction& interaction,
                                             std::string_view id_or_original,
                                             const JsonObject& body, process::UnixTime now) {
    const auto found = message(interaction, id_or_original);
    if (!found) return found;
    auto edited = edit(world_, **found, body, Speaker::webhook_or_interaction, now);
    if (!edited) return std::unexpected(std::move(edited).error());
    if (interaction.is_deferred() && !interaction.filled) interaction.filled = now;
    return *found;
}

Outcome<void> Interactions::delete_message(Interaction& interaction,
                                           std::string_view id_or_original) {
    const auto found = message(interaction, id_or_original);
    if (!found) return std::unexpected(found.error());
    const Snowflake id = (*found)->id;
    if (interaction.whispered.erase(id) == 0) {
        remove(world_, *world_.channel(interaction.channel), id);
    }
    if (interaction.original == id) interaction.original.reset();
    std::erase(interaction.followups, id);
    return {};
}

}  // namespace tutti::services::discord::world
