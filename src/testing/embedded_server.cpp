#include "tutti/testing/embedded_server.hpp"

#include <utility>

#include "embedded/server.hpp"

namespace tutti::testing {

struct EmbeddedSnapshot::State {
    embedded::Server::Data data;
};

using Restored = embedded::Server::Restored;

void EmbeddedServer::restart_empty() { hub_->server().restart_empty(); }

EmbeddedSnapshot EmbeddedServer::snapshot() const {
    return EmbeddedSnapshot(std::make_shared<const EmbeddedSnapshot::State>(
        EmbeddedSnapshot::State{.data = hub_->server().snapshot()}));
}

void EmbeddedServer::restart_from(const EmbeddedSnapshot& older) {
    hub_->server().restore(older.state().data, Restored::under_new_identity);
}

void EmbeddedServer::rewind_to(const EmbeddedSnapshot& older) {
    hub_->server().restore(older.state().data, Restored::unnoticed);
}

void EmbeddedServer::go_away() { hub_->server().set_unreachable(); }

void EmbeddedServer::come_back() {
    hub_->server().set_reachable();
    hub_->server().reconnect();
}

void EmbeddedServer::disconnect() { hub_->server().disconnect(); }
void EmbeddedServer::reconnect() { hub_->server().reconnect(); }

void EmbeddedServer::lose_log(const std::string& channel) {
    hub_->server().damage(channel, [](embedded::ServerChannel& of) { of.lose_log(); });
}

void EmbeddedServer::trim_log(const std::string& channel, std::size_t entries) {
    hub_->server().damage(channel,
                          [entries](embedded::ServerChannel& of) { of.trim_log(entries); });
}

void EmbeddedServer::lose_members(const std::string& channel) {
    hub_->server().damage(channel, [](embedded::ServerChannel& of) { of.lose_members(); });
}

void EmbeddedServer::lose_tags(const std::string& channel) {
    hub_->server().damage(channel, [](embedded::ServerChannel& of) { of.lose_tags(); });
}

void EmbeddedServer::lose_state(const std::string& channel) {
    hub_->server().damage(channel, [](embedded::ServerChannel& of) { of.lose_state(); });
}

void EmbeddedServer::age_members(const std::string& channel, Duration by) {
    hub_->server().damage(channel, [by](embedded::ServerChannel& of) { of.age(by); });
}

void EmbeddedServer::rotate(const std::string& channel) { hub_->server().rotate(channel); }
void EmbeddedServer::drop_store() { hub_->server().drop_store(); }

void EmbeddedServer::push_undecodable(const std::string& channel) {
    hub_->server().push_undecodable(channel);
}

std::vector<EmbeddedServer::Member> EmbeddedServer::members(const std::string& channel) const {
    std::vector<Member> members;
    const embedded::ServerChannel copy = hub_->server().channel(channel);
    for (const auto& [name, member] : copy.members()) {
        members.push_back({.name = name, .applied = member.applied});
    }
    return members;
}

std::optional<BusPosition> EmbeddedServer::position(const std::string& channel) const {
    const embedded::ServerChannel copy = hub_->server().channel(channel);
    if (!copy.state()) return std::nullopt;
    return copy.state()->position;
}

PlainSubscriber::PlainSubscriber(std::shared_ptr<EmbeddedHub> hub, std::string channel)
    : hub_(std::move(hub)), id_(hub_->server().watch_plain(std::move(channel))) {}

PlainSubscriber::~PlainSubscriber() { hub_->server().unwatch_plain(id_); }

std::vector<std::string> PlainSubscriber::take() { return hub_->server().take_plain(id_); }

}  // namespace tutti::testing
