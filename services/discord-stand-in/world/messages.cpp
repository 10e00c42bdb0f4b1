#include "discord-stand-in/world/messages.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>

#include "discord-stand-in/world/objects.hpp"

namespace tutti::services::discord::world {
namespace {

constexpr std::size_t content_max = 2'000;
constexpr std::size_t embeds_max = 10;
constexpr std::size_t rows_max = 40;
constexpr std::size_t nonce_max = 25;
constexpr std::size_t pings_max = 100;
// "For a few minutes", as Discord says it.
constexpr std::chrono::minutes nonce_kept{3};

Outcome<void> read_content(const JsonObject& body, Message& to) {
    const Json* const content = body.if_contains("content");
    if (content == nullptr) return {};
    if (!content->is_null() && !content->is_string()) {
        return refuse_form("content", "STRING_TYPE_CONVERT", "Could not interpret as string.");
    }
    to.content = text_in(body, "content").value_or("");
    if (length_of(to.content) > content_max) {
        return refuse_form("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.");
    }
    return {};
}

Outcome<void> read_list(const JsonObject& body, const char* name, std::size_t most, JsonArray& to) {
    const Json* const list = body.if_contains(name);
    if (list == nullptr) return {};
    const JsonArray* const items = array_in(body, name);
    if (items == nullptr && !list->is_null()) {
        return refuse_form(name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    }
    to = items == nullptr ? JsonArray{} : *items;
    if (to.size() > most) {
        return refuse_form(name, "BASE_TYPE_MAX_LENGTH",
                           "Must be " + std::to_string(most) + " or fewer in length.");
    }
    return {};
}

Outcome<void> read_allowed(const JsonObject& body, Message& to) {
    const JsonObject* const allowed = object_in(body, "allowed_mentions");
    if (allowed == nullptr) return {};
    to.allowed_mentions = *allowed;
    const JsonArray* const parse = array_in(*allowed, "parse");
    for (const char* const kind : {"users", "roles"}) {
        const JsonArray* const ids = array_in(*allowed, kind);
        if (ids == nullptr || ids->empty()) continue;
        if (ids->size() > pings_max) {
            return refuse_form(std::string("allowed_mentions.") + kind, "BASE_TYPE_MAX_LENGTH",
                               "Must be 100 or fewer in length.");
        }
        if (parse != nullptr && holds(*parse, Json(kind))) {
            return refuse_form("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                               std::string("parse:[\"") + kind + "\"] and " + kind +
                                   ": [ids...] are mutually exclusive.");
        }
    }
    return {};
}

Outcome<void> read_nonce(const JsonObject& body, Draft& to) {
    const Json* const nonce = member(body, "nonce");
    if (nonce == nullptr) return {};
    to.message.nonce =
        nonce->is_string() ? std::string(nonce->get_string()) : boost::json::serialize(*nonce);
    if (length_of(*to.message.nonce) > nonce_max) {
        return refuse_form("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    to.enforce_nonce = flag_in(body, "enforce_nonce");
    return {};
}

void read_reference(const JsonObject& body, Draft& to) {
    const JsonObject* const reference = object_in(body, "message_reference");
    if (reference == nullptr) return;
    to.message.reference = Reference{.message = id_in(*reference, "message_id").value_or(0),
                                     .channel = id_in(*reference, "channel_id").value_or(0),
                                     .guild = id_in(*reference, "guild_id"),
                                     .is_forward = number_in(*reference, "type") == 1};
    to.fail_if_not_exists = flag_in(*reference, "fail_if_not_exists", true);
}

// What may be changed later, too.
Outcome<void> read_parts(const JsonObject& body, Message& to) {
    if (auto read = read_content(body, to); !read) return read;
    if (auto read = read_list(body, "embeds", embeds_max, to.embeds); !read) return read;
    if (auto read = read_list(body, "components", rows_max, to.components); !read) return read;
    return read_allowed(body, to);
}

struct Mentions {
    std::vector<Snowflake> users;
    std::vector<Snowflake> roles;
};

void add_once(std::vector<Snowflake>& to, Snowflake id) {
    if (!holds(to, id) && to.size() < pings_max) to.push_back(id);
}

// "<@1>", "<@!1>" and "<@&1>".
Mentions mentions_in(std::string_view text) {
    Mentions found;
    for (std::size_t at = text.find("<@"); at != std::string_view::npos;
         at = text.find("<@", at + 1)) {
        std::string_view rest = text.substr(at + 2);
        const char kind = rest.empty() ? ' ' : rest.front();
        if (kind == '!' || kind == '&') rest.remove_prefix(1);
        const auto id = read_snowflake(rest.substr(0, rest.find('>')));
        if (id && rest.contains('>')) add_once(kind == '&' ? found.roles : found.users, *id);
    }
    return found;
}

bool parses(const std::optional<JsonObject>& allowed, Speaker speaker, const char* kind) {
    if (!allowed) {
        return speaker == Speaker::channel_member || std::string_view(kind) == "users";
    }
    const JsonArray* const parse = array_in(*allowed, "parse");
    return parse != nullptr && holds(*parse, Json(kind));
}

void keep_allowed(std::vector<Snowflake>& ids, const std::optional<JsonObject>& allowed,
                  Speaker speaker, const char* kind) {
    if (parses(allowed, speaker, kind)) return;
    const JsonArray* const named = allowed ? array_in(*allowed, kind) : nullptr;
    std::erase_if(ids, [named](Snowflake id) {
        return named == nullptr ||
               std::ranges::none_of(*named, [id](const Json& one) { return id_of(one) == id; });
    });
}

Pings pings_of(const Message& message, const Message* answered, Speaker speaker) {
    const auto& allowed = message.allowed_mentions;
    Mentions found = mentions_in(message.content);
    keep_allowed(found.users, allowed, speaker, "users");
    keep_allowed(found.roles, allowed, speaker, "roles");
    const bool all = message.content.contains("@everyone") || message.content.contains("@here");
    Pings pings{.everyone = all && parses(allowed, speaker, "everyone"),
                .replied_user = answered != nullptr && !answered->persona &&
                                (!allowed || flag_in(*allowed, "replied_user")),
                .users = std::move(found.users),
                .roles = std::move(found.roles)};
    if (pings.replied_user) add_once(pings.users, answered->author);
    return pings;
}

Outcome<const Message*> find_answered(const World& world, const Channel& channel, Draft& draft) {
    auto& reference = draft.message.reference;
    if (!reference || reference->is_forward) return nullptr;
    if (reference->channel == 0) reference->channel = channel.id;
    if (reference->channel != channel.id) {
        return refuse_form("message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
                           "Cannot reply to a message in a different channel");
    }
    const bool by_bot = draft.message.author == world.application().bot;
    if (by_bot && (world.bot_permissions(channel) & Permission::read_history) == 0) {
        return refuse(RefusalCode::no_read_history);
    }
    const Message* const found = World::message(channel, reference->message);
    if (found != nullptr) {
        reference->guild = channel.guild;
        draft.message.kind = MessageKind::reply;
        return found;
    }
    if (draft.fail_if_not_exists) {
        return refuse_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
    }
    reference.reset();
    return nullptr;
}

Message* made_of_nonce(Channel& channel, const Draft& draft, process::UnixTime now) {
    if (!draft.enforce_nonce) return nullptr;
    for (auto at = channel.messages.rbegin(); at != channel.messages.rend(); ++at) {
        if (at->made + nonce_kept < now) return nullptr;
        const bool same = at->nonce == draft.message.nonce;
        if (same && at->author == draft.message.author) return &*at;
    }
    return nullptr;
}

void complete(World& world, const Channel& channel, Message& message, process::UnixTime now) {
    message.id = world.new_id(now);
    message.channel = channel.id;
    message.made = now;
}

}  // namespace

Outcome<void> check_not_empty(const Message& message) {
    const bool has_any = !message.content.empty() || !message.embeds.empty() ||
                         !message.components.empty() || !message.attachments.empty() ||
                         !message.forwarded.empty();
    if (!has_any) return refuse(RefusalCode::empty_message);
    return {};
}

Outcome<Draft> read_draft(const JsonObject& body, Speaker speaker) {
    Draft draft{.speaker = speaker};
    if (auto read = read_parts(body, draft.message); !read) return std::unexpected(read.error());
    if (auto read = read_nonce(body, draft); !read) return std::unexpected(read.error());
    draft.message.flags = number_in(body, "flags").value_or(0) &
                          (MessageFlag::ephemeral | MessageFlag::suppress_embeds |
                           MessageFlag::suppress_notifications);
    if (speaker == Speaker::channel_member) read_reference(body, draft);
    return draft;
}

Outcome<Message*> post(World& world, Channel& channel, Draft draft, process::UnixTime now) {
    if (Message* const made = made_of_nonce(channel, draft, now)) return made;
    const auto answered = find_answered(world, channel, draft);
    if (!answered) return std::unexpected(answered.error());
    draft.message.pings = pings_of(draft.message, *answered, draft.speaker);
    complete(world, channel, draft.message, now);
    channel.archived = false;
    Message& kept = world.keep(channel, std::move(draft.message));
    world.tell(message_event(world, "MESSAGE_CREATE", kept));
    return &kept;
}

Message whisper(World& world, Channel& channel, Draft draft, process::UnixTime now) {
    draft.message.pings = pings_of(draft.message, nullptr, draft.speaker);
    complete(world, channel, draft.message, now);
    return std::move(draft.message);
}

Outcome<void> edit(World& world, Message& message, const JsonObject& body, Speaker speaker,
                   process::UnixTime now) {
    Message changed = message;
    if (auto read = read_parts(body, changed); !read) return read;
    if (auto full = check_not_empty(changed); !full) return full;
    // What was deferred is not edited by its own text.
    if ((changed.flags & MessageFlag::loading) == 0) changed.edited = now;
    changed.flags &= ~MessageFlag::loading;
    // An edit pings nobody anew; what its text mentions is listed all the same.
    changed.pings = pings_of(changed, nullptr, speaker);
    message = std::move(changed);
    tell_of(world, message);
    return {};
}

void tell_of(World& world, const Message& edited) {
    if ((edited.flags & MessageFlag::ephemeral) != 0) return;
    world.tell(message_event(world, "MESSAGE_UPDATE", edited));
}

bool remove(World& world, Channel& channel, Snowflake id) {
    if (World::message(channel, id) == nullptr) return false;
    std::erase_if(channel.messages, [id](const Message& one) { return one.id == id; });
    JsonObject gone{{"id", id_text(id)}, {"channel_id", id_text(channel.id)}};
    if (channel.guild) gone.emplace("guild_id", id_text(*channel.guild));
    world.tell({.name = "MESSAGE_DELETE",
                .guild = channel.guild,
                .intents = channel.guild ? Intent::guild_messages : Intent::direct_messages,
                .data = boost::json::serialize(gone),
                .without_content = {}});
    return true;
}

}  // namespace tutti::services::discord::world
