// The gateway's data: users, personalities and activated channels, in an SQLite file.
//
// Sessions come from a small pool: in WAL mode readers do not wait for the writer, and one session
// behind a mutex would make a channel read wait for another channel's fsync. Writers are serialised
// by SQLite itself; each transaction takes the write lock at its beginning, so what it reads cannot
// change before it writes.
//
// Thread-safety: all functions may be called from any thread. Blocking: disk I/O, and up to the
// busy timeout (5 s) for another writer. Errors of every query: unavailable (busy, disk full, I/O),
// unsupported (corrupt).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/domain.hpp"
#include "tutti/error.hpp"

namespace tutti::services {

// On whose behalf a query runs.
struct Principal {
    std::string discord_id;
    bool is_bot_owner = false;  // sees and may use everything
};

class Database {
public:
    // Opens or creates the file and brings its schema up to date. Errors: invalid_option (a folder,
    // no such folder), refused (no right to write), unsupported (not SQLite, corrupt, a newer
    // schema).
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] Result<void> ping();

    // Activated channels.
    [[nodiscard]] Result<std::optional<Activation>> find_activation(const std::string& channel_id);
    // Newest first. With a guild: its channels, and those whose guild is not known yet.
    [[nodiscard]] Result<std::vector<Activation>> list_activations(
        const std::optional<std::string>& guild_id);

    struct UnknownPersonality {};
    struct NoAccess {};
    using Activated = std::variant<ActivateChannelResponse, UnknownPersonality, NoAccess>;
    // Replaces whatever is active in the channel. Creates the user's row when it is missing.
    [[nodiscard]] Result<Activated> activate(const ActivateChannelRequest& request,
                                             const Principal& principal);
    // The name of the personality that was active, or nothing.
    [[nodiscard]] Result<std::optional<std::string>> deactivate(const std::string& channel_id);
    // Fills in a guild that is not known yet; false when there was nothing to fill in.
    [[nodiscard]] Result<bool> set_guild(const UpdateChannelGuildRequest& request);

    // Personalities.
    [[nodiscard]] Result<std::vector<PersonalitySummary>> list_personalities(
        const Principal& principal);
    // Nothing when there is none of that slug, or `principal` may not use it: public, owner,
    // co-owner.
    [[nodiscard]] Result<std::optional<Personality>> find_personality(const std::string& slug,
                                                                      const Principal& principal);

private:
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services
