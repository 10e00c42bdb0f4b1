#include "bot-client/autocomplete.hpp"

#include <algorithm>
#include <utility>

#include "bot-client/discord_text.hpp"
#include "common/process/logging.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::bot {
namespace {

// Of Discord, for the name and for the value of a choice.
constexpr std::size_t characters_max = 100;

constexpr std::string_view own_public = "\xF0\x9F\x8C\x90 ";   // globe
constexpr std::string_view own_private = "\xF0\x9F\x94\x92 ";  // lock
constexpr std::string_view not_own = "\xF0\x9F\x93\x96 ";      // book

constexpr std::string_view global_group = "preset global ";
constexpr std::string_view free_default_command = "preset global set-free-default";

// Without regard to the case of ASCII letters.
class Query {
public:
    explicit Query(std::string_view text) : text_(to_lower(text)) {}

    [[nodiscard]] bool in(std::string_view text) const {
        return text_.empty() ||
               !std::ranges::search(text, text_, {}, [](char c) { return to_lower(c); }).empty();
    }
    [[nodiscard]] bool in_any(const json::Nullable<std::string>& text) const {
        return text && in(std::string_view(*text));
    }

private:
    std::string text_;
};

Choice choice_of(const domain::PersonalitySummary& p) {
    const std::string_view mine = p.is_public ? own_public : own_private;
    std::string name(p.is_owned ? mine : not_own);
    name += p.display_name ? *p.display_name : p.name;
    return {.name = shortened(name + " (" + p.slug + ')', characters_max), .value = p.slug};
}
bool matches(const Query& query, const domain::PersonalitySummary& p) {
    return query.in(p.name) || query.in(p.slug) || query.in_any(p.display_name);
}

Choice choice_of(const domain::PersonaSummary& p) {
    const std::string& name = p.preferred_name ? *p.preferred_name : p.name;
    return {.name = shortened(p.is_default ? name + " (default)" : name, characters_max),
            .value = p.id};
}
bool matches(const Query& query, const domain::PersonaSummary& p) {
    return query.in(p.name) || query.in_any(p.preferred_name);
}

Choice choice_of(const domain::LlmConfig& c) {
    const auto slash = c.model.rfind('/');
    const auto model = slash == std::string::npos ? c.model : c.model.substr(slash + 1);
    return {.name = shortened(c.name + " (" + model + ')' + (c.is_default ? " [DEFAULT]" : "") +
                                  (c.is_free_default ? " [FREE]" : ""),
                              characters_max),
            .value = c.id};
}
bool matches(const Query& query, const domain::LlmConfig& c) {
    return query.in(c.name) || query.in(c.model);
}

Autocomplete::Outcome not_to_be_had(const Typing& typing, const Error& error) {
    log::warn("a list of choices cannot be loaded",
              typing.option + " for user " + typing.user_id + ": " + error.message());
    return {.choices = {{.name = "The list cannot be loaded right now, please try again",
                         .value = std::string(autocomplete_error)}}};
}

template <class Item, class Keep>
Autocomplete::Outcome choices_of(const Typing& typing,
                                 const Result<Lookup<std::vector<Item>>>& list, const Keep& keep) {
    if (!list) return not_to_be_had(typing, list.error());
    Autocomplete::Outcome outcome{
        .choices = {}, .tier = list->tier(), .freshness = list->freshness()};
    if (!list->found()) return outcome;
    const Query query(typing.text);
    for (const Item& item : **list) {
        if (outcome.choices.size() == Autocomplete::choices_max) break;
        if (!keep(item) || !matches(query, item)) continue;
        Choice choice = choice_of(item);
        // Discord would refuse all of them for one.
        if (choice.value.size() <= characters_max) outcome.choices.push_back(std::move(choice));
    }
    return outcome;
}

template <class Item>
bool any(const Item& /*item*/) {
    return true;
}

}  // namespace

Autocomplete::Autocomplete(Lists lists, std::optional<std::string> bot_owner_id)
    : lists_(std::move(lists)), bot_owner_id_(std::move(bot_owner_id)) {}

Autocomplete::Outcome Autocomplete::choose(const Typing& typing) const {
    if (typing.option == "personality") {
        return choices_of(typing, lists_.personalities(typing.user_id),
                          any<domain::PersonalitySummary>);
    }
    if (typing.option == "persona") {
        return choices_of(typing, lists_.personas(typing.user_id), any<domain::PersonaSummary>);
    }
    const bool global = typing.option == "config" && typing.command.starts_with(global_group);
    return global ? global_configs(typing) : Outcome{};
}

Autocomplete::Outcome Autocomplete::global_configs(const Typing& typing) const {
    if (bot_owner_id_ != typing.user_id) return {};
    const bool free_only = typing.command == free_default_command;
    return choices_of(typing, lists_.global_configs(),
                      [free_only](const domain::LlmConfig& config) {
                          return config.is_global && (!free_only || config.model.contains(":free"));
                      });
}

}  // namespace tutti::services::bot
