// The gateway's data, in an SQLite file or on a PostgreSQL server; the schema is in migrations.cpp.
//
// Sessions come from a small pool. SQLite: in WAL mode readers do not wait for the writer, and
// writers take turns in the order in which they came. PostgreSQL: transactions that decide by what
// they read take an advisory lock, a lost connection is opened again by the next query, and no
// query takes longer than the deadline. A transaction that meets another one, which has removed or
// made what it refers to, is run again, and then sees it.
//
// Thread-safety: all functions may be called from any thread. Blocking: I/O, up to 5 s for a turn
// to write and as long for a free session, and up to the busy timeout (SQLite, 5 s) or the
// statement's deadline. Errors of every query: unavailable (no connection, busy, disk full),
// timeout, overloaded (no turn, no session), unsupported (corrupt).
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api-gateway/jobs/job_results.hpp"
#include "common/domain/avatar.hpp"
#include "common/domain/domain.hpp"
#include "common/domain/llm_config.hpp"
#include "common/domain/persona.hpp"
#include "common/domain/principal.hpp"
#include "common/process/secret.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

// Why a change was refused, where the request itself is well-formed.
enum class Refusal : std::uint8_t {
    not_found,
    no_access,
    conflict,
    too_large,  // it would be over a limit of common/domain/limits.hpp
};

template <class T>
using Outcome = std::expected<T, Refusal>;

// What a change of a personality concerns besides the personality.
struct PersonalityChange {
    std::string id;
    std::vector<std::string> channel_ids;  // whose activation shows it, or showed it
};

struct ChangedPersonality {
    PersonalityChange change;
    GetPersonalityResponse now;  // as the same transaction saw it
};

// What is recorded of a channel: an activation, that it was switched off, or nothing.
struct ChannelSettings {
    std::optional<Activation> activation;
    bool switched_off = false;
};

[[nodiscard]] bool is_uuid(std::string_view text);

class Database {
public:
    struct Options {
        std::string sqlite_path = "./tutti.db";  // used without a postgres_url
        std::optional<Secret> postgres_url{};    // postgres://user:password@host:port/database
        Duration statement_deadline = std::chrono::seconds{5};  // PostgreSQL only
    };

    // Opens or creates the file, or connects, and brings the schema up to date. Errors:
    // invalid_option (a folder, no such folder, not a URL), refused (no right to write), unsupported
    // (not SQLite, corrupt, tables of somebody else, a newer schema), unavailable (no connection).
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const Options& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] Result<void> ping();
    // Whether something can be written: writes a row that means nothing, and commits it.
    [[nodiscard]] Result<void> try_write();

    // Channels.
    [[nodiscard]] Result<ChannelSettings> read_channel(const std::string& channel_id);
    // Newest first. With a guild: its channels, and those whose guild is not known yet.
    [[nodiscard]] Result<std::vector<Activation>> list_activations(
        const std::optional<std::string>& guild_id);

    struct UnknownPersonality {};
    struct NoAccess {};
    using Activated = std::variant<ActivateChannelResponse, UnknownPersonality, NoAccess>;
    // Replaces whatever is active in the channel. Creates the user's row when it is missing.
    [[nodiscard]] Result<Activated> activate(const ActivateChannelRequest& request,
                                             const Principal& principal);
    // The name of the personality that was active, or nothing; "off" is recorded in both cases.
    [[nodiscard]] Result<std::optional<std::string>> deactivate(const std::string& channel_id,
                                                                const Principal& principal);
    // Fills in a guild that is not known yet; false when there was nothing to fill in.
    [[nodiscard]] Result<bool> set_guild(const UpdateChannelGuildRequest& request);

    // Personalities.
    [[nodiscard]] Result<std::vector<PersonalitySummary>> list_personalities(
        const Principal& principal);
    // The id of what a user means by a text: an id, else a name, else a slug, else an alias; names
    // without regard to case, the oldest first. Only of what this user may use.
    [[nodiscard]] Result<std::optional<std::string>> resolve_personality(
        const std::string& text, const Principal& principal);
    // Whoever asks.
    [[nodiscard]] Result<std::optional<std::string>> personality_of_slug(const std::string& slug);
    // Whoever asks; see `may_use`. Errors: also too_large, for a row that another program has
    // written.
    [[nodiscard]] Result<std::optional<GetPersonalityResponse>> load_personality(
        const std::string& id);
    // The picture of whoever has this slug. Nothing: nobody has.
    [[nodiscard]] Result<std::optional<AvatarPtr>> find_avatar(const std::string& slug);
    // For the owner and the bot's owner. `png` is what `edit.avatar_data` stands for; an empty one takes
    // the picture away.
    [[nodiscard]] Result<Outcome<ChangedPersonality>> create_personality(
        const PersonalityEdit& edit, const std::optional<std::string>& png,
        const Principal& principal);
    [[nodiscard]] Result<Outcome<ChangedPersonality>> update_personality(
        const std::string& id, const PersonalityEdit& edit, const std::optional<std::string>& png,
        const Principal& principal);
    [[nodiscard]] Result<Outcome<PersonalityChange>> delete_personality(const std::string& id,
                                                                        const Principal& principal);

    // Personas, all of one user. Each creates the user's row when it is missing.
    [[nodiscard]] Result<std::vector<Persona>> list_personas(const std::string& discord_id);
    [[nodiscard]] Result<Outcome<Persona>> find_persona(const std::string& discord_id,
                                                        const std::string& id);
    // A user's first persona becomes the default.
    [[nodiscard]] Result<Outcome<Persona>> create_persona(const std::string& discord_id,
                                                          const PersonaEdit& edit);
    [[nodiscard]] Result<Outcome<Persona>> update_persona(const std::string& discord_id,
                                                          const std::string& id,
                                                          const PersonaEdit& edit);
    [[nodiscard]] Result<Outcome<Persona>> make_default_persona(const std::string& discord_id,
                                                                const std::string& id);
    [[nodiscard]] Result<Outcome<void>> delete_persona(const std::string& discord_id,
                                                       const std::string& id);

    // Model configurations.
    enum class Default : std::uint8_t { for_all, for_free };
    [[nodiscard]] Result<std::vector<LlmConfig>> list_llm_configs();
    [[nodiscard]] Result<Outcome<LlmConfig>> find_llm_config(const std::string& id);
    // A global one.
    [[nodiscard]] Result<LlmConfig> create_llm_config(const LlmConfigEdit& edit,
                                                      const std::string& owner_discord_id);
    [[nodiscard]] Result<Outcome<LlmConfig>> update_llm_config(const std::string& id,
                                                               const LlmConfigEdit& edit);
    // Conflict: it is not global.
    [[nodiscard]] Result<Outcome<LlmConfig>> make_default_llm_config(const std::string& id,
                                                                     Default which);
    // Conflict: it is a default.
    [[nodiscard]] Result<Outcome<void>> delete_llm_config(const std::string& id);

    // What a user has chosen instead of a personality's configuration.
    [[nodiscard]] Result<ListModelOverridesResponse> list_overrides(const std::string& discord_id);
    [[nodiscard]] Result<Outcome<ModelOverride>> set_override(
        const SetModelOverrideRequest& request, const Principal& principal);
    [[nodiscard]] Result<bool> remove_override(const std::string& personality_id,
                                               const std::string& discord_id);
    // Without a configuration: none any more.
    [[nodiscard]] Result<Outcome<void>> set_default_override(
        const std::optional<std::string>& config_id, const Principal& principal);

    // Which providers a user has a key for. The keys are not kept.
    [[nodiscard]] Result<std::vector<std::string>> list_key_providers(
        const std::string& discord_id);
    [[nodiscard]] Result<void> note_key(const std::string& discord_id, const std::string& provider);
    [[nodiscard]] Result<bool> forget_key(const std::string& discord_id,
                                          const std::string& provider);

    // Results that wait for delivery. Nothing when there is none of that id.
    [[nodiscard]] Result<std::optional<Delivery>> confirm_delivery(const std::string& job_id);

private:
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);
    static Result<std::unique_ptr<Database>> open_file(const std::string& path);
    static Result<std::unique_ptr<Database>> open_server(const std::string& url,
                                                         Duration statement_deadline);

    std::unique_ptr<Impl> impl_;
};

// A PostgreSQL URL with limits where it sets none: connecting, dead peers. Errors: invalid_option; the
// cause does not repeat the URL.
[[nodiscard]] Result<std::string> with_limits(const std::string& url);

}  // namespace tutti::services
