// Plays Discord on loopback, for fleets and tests that must not use the network: the REST API and
// the gateway, both version 10, and interactions over HTTP, within Discord's limits and with its
// faults. An unmodified client of Discord takes it for the real one.
//
//     auto discord = DiscordStandIn::start({});
//     // DISCORD_API_URL = (*discord)->api_url(), DISCORD_TOKEN = (*discord)->token()
//     (*discord)->control("POST", "/messages", R"({"content":"hello"})");
//
// What users do there, and what is asked about it, is JSON below /control, over HTTP (from this
// machine alone can the port be reached) or by `control`; ids are texts, and what is left out is as
// usual: the first server, its first channel, a user called alice, one time.
//
//     GET  /control/world             application, guilds, channels, users, webhooks, commands
//     POST /control/guilds            {name, id}: told to those that are connected
//     POST /control/channels          {name, id, guildId, parentId (a thread), userId (a direct
//     one),
//                                      type, botPermissions}
//     PATCH /control/channels/:id     {botPermissions, archived}
//     POST /control/users             {username, id, bot}
//     PUT  /control/members           {guildId, userId, permissions}
//     POST /control/messages          a user says {content, channelId, userId, replyTo, forwards,
//                                      attachments: [{url, filename, contentType, size}], voice}
//     GET  /control/messages          ?channelId &after &by=all &atLeast &waitMs: what the bot said
//     POST /control/interactions      a user does {type: command|autocomplete|component|modal,
//                                      data, channelId, userId, permissions, messageId}
//     GET  /control/interactions/:id  ?until=answered|filled &waitMs
//     GET  /control/interactions      the newest hundred
//     GET  /control/figures           what was counted
//     POST /control/gateway           {does: reconnect|invalidSession|close|drop|mute|askHeartbeat
//                                      |endSessions, shard, code, resumable}
//     POST /control/mischief          {does: duplicate|delay|lose, event, delayMs, times}
//     POST /control/faults            {does: status|slow|hang|drop|limited, route, afterEffect,
//                                      status, delayMs, scope, times}; `route` as in the figures
//     DELETE /control/faults          no more of them, and of mischief; what hangs is answered
//     PUT  /control/limits            {on, perSecond, webhookPerMinute, renameBuckets,
//                                      of: {route: {calls, windowMs}}}
//     PUT  /control/endpoint          {url}: verified as Discord does, then interactions go there;
//                                      without a url they come over the gateway again
//     POST /control/endpoint/ping     {signature: right|wrong|missing}: {status}
//
// Not played: files that a bot uploads, reactions, voice, and whatever no bot of ours asks for.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/process/secret.hpp"
#include "tutti/error.hpp"

namespace tutti::services::discord {

class DiscordStandIn {
public:
    struct Options {
        std::uint16_t port = 0;          // of REST and control; 0 = a free one
        std::uint16_t gateway_port = 0;  // 0 = a free one
        // What bots are told: where something stands before it. Empty: the gateway itself.
        std::string gateway_url{};
        process::Secret token{};   // of the bot; empty: a random one
        std::size_t guilds = 1;    // at the beginning, two channels each
        std::uint32_t shards = 1;  // that the bot is told to have
        std::uint32_t max_concurrency = 1;
        std::int64_t session_starts = 1'000;              // in a day
        std::chrono::milliseconds identify_every{5'000};  // of those with the same rest
        std::chrono::milliseconds heartbeat_interval{41'250};
        std::chrono::milliseconds session_kept{120'000};  // for a resume
        std::size_t replay_max = 1'000;                   // events of a session
        bool message_content = true;                      // the intent is switched on
        bool limits = true;                               // of REST
        std::uint16_t machine = 0;  // below 1024; two with different ones give no id both
    };

    // Listens on 127.0.0.1 when it returns. Errors: invalid_option (all at once), unavailable (a
    // port is in use), and those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<DiscordStandIn>> start(const Options& options);

    ~DiscordStandIn();
    DiscordStandIn(const DiscordStandIn&) = delete;
    DiscordStandIn& operator=(const DiscordStandIn&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::string api_url() const;  // for DISCORD_API_URL
    [[nodiscard]] std::string control_url() const;
    [[nodiscard]] std::string gateway_url() const;
    [[nodiscard]] const process::Secret& token() const noexcept;  // for DISCORD_TOKEN
    [[nodiscard]] std::string public_key() const;  // of interactions over HTTP, in hexadecimal

    // `path` below /control, with its query. Blocking: as long as it is asked to wait, and for
    // deliveries to the endpoint 3 s.
    http::Response control(std::string_view method, std::string_view path,
                           std::string_view body = {});

private:
    struct Impl;
    explicit DiscordStandIn(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::services::discord
