#include "discord-stand-in/gateway/gateway.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>

#include "common/http/message.hpp"
#include "common/process/secret.hpp"
#include "discord-stand-in/world/objects.hpp"
#include "tutti/json.hpp"

namespace tutti::services::discord::gateway {
namespace {

using namespace std::chrono_literals;
using world::JsonArray;
using world::JsonObject;
using world::number_in;
using world::object_in;
using world::text_in;

constexpr std::size_t payload_bytes_max = 4'096;
constexpr std::size_t sends_max = 120;
constexpr auto sends_window = 60s;
constexpr JsonLimits payload_limits{
    .bytes_max = payload_bytes_max, .depth_max = 16, .values_max = 1'000};
constexpr std::size_t late_max = 10'000;
constexpr std::uint16_t goodbye = 1000;
constexpr std::uint16_t going_away = 1001;

std::uint16_t number(CloseCode code) { return std::to_underlying(code); }

std::optional<std::pair<std::int64_t, std::int64_t>> read_shard(const JsonObject& data) {
    const JsonArray* const shard = world::array_in(data, "shard");
    if (shard == nullptr) return std::pair{std::int64_t{0}, std::int64_t{1}};
    if (shard->size() != 2 || !(*shard)[0].is_int64() || !(*shard)[1].is_int64()) {
        return std::nullopt;
    }
    return std::pair{(*shard)[0].get_int64(), (*shard)[1].get_int64()};
}

bool hears(world::Intents intents, const world::Event& event) {
    return event.intents == 0 || (intents & event.intents) != 0;
}

}  // namespace

void Gateway::opened(Connection connection, const std::string& query, process::UnixTime now) {
    ++figures_.connections;
    const http::Request asked{.query = query};
    const auto compression = asked.query_value("compress").value_or("");
    links_.emplace(connection, Link{.compression = compression, .heard = now});
    if (asked.query_value("v") != "10") return close(connection, CloseCode::invalid_version, now);
    if (asked.query_value("encoding").value_or("json") != "json") {
        return close(connection, CloseCode::decode_error, now);
    }
    send(connection, Opcode::hello,
         JsonObject{{"heartbeat_interval", options_.heartbeat_interval.count()}});
}

void Gateway::received(Connection connection, std::string_view text, process::UnixTime now) {
    const auto at = links_.find(connection);
    if (at == links_.end() || at->second.muted) return;
    Link& link = at->second;
    std::erase_if(link.received, [now](auto time) { return time + sends_window <= now; });
    link.received.push_back(now);
    if (link.received.size() > sends_max) {
        return close(connection, CloseCode::rate_limited, now);
    }
    if (text.size() > payload_bytes_max) return close(connection, CloseCode::decode_error, now);
    const auto payload = json::parse(text, payload_limits);
    const JsonObject* const object = payload ? payload->if_object() : nullptr;
    const auto op = object == nullptr ? std::nullopt : number_in(*object, "op");
    if (!op) return close(connection, CloseCode::decode_error, now);
    take(connection, link, *op, *object, now);
}

void Gateway::take(Connection connection, Link& link, std::int64_t op, const JsonObject& payload,
                   process::UnixTime now) {
    static const JsonObject empty;
    const JsonObject* const object = object_in(payload, "d");
    const JsonObject& data = object == nullptr ? empty : *object;
    if (op == std::to_underlying(Opcode::heartbeat)) {
        link.heard = now;
        ++figures_.heartbeats;
        return send(connection, Opcode::heartbeat_ack, nullptr);
    }
    if (op == std::to_underlying(Opcode::identify)) return identify(connection, link, data, now);
    if (op == std::to_underlying(Opcode::resume)) return resume(connection, link, data, now);
    const bool known = op == std::to_underlying(Opcode::presence) ||
                       op == std::to_underlying(Opcode::voice_state) ||
                       op == std::to_underlying(Opcode::request_members) || op == 31 || op == 43;
    if (!known) return close(connection, CloseCode::unknown_opcode, now);
    Session* const session = session_of(link);
    if (session == nullptr) return close(connection, CloseCode::not_authenticated, now);
    if (op == std::to_underlying(Opcode::request_members)) send_members(*session, data);
}

// In the order in which Discord looks.
std::optional<CloseCode> Gateway::refusal(const JsonObject& data) const {
    const auto token = text_in(data, "token").value_or("");
    std::string_view bare = token;
    if (bare.starts_with("Bot ")) bare.remove_prefix(4);
    if (world_.token().empty() || !world_.token().matches(bare)) {
        return CloseCode::authentication_failed;
    }
    const auto intents = number_in(data, "intents");
    if (!intents || object_in(data, "properties") == nullptr) return CloseCode::decode_error;
    const auto shard = read_shard(data);
    if (!shard || shard->second < 1 || shard->first < 0 || shard->first >= shard->second) {
        return CloseCode::invalid_shard;
    }
    const auto guilds = world_.guilds().size() / static_cast<std::size_t>(shard->second);
    if (guilds > options_.guilds_per_shard_max) return CloseCode::sharding_required;
    if (*intents < 0 || (*intents & ~std::int64_t{world::Intent::all}) != 0) {
        return CloseCode::invalid_intents;
    }
    const auto forbidden = world::Intent::privileged & ~options_.allowed_intents;
    if ((*intents & forbidden) != 0) return CloseCode::disallowed_intents;
    return std::nullopt;
}

void Gateway::identify(Connection connection, Link& link, const JsonObject& data,
                       process::UnixTime now) {
    if (!link.session.empty()) return close(connection, CloseCode::already_authenticated, now);
    if (const auto code = refusal(data)) return close(connection, *code, now);
    const auto [shard, shards] = *read_shard(data);
    switch (starts_.take(static_cast<std::uint32_t>(shard), now)) {
    case SessionStarts::Verdict::too_soon: return send(connection, Opcode::invalid_session, false);
    case SessionStarts::Verdict::spent: return spend_token(now);
    case SessionStarts::Verdict::begins: break;
    }
    if (world::flag_in(data, "compress")) {
        if (!link.compression.empty()) return close(connection, CloseCode::decode_error, now);
        effects_.compress_payloads(connection);
    }
    ++figures_.identifies;
    begin_session(link, {.id = process::Secret::random().reveal().substr(0, 32),
                         .shard = static_cast<std::uint32_t>(shard),
                         .shards = static_cast<std::uint32_t>(shards),
                         .intents = static_cast<world::Intents>(*number_in(data, "intents")),
                         .compression = link.compression,
                         .link = connection});
}

void Gateway::begin_session(Link& link, Session begun) {
    while (sessions_.size() >= options_.sessions_max) {
        const auto idle = std::ranges::find_if(
            sessions_, [](const auto& entry) { return !entry.second.link.has_value(); });
        if (idle == sessions_.end()) break;
        sessions_.erase(idle);
    }
    link.session = begun.id;
    Session& session = sessions_.emplace(begun.id, std::move(begun)).first->second;

    std::vector<const world::Guild*> own;
    JsonArray unavailable;
    for (const auto& [id, guild] : world_.guilds()) {
        if (world::shard_of(id, session.shards) != session.shard) continue;
        own.push_back(&guild);
        unavailable.push_back(JsonObject{{"id", world::id_text(id)}, {"unavailable", true}});
    }
    const auto& application = world_.application();
    dispatch(
        session, "READY",
        boost::json::serialize(JsonObject{
            {"v", 10},
            {"user", world::user_object(world_, application.bot)},
            {"guilds", std::move(unavailable)},
            {"session_id", session.id},
            {"resume_gateway_url", options_.resume_url},
            {"session_type", "normal"},
            {"private_channels", JsonArray{}},
            {"shard", JsonArray{session.shard, session.shards}},
            {"application", JsonObject{{"id", world::id_text(application.id)}, {"flags", 0}}}}));
    if ((session.intents & world::Intent::guilds) == 0) return;
    for (const world::Guild* const guild : own) {
        dispatch(session, "GUILD_CREATE",
                 boost::json::serialize(world::guild_object(world_, *guild)));
    }
}

void Gateway::resume(Connection connection, Link& link, const JsonObject& data,
                     process::UnixTime now) {
    if (!link.session.empty()) return close(connection, CloseCode::already_authenticated, now);
    if (!world_.token().matches(text_in(data, "token").value_or("")) || world_.token().empty()) {
        return close(connection, CloseCode::authentication_failed, now);
    }
    const auto at = sessions_.find(text_in(data, "session_id").value_or(""));
    const Sequence seen = number_in(data, "seq").value_or(0);
    if (at == sessions_.end() || at->second.compression != link.compression) {
        ++figures_.resumes_refused;
        return send(connection, Opcode::invalid_session, false);
    }
    Session& session = at->second;
    if (seen > session.last) return close(connection, CloseCode::invalid_sequence, now);
    const bool kept = seen == session.last ||
                      (!session.replay.empty() && session.replay.front().first <= seen + 1);
    if (!kept) {
        ++figures_.resumes_refused;
        sessions_.erase(at);
        return send(connection, Opcode::invalid_session, false);
    }
    ++figures_.resumes;
    if (session.link) {
        const Connection before = *session.link;
        leave(before, false, now);
        effects_.close(before, number(CloseCode::unknown_error));
    }
    session.link = connection;
    link.session = session.id;
    for (const auto& [sequence, payload] : session.replay) {
        if (sequence > seen) effects_.send(connection, payload);
    }
    dispatch(session, "RESUMED", R"({"_trace":[]})");
}

void Gateway::send_members(Session& session, const JsonObject& data) {
    const world::Guild* const guild = world_.guild(world::id_in(data, "guild_id").value_or(0));
    if (guild == nullptr) return;
    JsonArray members;
    for (const auto& [user, permissions] : guild->members) {
        JsonObject one = world::member_object(*guild, user);
        one.emplace("user", world::user_object(world_, user));
        members.push_back(std::move(one));
    }
    JsonObject chunk{{"guild_id", world::id_text(guild->id)},
                     {"members", std::move(members)},
                     {"chunk_index", 0},
                     {"chunk_count", 1}};
    if (const auto nonce = text_in(data, "nonce")) chunk.emplace("nonce", *nonce);
    dispatch(session, "GUILD_MEMBERS_CHUNK", boost::json::serialize(chunk));
}

// More sessions than a day has: all of them end, and the token with them.
void Gateway::spend_token(process::UnixTime now) {
    world_.revoke_token();
    sessions_.clear();
    while (!links_.empty()) {
        close(links_.begin()->first, CloseCode::authentication_failed, now);
    }
}

void Gateway::publish(const world::Event& event, process::UnixTime now) {
    const auto met = mischiefs_.next(event.name);
    if (met && met->does == MischiefKind::lose) return;
    if (met && met->does == MischiefKind::delay && late_.size() < late_max) {
        late_.push_back({.due = now + met->delay, .event = event});
        return;
    }
    deliver(event);
    if (met && met->does == MischiefKind::duplicate) deliver(event);
}

void Gateway::deliver(const world::Event& event) {
    for (auto& [id, session] : sessions_) {
        const auto shard = event.guild ? world::shard_of(*event.guild, session.shards) : 0U;
        if (shard != session.shard || !hears(session.intents, event)) continue;
        const bool sees = (session.intents & world::Intent::message_content) != 0;
        dispatch(session, event.name,
                 sees || !event.without_content ? event.data : *event.without_content);
    }
}

void Gateway::dispatch(Session& session, std::string_view name, std::string_view data) {
    ++figures_.dispatched;
    std::string payload = R"({"t":")";
    payload.append(name).append(R"(","s":)").append(std::to_string(++session.last));
    payload.append(R"(,"op":0,"d":)").append(data).append("}");
    if (session.link && !links_.at(*session.link).muted) effects_.send(*session.link, payload);
    while (session.replay.size() >= options_.replay_max) session.replay.pop_front();
    session.replay.emplace_back(session.last, std::move(payload));
}

void Gateway::send(Connection connection, Opcode op, const world::Json& data) {
    effects_.send(
        connection,
        boost::json::serialize(JsonObject{
            {"t", nullptr}, {"s", nullptr}, {"op", std::to_underlying(op)}, {"d", data}}));
}

void Gateway::close(Connection connection, CloseCode code, process::UnixTime now) {
    close(connection, number(code), now);
}

void Gateway::close(Connection connection, std::uint16_t code, process::UnixTime now) {
    ++figures_.closed[code];
    const bool ends = code == number(CloseCode::session_timed_out) ||
                      code == number(CloseCode::authentication_failed) || code == goodbye;
    leave(connection, ends, now);
    effects_.close(connection, code);
}

void Gateway::closed(Connection connection, std::optional<std::uint16_t> code,
                     process::UnixTime now) {
    leave(connection, code == goodbye || code == going_away, now);
}

void Gateway::leave(Connection connection, bool ends_session, process::UnixTime now) {
    const auto at = links_.find(connection);
    if (at == links_.end()) return;
    part(at->second, ends_session, now);
    links_.erase(at);
}

void Gateway::part(Link& link, bool ends_session, process::UnixTime now) {
    Session* const session = session_of(link);
    link.session.clear();
    if (session == nullptr) return;
    session->link.reset();
    session->left = now;
    if (ends_session) sessions_.erase(std::string(session->id));
}

Gateway::Session* Gateway::session_of(const Link& link) {
    const auto at = sessions_.find(link.session);
    return at == sessions_.end() ? nullptr : &at->second;
}

void Gateway::tick(process::UnixTime now) {
    while (!late_.empty() && late_.front().due <= now) {
        deliver(late_.front().event);
        late_.pop_front();
    }
    std::erase_if(sessions_, [&](const auto& entry) {
        return !entry.second.link && entry.second.left + options_.session_kept <= now;
    });
    // One heartbeat may be lost, and the next one late.
    const auto patience = 2 * options_.heartbeat_interval + 5s;
    std::vector<Connection> silent;
    for (const auto& [connection, link] : links_) {
        if (link.heard + patience <= now && !link.muted) silent.push_back(connection);
    }
    for (const Connection one : silent) close(one, CloseCode::session_timed_out, now);
}

std::size_t Gateway::force(const Force& force, process::UnixTime now) {
    if (force.does == ForceKind::end_sessions) {
        return std::erase_if(sessions_, [&](const auto& entry) {
            return !force.shard || entry.second.shard == *force.shard;
        });
    }
    std::vector<Connection> met;
    for (const auto& [connection, link] : links_) {
        const Session* const session = session_of(link);
        if (session != nullptr && (!force.shard || session->shard == *force.shard)) {
            met.push_back(connection);
        }
    }
    for (const Connection one : met) this->force(one, force, now);
    return met.size();
}

void Gateway::force(Connection connection, const Force& force, process::UnixTime now) {
    Link& link = links_.at(connection);
    switch (force.does) {
    case ForceKind::reconnect: return send(connection, Opcode::reconnect, nullptr);
    case ForceKind::invalid_session:
        send(connection, Opcode::invalid_session, force.resumable);
        part(link, !force.resumable, now);
        return;
    case ForceKind::close: return close(connection, force.code, now);
    case ForceKind::drop: leave(connection, false, now); return effects_.drop(connection);
    case ForceKind::mute: link.muted = true; return;
    case ForceKind::ask_heartbeat: return send(connection, Opcode::heartbeat, nullptr);
    case ForceKind::end_sessions: return;
    }
}

Gateway::Figures Gateway::figures() const {
    Figures figures = figures_;
    figures.sessions = sessions_.size();
    figures.links = links_.size();
    figures.ready = static_cast<std::size_t>(std::ranges::count_if(
        sessions_, [](const auto& entry) { return entry.second.link.has_value(); }));
    return figures;
}

}  // namespace tutti::services::discord::gateway
