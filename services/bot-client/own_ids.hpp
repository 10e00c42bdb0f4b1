// Who this bot is at Discord: said by READY. A process that stands by, or goes on with a session
// that another one began, hears no READY, and asks.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "bot-client/rest/discord_rest.hpp"
#include "common/process/kept_figure.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

struct OwnIds {
    std::string user_id{};
    std::string application_id{};

    [[nodiscard]] bool known() const noexcept { return !application_id.empty(); }
};

// GET /applications/@me. Errors: refused: Discord does not know the token; protocol; unavailable
// and its likes pass.
[[nodiscard]] Result<OwnIds> ask_own_ids(rest::DiscordRest& discord, TimePoint deadline);

class Identity {
public:
    using Ask = std::function<Result<OwnIds>(TimePoint deadline)>;
    struct Options {
        Duration ask_within = std::chrono::seconds{5};
        Duration ask_again_after = std::chrono::seconds{1};  // a failure
    };

    // Without `ask` only READY says it.
    explicit Identity(Ask ask = {}) : Identity(std::move(ask), Options{}) {}
    Identity(Ask ask, Options options);

    void set(OwnIds ids) const {
        const detail::Lock lock(mutex_);
        ids_ = std::move(ids);
    }
    // As far as it is known.
    [[nodiscard]] OwnIds get() const {
        const detail::Lock lock(mutex_);
        return ids_;
    }
    // Asks when it is not known: one caller for all, who get a failure of a moment ago, too.
    // Blocking: then, for `ask_within` at most. Errors: those of `ask`; unavailable: there is none,
    // and no shard was READY.
    [[nodiscard]] Result<OwnIds> find() const;

private:
    mutable detail::Mutex mutex_;
    mutable OwnIds ids_ TUTTI_GUARDED_BY(mutex_);
    mutable process::KeptFigure<Result<OwnIds>> asked_;
};

// Whether this instance answers what has this key. False: another one has answered, or does.
using ClaimAnswer = std::function<bool(const std::string& key)>;

}  // namespace tutti::services::bot
