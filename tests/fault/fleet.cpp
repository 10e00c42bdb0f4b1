#include "fault/fleet.hpp"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fault/journal.hpp"
#include "fault/member.hpp"
#include "fault/private_network.hpp"
#include "fault/source.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/tcp_proxy.hpp"

namespace tests::fault {

namespace {

using namespace std::chrono_literals;

constexpr auto start_patience = 30s;
constexpr auto stop_patience = 30s;  // a node's own deadline is 10 s

}  // namespace

Fleet::Fleet(Setup setup) : setup_(std::move(setup)) {
    begin_servers();
    Source::create(folder_.file("source"));
    for (std::size_t i = 0; i < setup_.nodes; ++i) {
        nodes_.push_back({.name = "node-" + std::to_string(i), .program = nullptr});
        begin_node(i);
    }
    for (std::size_t i = 0; i < setup_.writers; ++i) {
        writers_.push_back({.name = "writer-" + std::to_string(i), .program = nullptr});
        begin_writer(i);
    }
    for (const Member& member : nodes_) await_work(member);
    for (const Member& member : writers_) await_work(member);
}

void Fleet::begin_servers() {
    if (setup_.replicated) {
        servers_.emplace();
        return;
    }
    std::vector<std::string> config = setup_.redis;
    if (setup_.loses_packets) {
        try {
            network_.emplace();
            wire_.kind = "network namespaces";
            config.push_back(std::string("bind 127.0.0.1 ") + PrivateNetwork::near_address);
            config.emplace_back("protected-mode no");
        } catch (const std::runtime_error& error) {
            wire_.why = error.what();
        }
    }
    redis_.emplace(RedisServer::Options{.config = std::move(config), .password = {}});
    if (!network_) proxy_.emplace(redis_->port());
}

RedisServer& Fleet::primary() { return servers_ ? servers_->server(servers_->primary()) : *redis_; }

void Fleet::cut_wire(TcpProxy::Way way) {
    if (proxy_) return proxy_->cut(way);
    using enum PrivateNetwork::Way;
    network_->cut(way == TcpProxy::Way::to_server ? to_near : to_far);
}

void Fleet::heal_wire() {
    if (proxy_) return proxy_->heal();
    network_->heal();
}

void Fleet::begin(Member& member, const std::string& role, const std::string& redis) {
    ++member.incarnation;
    Variables variables{{role_variable, role},
                        {name_variable, member.name},
                        {redis_variable, redis},
                        {source_variable, folder_.file("source")},
                        {journal_variable, folder_.file(journal_of(member))},
                        {outbox_variable, setup_.outbox ? "1" : "0"}};
    if (role == "writer") {
        variables[dies_after_variable] = std::to_string(setup_.dies_after);
        const bool pads = &member == &writers_.front();
        variables[padding_variable] = std::to_string(pads ? setup_.padding_keys : 0);
    } else if (nodes_.size() > 1 && &member == &nodes_[1]) {
        variables[lie_variable] = setup_.lie;
    }
    member.program =
        std::make_unique<Program>(FAULT_MEMBER_PROGRAM, std::vector<std::string>{}, variables);
}

std::string Fleet::url(bool by_wire) const {
    if (servers_) return servers_->url();
    const std::string port = std::to_string(by_wire && proxy_ ? proxy_->port() : redis_->port());
    const bool by_cable = by_wire && network_;
    return std::string("redis://") + (by_cable ? PrivateNetwork::near_address : "127.0.0.1") + ':' +
           port;
}

void Fleet::begin_node(std::size_t index) {
    const bool by_wire = index % 2 == 1;
    const auto begin_it = [&] { begin(nodes_.at(index), "node", url(by_wire)); };
    if (by_wire && network_) return network_->on_far_side(begin_it);
    begin_it();
}

void Fleet::begin_writer(std::size_t index) { begin(writers_.at(index), "writer", url(false)); }

void Fleet::await_work(const Member& member) const {
    member.program->await_out(member_works, start_patience);
}

std::string Fleet::journal_of(const Member& member) const {
    return member.name + '.' + std::to_string(member.incarnation) + ".journal";
}

void Fleet::replace_node(std::size_t index) {
    Member& node = nodes_.at(index);
    node.program->signal(SIGKILL);
    expect_end(node, -SIGKILL);
    begin_node(index);
}

bool Fleet::writer_lives() const {
    return std::ranges::any_of(writers_,
                               [](const Member& writer) { return writer.program->runs(); });
}

std::size_t Fleet::replace_dead_writers() {
    std::size_t replaced = 0;
    for (std::size_t i = 0; i < writers_.size(); ++i) {
        if (writers_[i].program->runs()) continue;
        expect_end(writers_[i], -SIGKILL);
        begin_writer(i);
        ++replaced;
    }
    return replaced;
}

std::size_t Fleet::in_server_log(const std::string& text) const {
    std::ifstream log(redis_->folder() / "log");
    std::size_t found = 0;
    for (std::string line; std::getline(log, line);) found += line.contains(text) ? 1 : 0;
    return found;
}

void Fleet::end_writers() {
    for (Member& writer : writers_) {
        if (setup_.dies_after > 0 && !writer.program->runs()) {
            expect_end(writer, -SIGKILL);
        } else {
            end(writer);
        }
    }
}

void Fleet::end_nodes() {
    for (Member& node : nodes_) end(node);
}

void Fleet::end(Member& member) {
    member.program->signal(SIGTERM);
    expect_end(member, 0);
}

void Fleet::expect_end(Member& member, int code) {
    const int ended = member.program->wait(stop_patience);
    if (ended == code) return;
    crashes_.push_back(member.name + " ended with " + std::to_string(ended) + ": " +
                       member.program->err());
}

std::vector<std::string> Fleet::living_nodes() const {
    std::vector<std::string> journals;
    for (const Member& node : nodes_) journals.push_back(journal_of(node));
    return journals;
}

Story Fleet::story() const {
    Story story;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
        if (file.path().extension() == ".journal") read_journal(file.path(), story);
    }
    return story;
}

}  // namespace tests::fault
