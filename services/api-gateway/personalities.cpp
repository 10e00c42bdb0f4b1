// Personalities, as the one who asks may see them.
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "api-gateway/database_impl.hpp"

namespace tutti::services {
namespace {

// Used where neither the personality's configuration nor the global one says anything.
constexpr std::string_view default_model = "anthropic/claude-haiku-4.5";
constexpr double default_temperature = 0.7;
constexpr long long default_max_tokens = 4096;
constexpr long long default_context_window_tokens = 131'072;

// Parameters: the bot owner's flag as 0 or 1, then the Discord id twice. A user without a row owns
// nothing.
constexpr const char* may_use =
    "(:is_bot_owner = 1 OR p.is_public "
    "OR p.owner_id = (SELECT u.id FROM users u WHERE u.discord_id = :owner) "
    "OR EXISTS (SELECT 1 FROM personality_owners o JOIN users u ON u.id = o.user_id "
    "WHERE o.personality_id = p.id AND u.discord_id = :co_owner)) ";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// Placeholders for the personality become its name; the one for the user stays, in its short form.
void fill_placeholders(std::string& text, std::string_view name) {
    constexpr std::array<std::string_view, 4> self{"{{char}}", "{assistant}", "{shape}",
                                                   "{personality}"};
    replace_all(text, "{{user}}", "{user}");
    for (const auto placeholder : self) replace_all(text, placeholder, name);
}

struct Row {
    Personality personality;
    boost::optional<std::string> display_name;
    boost::optional<std::string> owner_id;
    boost::optional<std::string> system_prompt;
    int is_public = 0;
    boost::optional<std::string> model;
    boost::optional<double> temperature;
    boost::optional<long long> max_tokens;
    boost::optional<long long> context_window_tokens;

    [[nodiscard]] Personality take() {
        auto& p = personality;
        p.display_name = to_nullable(display_name);
        p.owner_id = to_nullable(owner_id);
        p.system_prompt = system_prompt.value_or("");
        p.is_public = is_public != 0;
        p.model = model.value_or(std::string(default_model));
        p.temperature = temperature.value_or(default_temperature);
        p.max_tokens = max_tokens.value_or(default_max_tokens);
        p.context_window_tokens = context_window_tokens.value_or(default_context_window_tokens);
        fill_placeholders(p.system_prompt, p.name);
        fill_placeholders(p.character_info, p.name);
        fill_placeholders(p.personality_traits, p.name);
        return std::move(p);
    }
};

}  // namespace

Result<std::optional<Personality>> Database::find_personality(const std::string& slug,
                                                              const Principal& principal) {
    // The global default counts only for a personality without a configuration of its own.
    static const std::string query =
        std::string(
            "SELECT p.id, p.name, p.display_name, p.slug, "
            "CASE WHEN p.is_public THEN 1 ELSE 0 END, p.owner_id, s.content, p.character_info, "
            "p.personality_traits, c.model, c.temperature, c.max_tokens, c.context_window_tokens "
            "FROM personalities p LEFT JOIN system_prompts s ON s.id = p.system_prompt_id "
            "LEFT JOIN llm_configs c ON c.id = COALESCE("
            "(SELECT d.llm_config_id FROM personality_default_configs d "
            "WHERE d.personality_id = p.id), "
            "(SELECT g.id FROM llm_configs g WHERE g.is_global AND g.is_default LIMIT 1)) "
            "WHERE ") +
        may_use + "AND p.slug = :slug";
    return impl_->run("find personality", [&](soci::session& sql) -> std::optional<Personality> {
        Row row;
        auto& p = row.personality;
        const int is_bot_owner = principal.is_bot_owner ? 1 : 0;
        sql << query, soci::use(is_bot_owner), soci::use(principal.discord_id),
            soci::use(principal.discord_id), soci::use(slug), soci::into(p.id), soci::into(p.name),
            soci::into(row.display_name), soci::into(p.slug), soci::into(row.is_public),
            soci::into(row.owner_id), soci::into(row.system_prompt), soci::into(p.character_info),
            soci::into(p.personality_traits), soci::into(row.model), soci::into(row.temperature),
            soci::into(row.max_tokens), soci::into(row.context_window_tokens);
        if (!sql.got_data()) return std::nullopt;
        return row.take();
    });
}

Result<std::vector<PersonalitySummary>> Database::list_personalities(const Principal& principal) {
    // Public ones first, then the private ones of this user; the bot owner sees all and owns all.
    static const std::string query =
        std::string(
            "SELECT p.id, p.name, p.display_name, p.slug, "
            "CASE WHEN p.is_public THEN 1 ELSE 0 END AS shown_first, p.owner_id, w.discord_id "
            "FROM personalities p LEFT JOIN users w ON w.id = p.owner_id WHERE ") +
        may_use + "ORDER BY shown_first DESC, p.name, p.slug";
    return impl_->run("list personalities", [&](soci::session& sql) {
        PersonalitySummary summary;
        boost::optional<std::string> display_name;
        boost::optional<std::string> owner_id;
        boost::optional<std::string> owner_discord_id;
        int is_public = 0;
        const int is_bot_owner = principal.is_bot_owner ? 1 : 0;
        soci::statement statement =
            (sql.prepare << query, soci::use(is_bot_owner), soci::use(principal.discord_id),
             soci::use(principal.discord_id), soci::into(summary.id), soci::into(summary.name),
             soci::into(display_name), soci::into(summary.slug), soci::into(is_public),
             soci::into(owner_id), soci::into(owner_discord_id));
        statement.execute();
        std::vector<PersonalitySummary> found;
        while (statement.fetch()) {
            summary.display_name = to_nullable(display_name);
            summary.owner_id = to_nullable(owner_id);
            summary.owner_discord_id = to_nullable(owner_discord_id);
            summary.is_public = is_public != 0;
            summary.is_owned = principal.is_bot_owner ||
                               (owner_discord_id && *owner_discord_id == principal.discord_id);
            found.push_back(summary);
        }
        return found;
    });
}

}  // namespace tutti::services
