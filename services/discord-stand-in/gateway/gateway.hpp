// Discord's gateway without I/O and without a clock: it is told what connections do and when, and
// says what to send through `Effects`.
//
// A link is a connection, a session outlives it: when a link ends otherwise than by 1000 or 1001,
// its session is kept for a while, with its last events, and another link may resume it.
//
//     opened -> hello -> identify -> READY, GUILD_CREATE ... -> events
//                    \-> resume -> what was missed, RESUMED -> events
//
// Bounds: a session keeps `replay_max` events, and there are at most `sessions_max`.
//
// Thread-safety: none. An effect must not call the gateway.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/enum.hpp>

#include "common/process/timestamps.hpp"
#include "discord-stand-in/gateway/codes.hpp"
#include "discord-stand-in/gateway/mischief.hpp"
#include "discord-stand-in/gateway/session_starts.hpp"
#include "discord-stand-in/world/events.hpp"
#include "discord-stand-in/world/members.hpp"
#include "discord-stand-in/world/world.hpp"

namespace tutti::services::discord::gateway {

enum class ForceKind : std::uint8_t {
    reconnect,        // asks the client to connect again
    invalid_session,  // `resumable`
    close,            // with `code`
    drop,             // the connection is gone
    mute,             // nothing comes, and nothing is heard
    ask_heartbeat,
    end_sessions,  // they cannot be resumed; links stay as they are
};
BOOST_DESCRIBE_ENUM(ForceKind, reconnect, invalid_session, close, drop, mute, ask_heartbeat,
                    end_sessions)

class Gateway {
public:
    using Connection = std::uint64_t;
    using Sequence = std::int64_t;

    class Effects {
    public:
        virtual ~Effects() = default;
        virtual void send(Connection connection, const std::string& payload) = 0;
        // From now on each payload is compressed for itself.
        virtual void compress_payloads(Connection connection) = 0;
        // What was sent before goes out first. `closed` does not follow.
        virtual void close(Connection connection, std::uint16_t code) = 0;
        // Without a goodbye.
        virtual void drop(Connection connection) = 0;
    };

    struct Options {
        std::string url{};         // of the entrance
        std::string resume_url{};  // of READY
        std::uint32_t shards = 1;  // that the bot is told to have
        SessionStarts::Options starts{};
        std::chrono::milliseconds heartbeat_interval{41'250};
        std::chrono::milliseconds session_kept{120'000};  // without a link
        std::size_t replay_max = 1'000;
        std::size_t sessions_max = 1'000;
        std::size_t guilds_per_shard_max = 2'500;
        world::Intents allowed_intents = world::Intent::all;  // that the portal has switched on
    };

    struct Figures {
        std::uint64_t connections = 0;
        std::uint64_t identifies = 0;  // that began a session
        std::uint64_t resumes = 0;     // that went on with one
        std::uint64_t resumes_refused = 0;
        std::uint64_t dispatched = 0;
        std::uint64_t heartbeats = 0;
        std::map<std::uint16_t, std::uint64_t> closed{};  // by our code
        std::size_t sessions = 0;
        std::size_t links = 0;
        std::size_t ready = 0;  // sessions with a link
    };

    // What is done to links from outside.
    struct Force {
        ForceKind does = ForceKind::reconnect;
        std::optional<std::uint32_t> shard{};  // nothing: all
        std::uint16_t code = 4000;
        bool resumable = false;
    };

    Gateway(Options options, world::World& world, Effects& effects)
        : options_(std::move(options)),
          world_(world),
          effects_(effects),
          starts_(options_.starts) {}

    // `query` of the connection's target.
    void opened(Connection connection, const std::string& query, process::UnixTime now);
    void received(Connection connection, std::string_view text, process::UnixTime now);
    // By the client, with its code when there was one.
    void closed(Connection connection, std::optional<std::uint16_t> code, process::UnixTime now);
    void publish(const world::Event& event, process::UnixTime now);
    // Silent links, forgotten sessions, late events. Some times in a second.
    void tick(process::UnixTime now);
    // How many links it met.
    std::size_t force(const Force& force, process::UnixTime now);

    [[nodiscard]] Mischiefs& mischiefs() noexcept { return mischiefs_; }
    [[nodiscard]] const SessionStarts& starts() const noexcept { return starts_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] Figures figures() const;

private:
    struct Session {
        std::string id;
        std::uint32_t shard = 0;
        std::uint32_t shards = 1;
        world::Intents intents = 0;
        std::string compression;
        Sequence last = 0;
        std::deque<std::pair<Sequence, std::string>> replay{};
        std::optional<Connection> link{};
        process::UnixTime left{};  // without a link, since when
    };
    struct Link {
        std::string compression;
        process::UnixTime heard{};  // the last heartbeat
        std::deque<process::UnixTime> received{};
        std::string session{};  // empty: none
        bool muted = false;
    };
    struct Late {
        process::UnixTime due;
        world::Event event;
    };

    void take(Connection connection, Link& link, std::int64_t op, const world::JsonObject& payload,
              process::UnixTime now);
    void identify(Connection connection, Link& link, const world::JsonObject& data,
                  process::UnixTime now);
    [[nodiscard]] std::optional<CloseCode> refusal(const world::JsonObject& data) const;
    void begin_session(Link& link, Session session);
    void resume(Connection connection, Link& link, const world::JsonObject& data,
                process::UnixTime now);
    void send_members(Session& session, const world::JsonObject& data);
    void spend_token(process::UnixTime now);
    void deliver(const world::Event& event);
    void dispatch(Session& session, std::string_view name, std::string_view data);
    void send(Connection connection, Opcode op, const world::Json& data);
    void close(Connection connection, std::uint16_t code, process::UnixTime now);
    void close(Connection connection, CloseCode code, process::UnixTime now);
    void leave(Connection connection, bool ends_session, process::UnixTime now);
    // Link and session know each other no longer.
    void part(Link& link, bool ends_session, process::UnixTime now);
    void force(Connection connection, const Force& force, process::UnixTime now);
    [[nodiscard]] Session* session_of(const Link& link);

    const Options options_;
    world::World& world_;
    Effects& effects_;
    SessionStarts starts_;
    Mischiefs mischiefs_;
    std::map<Connection, Link> links_;
    std::map<std::string, Session, std::less<>> sessions_;
    std::deque<Late> late_;
    Figures figures_;
};

}  // namespace tutti::services::discord::gateway
