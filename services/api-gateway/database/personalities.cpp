// Personalities, as the one who asks may see them.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "api-gateway/database/database_impl.hpp"
#include "api-gateway/database/rows.hpp"
#include "common/domain/limits.hpp"
#include "common/domain/text_bytes.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services {
namespace {

// Used where neither the personality's configuration nor the global one says anything.
constexpr std::string_view default_model = "anthropic/claude-haiku-4.5";
constexpr double default_temperature = 0.7;
constexpr std::int64_t default_max_tokens = 4096;
constexpr std::int64_t default_context_window_tokens = 131'072;

constexpr std::size_t etag_digits = 32;

// Parameters: see `access_of`. A user without a row owns nothing.
constexpr const char* allowed =
    "(:is_bot_owner = '1' OR p.is_public "
    "OR p.owner_id = (SELECT u.id FROM users u WHERE u.discord_id = :owner) "
    "OR EXISTS (SELECT 1 FROM personality_owners o JOIN users u ON u.id = o.user_id "
    "WHERE o.personality_id = p.id AND u.discord_id = :co_owner)) ";

std::vector<std::string> access_of(const Principal& principal) {
    return {principal.is_bot_owner ? "1" : "0", principal.discord_id, principal.discord_id};
}

struct Placeholder {
    std::string_view text;
    bool stands_for_user = false;
};
constexpr std::array<Placeholder, 5> placeholders{
    {{"{{user}}", true}, {"{{char}}"}, {"{assistant}"}, {"{shape}"}, {"{personality}"}}};

const Placeholder* placeholder_at(std::string_view rest) {
    const auto* found = std::ranges::find_if(
        placeholders, [&](const Placeholder& one) { return rest.starts_with(one.text); });
    return found == placeholders.end() ? nullptr : found;
}

// Fills the texts of one personality: placeholders for it become its name, the one for the user
// stays, in its short form. In one pass, so that what a name brings in is not looked at again, and
// bounded while it grows: a name may be many times as long as what it stands for.
class Texts {
public:
    explicit Texts(std::string_view name) : name_(name) {}

    void fill(std::string& text) {
        std::string filled;
        std::string_view rest = text;
        while (!rest.empty() && !too_large()) {
            const std::size_t plain = std::min(rest.find('{'), rest.size());
            add(filled, rest.substr(0, plain));
            rest.remove_prefix(plain);
            if (rest.empty()) break;
            const Placeholder* const found = placeholder_at(rest);
            if (found == nullptr) {
                add(filled, rest.substr(0, 1));
                rest.remove_prefix(1);
            } else {
                add(filled, found->stands_for_user ? "{user}" : name_);
                rest.remove_prefix(found->text.size());
            }
        }
        text = std::move(filled);
    }
    void fill(std::optional<std::string>& text) {
        if (text) fill(*text);
    }
    [[nodiscard]] bool too_large() const { return bytes_ > personality_bytes_max; }

private:
    void add(std::string& to, std::string_view part) {
        bytes_ += part.size();
        if (!too_large()) to += part;
    }

    std::string_view name_;
    std::size_t bytes_ = 0;  // of all filled texts
};

// The global default counts only for a personality without a configuration of its own.
constexpr const char* select_personality =
    "SELECT p.id, p.name, p.display_name, p.slug, p.is_public, p.owner_id, s.content, "
    "p.character_info, p.personality_traits, p.personality_tone, p.personality_age, "
    "p.personality_appearance, p.personality_likes, p.personality_dislikes, "
    "p.conversational_goals, p.conversational_examples, p.error_message, "
    "c.model, c.temperature, c.max_tokens, c.context_window_tokens, c.vision_model, c.top_p, "
    "c.top_k, c.frequency_penalty, c.presence_penalty, c.repetition_penalty, "
    "c.memory_score_threshold, c.memory_limit, a.updated_at "
    "FROM personalities p LEFT JOIN system_prompts s ON s.id = p.system_prompt_id "
    "LEFT JOIN llm_configs c ON c.id = COALESCE("
    "(SELECT d.llm_config_id FROM personality_default_configs d WHERE d.personality_id = p.id), "
    "(SELECT g.id FROM llm_configs g WHERE g.is_global AND g.is_default LIMIT 1)) "
    "LEFT JOIN personality_avatars a ON a.personality_id = p.id "
    "WHERE p.id = :id";
constexpr std::size_t personality_columns = 30;

// False: together they are over the limit.
bool read_texts(RowReader& row, Personality& p) {
    p.id = row.text();
    p.name = row.text();
    p.display_name = row.nullable_text();
    p.slug = row.text();
    p.is_public = row.flag();
    p.owner_id = row.nullable_text();
    p.system_prompt = row.text();
    p.character_info = row.text();
    p.personality_traits = row.text();
    Texts texts(p.name);
    for (std::string* text : {&p.system_prompt, &p.character_info, &p.personality_traits}) {
        texts.fill(*text);
    }
    for (auto* text : {&p.personality_tone, &p.personality_age, &p.personality_appearance,
                       &p.personality_likes, &p.personality_dislikes, &p.conversational_goals,
                       &p.conversational_examples, &p.error_message}) {
        *text = row.optional_text();
        texts.fill(*text);
    }
    return !texts.too_large() && text_bytes(p) <= personality_bytes_max;
}

void read_configuration(RowReader& row, Personality& p) {
    p.model = row.optional_text().value_or(std::string(default_model));
    p.temperature = row.number().value_or(default_temperature);
    p.max_tokens = row.integer().value_or(default_max_tokens);
    p.context_window_tokens = row.integer().value_or(default_context_window_tokens);
    p.vision_model = row.optional_text();
    p.top_p = row.number();
    p.top_k = row.integer();
    p.frequency_penalty = row.number();
    p.presence_penalty = row.number();
    p.repetition_penalty = row.number();
    p.memory_score_threshold = row.number();
    p.memory_limit = row.integer();
}

std::vector<std::string> owners_of(soci::session& sql, const std::string& id) {
    std::vector<std::string> owners;
    for (RowReader& row : select(sql,
                                 "SELECT u.discord_id FROM personalities p "
                                 "JOIN users u ON u.id = p.owner_id WHERE p.id = :id "
                                 "UNION SELECT u.discord_id FROM personality_owners o "
                                 "JOIN users u ON u.id = o.user_id WHERE o.personality_id = :same "
                                 "ORDER BY 1",
                                 1, {id, id})) {
        owners.push_back(row.text());
    }
    return owners;
}

std::optional<std::string> first_id(soci::session& sql, const std::string& query,
                                    const std::vector<std::string>& parameters) {
    auto row = select_one(sql, query, 1, parameters);
    if (!row) return std::nullopt;
    return row->text();
}

std::optional<std::string> resolve(soci::session& sql, const std::string& text,
                                   const Principal& principal) {
    static const std::string of_personalities =
        std::string("SELECT p.id FROM personalities p WHERE ") + allowed;
    const auto with = [&](std::initializer_list<std::string> more) {
        auto parameters = access_of(principal);
        parameters.insert(parameters.end(), more);
        return parameters;
    };
    if (is_uuid(text)) {
        if (auto id = first_id(sql, of_personalities + "AND p.id = :id", with({text}))) return id;
    }
    static const std::string by_name =
        of_personalities +
        "AND (LOWER(p.name) = LOWER(:name) OR p.slug = LOWER(:slug)) "
        "ORDER BY CASE WHEN LOWER(p.name) = LOWER(:same) THEN 0 ELSE 1 END, p.created_at, p.id "
        "LIMIT 1";
    if (auto id = first_id(sql, by_name, with({text, text, text}))) return id;
    static const std::string by_alias =
        of_personalities +
        "AND EXISTS (SELECT 1 FROM personality_aliases a WHERE a.personality_id = p.id "
        "AND LOWER(a.alias) = LOWER(:alias)) ORDER BY p.created_at, p.id LIMIT 1";
    return first_id(sql, by_alias, with({text}));
}

}  // namespace

bool is_uuid(std::string_view text) {
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const auto fits = [](char c, char wanted) {
        const bool hexadecimal =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        return wanted == '-' ? c == '-' : hexadecimal;
    };
    return std::ranges::equal(text, form, fits);
}

Result<std::optional<std::string>> Database::resolve_personality(const std::string& text,
                                                                 const Principal& principal) {
    return impl_->run("resolve personality",
                      [&](soci::session& sql) { return resolve(sql, text, principal); });
}

Result<std::optional<std::string>> Database::personality_of_slug(const std::string& slug) {
    return impl_->run("find personality", [&](soci::session& sql) {
        return first_id(sql, "SELECT p.id FROM personalities p WHERE p.slug = :slug", {slug});
    });
}

std::optional<std::expected<GetPersonalityResponse, Refusal>> load_personality(
    soci::session& sql, const std::string& id) {
    auto row = select_one(sql, select_personality, personality_columns, {id});
    if (!row) return std::nullopt;
    GetPersonalityResponse found;
    if (!read_texts(*row, found.personality)) return std::unexpected(Refusal::too_large);
    read_configuration(*row, found.personality);
    found.personality.avatar_updated_at = row->optional_time();
    found.owner_discord_ids = owners_of(sql, id);
    return found;
}

Result<std::optional<GetPersonalityResponse>> Database::load_personality(const std::string& id) {
    if (!is_uuid(id)) return std::nullopt;
    auto found = impl_->run("load personality", [&](soci::session& sql) {
        return services::load_personality(sql, id);
    });
    if (!found) return fail(std::move(found).error());
    if (!*found) return std::nullopt;
    if (**found) return ***std::move(found);
    return fail(Errc::too_large, "load personality",
                "the texts of personality " + id + " are over " +
                    std::to_string(personality_bytes_max) + " bytes");
}

Result<std::optional<AvatarPtr>> Database::find_avatar(const std::string& slug) {
    return impl_->run("find avatar", [&](soci::session& sql) -> std::optional<AvatarPtr> {
        auto row = select_one(sql,
                              "SELECT a.updated_at, " + bytes_column(sql, "a.png") +
                                  " FROM personalities p LEFT JOIN personality_avatars a "
                                  "ON a.personality_id = p.id WHERE p.slug = :slug",
                              2, {slug});
        if (!row) return std::nullopt;
        const auto updated_at = row->optional_time();
        if (!updated_at) return AvatarPtr();
        std::string png = row->bytes();
        std::string etag = '"' + sha256_hex(png).substr(0, etag_digits) + '"';
        return std::make_shared<const Avatar>(
            Avatar{.png = std::move(png),
                   .etag = std::move(etag),
                   .updated_at = read_iso_timestamp(*updated_at).value_or(UnixTime{})});
    });
}

Result<std::vector<PersonalitySummary>> Database::list_personalities(const Principal& principal) {
    // Public ones first, then the private ones of this user; the bot owner sees all and owns all.
    static const std::string query =
        std::string(
            "SELECT p.id, p.name, p.display_name, p.slug, "
            "CASE WHEN p.is_public THEN 1 ELSE 0 END AS shown_first, p.owner_id, w.discord_id "
            "FROM personalities p LEFT JOIN users w ON w.id = p.owner_id WHERE ") +
        allowed + "ORDER BY shown_first DESC, p.name, p.slug";
    constexpr std::size_t columns = 7;
    return impl_->run("list personalities", [&](soci::session& sql) {
        std::vector<PersonalitySummary> found;
        for (RowReader& row : select(sql, query, columns, access_of(principal))) {
            PersonalitySummary& summary = found.emplace_back();
            summary.id = row.text();
            summary.name = row.text();
            summary.display_name = row.nullable_text();
            summary.slug = row.text();
            summary.is_public = row.flag();
            summary.owner_id = row.nullable_text();
            summary.owner_discord_id = row.nullable_text();
            summary.is_owned =
                principal.is_bot_owner || summary.owner_discord_id == principal.discord_id;
        }
        return found;
    });
}

}  // namespace tutti::services
