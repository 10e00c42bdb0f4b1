#include "api-gateway/database/personalities.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <boost/describe/class.hpp>

#include "api-gateway/database/access.hpp"
#include "api-gateway/database/personalities_impl.hpp"
#include "api-gateway/database/personality_texts.hpp"
#include "api-gateway/database/rows.hpp"
#include "api-gateway/database/sessions.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/uuid.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::gateway::database {
namespace {

// Used where neither the personality's configuration nor the global one says anything.
constexpr std::string_view default_model = "anthropic/claude-haiku-4.5";
constexpr double default_temperature = 0.7;
constexpr std::int64_t default_max_tokens = 4096;
constexpr std::int64_t default_context_window_tokens = 131'072;

constexpr std::size_t etag_digits = 32;

Columns<domain::Personality> personality_columns() {
    return Columns<domain::Personality>("p")
        .as("avatar_url", "NULL")
        .as("avatar_updated_at", "a.updated_at")
        .as("system_prompt", "s.content")
        .from("c", {"model", "temperature", "max_tokens", "context_window_tokens", "vision_model",
                    "top_p", "top_k", "frequency_penalty", "presence_penalty", "repetition_penalty",
                    "memory_score_threshold", "memory_limit"});
}

// The global default counts only for a personality without a configuration of its own.
constexpr const char* from_personality =
    "FROM personalities p LEFT JOIN system_prompts s ON s.id = p.system_prompt_id "
    "LEFT JOIN llm_configs c ON c.id = COALESCE("
    "(SELECT d.llm_config_id FROM personality_default_configs d WHERE d.personality_id = p.id), "
    "(SELECT g.id FROM llm_configs g WHERE g.is_global AND g.is_default LIMIT 1)) "
    "LEFT JOIN personality_avatars a ON a.personality_id = p.id "
    "WHERE p.id = :id";

domain::Personality without_configuration() {
    domain::Personality personality;
    personality.model = default_model;
    personality.temperature = default_temperature;
    personality.max_tokens = default_max_tokens;
    personality.context_window_tokens = default_context_window_tokens;
    return personality;
}

std::vector<std::string> owners_of(soci::session& sql, const std::string& id) {
    return select_texts(sql,
                        "SELECT u.discord_id FROM personalities p "
                        "JOIN users u ON u.id = p.owner_id WHERE p.id = :id "
                        "UNION SELECT u.discord_id FROM personality_owners o "
                        "JOIN users u ON u.id = o.user_id WHERE o.personality_id = :same "
                        "ORDER BY 1",
                        {id, id});
}

std::optional<std::string> resolve_text(soci::session& sql, const std::string& text,
                                        const domain::Principal& principal) {
    static const std::string of_personalities =
        std::string("SELECT p.id FROM personalities p WHERE ") + allowed;
    const auto with = [&](std::initializer_list<std::string> more) {
        auto parameters = access_of(principal);
        parameters.insert(parameters.end(), more);
        return parameters;
    };
    if (domain::is_uuid(text)) {
        if (auto id = select_text(sql, of_personalities + "AND p.id = :id", with({text})))
            return id;
    }
    static const std::string by_name =
        of_personalities +
        "AND (LOWER(p.name) = LOWER(:name) OR p.slug = LOWER(:slug)) "
        "ORDER BY CASE WHEN LOWER(p.name) = LOWER(:same) THEN 0 ELSE 1 END, p.created_at, p.id "
        "LIMIT 1";
    if (auto id = select_text(sql, by_name, with({text, text, text}))) return id;
    static const std::string by_alias =
        of_personalities +
        "AND EXISTS (SELECT 1 FROM personality_aliases a WHERE a.personality_id = p.id "
        "AND LOWER(a.alias) = LOWER(:alias)) ORDER BY p.created_at, p.id LIMIT 1";
    return select_text(sql, by_alias, with({text}));
}

struct AvatarRow {
    std::optional<std::string> updated_at;
    std::string png;
};
BOOST_DESCRIBE_STRUCT(AvatarRow, (), (updated_at, png))

}  // namespace

Result<std::optional<std::string>> StoredPersonalities::resolve(
    const std::string& text, const domain::Principal& principal) {
    return sessions_.read("resolve personality",
                          [&](soci::session& sql) { return resolve_text(sql, text, principal); });
}

Result<std::optional<std::string>> StoredPersonalities::of_slug(const std::string& slug) {
    return sessions_.read("find personality", [&](soci::session& sql) {
        return select_text(sql, "SELECT p.id FROM personalities p WHERE p.slug = :slug", {slug});
    });
}

std::optional<Outcome<domain::GetPersonalityResponse>> load_personality(soci::session& sql,
                                                                        const std::string& id) {
    static const auto columns = personality_columns();
    auto personality = select_one(sql, columns, from_personality, {id}, without_configuration());
    if (!personality) return std::nullopt;
    if (!fill_placeholders(*personality)) return std::unexpected(Refusal::too_large);
    return domain::GetPersonalityResponse{.personality = *std::move(personality),
                                          .owner_discord_ids = owners_of(sql, id)};
}

Result<std::optional<domain::GetPersonalityResponse>> StoredPersonalities::load(
    const std::string& id) {
    if (!domain::is_uuid(id)) return std::nullopt;
    auto found = sessions_.read("load personality",
                                [&](soci::session& sql) { return load_personality(sql, id); });
    if (!found) return fail(std::move(found).error());
    if (!*found) return std::nullopt;
    if (**found) return ***std::move(found);
    return fail(Errc::too_large, "load personality",
                "the texts of personality " + id + " are over " +
                    std::to_string(domain::personality_bytes_max) + " bytes");
}

Result<std::optional<domain::AvatarPtr>> StoredPersonalities::find_avatar(const std::string& slug) {
    return sessions_.read(
        "find avatar", [&](soci::session& sql) -> std::optional<domain::AvatarPtr> {
            const auto columns = Columns<AvatarRow>("a").as("png", bytes_column(sql, "a.png"));
            const auto row = select_one(sql, columns,
                                        "FROM personalities p LEFT JOIN personality_avatars a "
                                        "ON a.personality_id = p.id WHERE p.slug = :slug",
                                        {slug});
            if (!row) return std::nullopt;
            if (!row->updated_at) return domain::AvatarPtr();
            std::string png = bytes_of_column(row->png);
            std::string etag = '"' + sha256_hex(png).substr(0, etag_digits) + '"';
            return std::make_shared<const domain::Avatar>(domain::Avatar{
                .png = std::move(png),
                .etag = std::move(etag),
                .updated_at =
                    process::read_iso_timestamp(*row->updated_at).value_or(process::UnixTime{})});
        });
}

Result<std::vector<domain::PersonalitySummary>> StoredPersonalities::list(
    const domain::Principal& principal) {
    static const auto columns = Columns<domain::PersonalitySummary>("p")
                                    .as("is_owned", "NULL")
                                    .as("owner_discord_id", "w.discord_id");
    // Public ones first, then the private ones of this user; the bot owner sees all and owns all.
    static const std::string from =
        std::string("FROM personalities p LEFT JOIN users w ON w.id = p.owner_id WHERE ") +
        allowed + "ORDER BY CASE WHEN p.is_public THEN 0 ELSE 1 END, p.name, p.slug";
    return sessions_.read("list personalities", [&](soci::session& sql) {
        auto found = select(sql, columns, from, access_of(principal));
        for (domain::PersonalitySummary& summary : found) {
            summary.is_owned =
                principal.is_bot_owner || summary.owner_discord_id == principal.discord_id;
        }
        return found;
    });
}

}  // namespace tutti::services::gateway::database
