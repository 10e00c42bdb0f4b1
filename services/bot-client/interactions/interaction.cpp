#include "bot-client/interactions/interaction.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <boost/describe/class.hpp>

#include "bot-client/discord_wire.hpp"
#include "tutti/json.hpp"

namespace tutti::services::bot::interactions {
namespace {

constexpr JsonLimits body_limits{.bytes_max = 1UL << 20U, .depth_max = 32, .values_max = 20'000};
constexpr std::size_t token_bytes_max = 512;
constexpr std::chrono::milliseconds discord_epoch{1'420'070'400'000};
constexpr unsigned time_shift = 22;

constexpr std::size_t options_max = 64;
constexpr std::int64_t subcommand_group = 2;  // 1 is a subcommand
constexpr std::uint64_t administrator = 1UL << 3U;
constexpr std::uint64_t manage_messages = 1UL << 13U;

struct Member {
    using on_discords_wire = void;
    wire::User user;
    std::optional<std::string> permissions;
};
struct Body {
    using on_discords_wire = void;
    std::string id;
    std::string application_id;
    int type = 0;
    std::string token;
    std::optional<std::string> guild_id;
    std::optional<std::string> channel_id;
    std::optional<wire::Channel> channel;
    std::optional<Member> member;
    std::optional<wire::User> user;  // outside of a server
};
BOOST_DESCRIBE_STRUCT(Member, (), (user, permissions))
BOOST_DESCRIBE_STRUCT(Body, (),
                      (id, application_id, type, token, guild_id, channel_id, channel, member,
                       user))

std::optional<std::uint64_t> number_of(std::string_view id) {
    std::uint64_t number = 0;
    const char* end = id.data() + id.size();
    const auto [stopped, error] = std::from_chars(id.data(), end, number);
    if (id.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

bool are_sound(const Body& body) {
    const auto absent_or_id = [](const std::optional<std::string>& id) {
        return !id || is_snowflake(*id);
    };
    return is_snowflake(body.id) && is_snowflake(body.application_id) &&
           absent_or_id(body.guild_id) && absent_or_id(body.channel_id) &&
           (!body.user || is_snowflake(body.user->id)) &&
           (!body.member || is_snowflake(body.member->user.id)) && body.type >= 1 &&
           body.type <= 5 && !body.token.empty() && body.token.size() <= token_bytes_max;
}

}  // namespace

bool is_snowflake(std::string_view id) { return number_of(id).has_value(); }

std::optional<Duration> age_of(std::string_view id, process::UnixTime now) {
    const auto number = number_of(id);
    if (!number) return std::nullopt;
    const process::UnixTime made(
        discord_epoch +
        std::chrono::milliseconds(static_cast<std::int64_t>(*number >> time_shift)));
    return std::max<Duration>(now - made, Duration::zero());
}

namespace {

std::string text_of(const boost::json::value& value) {
    if (const auto* text = value.if_string()) return {text->data(), text->size()};
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    return value.is_number() ? json::serialize(value) : "";
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found == nullptr ? std::string() : text_of(*found);
}

// "channel" with the subcommand "activate" is "channel activate"; its options are those of the
// innermost.
void read_command(const boost::json::object& of, int depth, Interaction& to) {
    if (!to.command.empty()) to.command += ' ';
    to.command += text_of(of, "name");
    const auto* options = of.if_contains("options");
    if (options == nullptr || !options->is_array() || depth == 0) return;
    for (const auto& option : options->get_array()) {
        if (!option.is_object() || to.options.size() == options_max) continue;
        const auto& one = option.get_object();
        const auto* type = one.if_contains("type");
        const bool nested =
            type != nullptr && type->is_int64() && type->get_int64() <= subcommand_group;
        if (nested) return read_command(one, depth - 1, to);
        to.options.push_back({.name = text_of(one, "name"),
                              .value = text_of(one, "value"),
                              .focused = text_of(one, "focused") == "true"});
    }
}

void read_data(const boost::json::value& document, Interaction& to) {
    const auto* object = document.if_object();
    const auto* data = object == nullptr ? nullptr : object->if_contains("data");
    if (data == nullptr || !data->is_object()) return;
    to.custom_id = text_of(data->get_object(), "custom_id");
    const bool is_command =
        to.kind == InteractionKind::command || to.kind == InteractionKind::autocomplete;
    if (is_command) read_command(data->get_object(), 2, to);
}

bool may_manage(const std::optional<Member>& member) {
    const auto bits = number_of(member ? member->permissions.value_or("") : "").value_or(0);
    return (bits & (administrator | manage_messages)) != 0;
}

Result<Interaction> interaction_of(const boost::json::value& document) {
    auto read = json::from_document<Body>(document, body_limits);
    if (!read) return fail(std::move(read).error());
    if (!are_sound(*read)) {
        return fail(Errc::protocol, "read interaction",
                    "an id, the type or the token is not as Discord documents it");
    }
    const wire::User* user = read->member ? &read->member->user : nullptr;
    if (user == nullptr && read->user) user = &*read->user;
    Interaction interaction{.id = std::move(read->id),
                            .application_id = std::move(read->application_id),
                            .kind = static_cast<InteractionKind>(read->type),
                            .token = process::Secret(std::move(read->token)),
                            .guild_id = std::move(read->guild_id),
                            .channel_id = std::move(read->channel_id),
                            .user_id = user == nullptr ? "" : user->id,
                            .user_name = user == nullptr ? "" : user->shown_name(),
                            .may_manage_messages = may_manage(read->member)};
    if (read->channel && wire::is_thread(read->channel->type)) {
        interaction.thread_of = read->channel->parent_id.value_or("");
    }
    read_data(document, interaction);
    return interaction;
}

}  // namespace

std::string Interaction::option(std::string_view name) const {
    const auto found = std::ranges::find(options, name, &CommandOption::name);
    return found == options.end() ? std::string() : found->value;
}

Result<Interaction> read_interaction(std::string_view body) {
    const auto document = json::parse(body, body_limits);
    if (!document) return fail(document.error());
    return interaction_of(*document);
}

Result<Interaction> read_interaction_event(std::string_view frame) {
    const auto document = json::parse(frame, body_limits);
    if (!document) return fail(document.error());
    const auto* data = document->is_object() ? document->get_object().if_contains("d") : nullptr;
    if (data == nullptr) return fail(Errc::protocol, "read interaction", "d: is missing");
    return interaction_of(*data);
}

}  // namespace tutti::services::bot::interactions
