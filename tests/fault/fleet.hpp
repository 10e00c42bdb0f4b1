// The processes of one run: a redis-server, nodes, writers, and what a fault may do to them. All
// files are in a folder that goes with the object, all sockets are of the loopback interface or of
// a network of its own, and every process is a child that dies with this one.
//
// Everything blocks, and throws std::runtime_error when a process does not do as it should in time.
//
// Thread-safety: none.
#pragma once

#include <signal.h>

#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault/journal.hpp"
#include "fault/member.hpp"
#include "fault/private_network.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/replicated_redis.hpp"
#include "support/tcp_proxy.hpp"
#include "support/temporary_folder.hpp"

namespace tests::fault {

struct Setup {
    std::size_t nodes = 8;
    std::size_t writers = 3;
    std::vector<std::string> redis = {};  // lines of its configuration
    bool replicated = false;              // two replicas and three Sentinels, which all ask
    bool loses_packets = false;           // the wire, where this process may have such a network
    bool outbox = false;
    unsigned dies_after = 0;    // each writer: see member.hpp
    unsigned padding_keys = 0;  // the first writer
    std::string lie = {};       // of the first node with a wire
};

class Fleet {
public:
    explicit Fleet(Setup setup);
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    // Requires: not replicated.
    [[nodiscard]] RedisServer& redis() { return *redis_; }
    // The one, or the primary of now.
    [[nodiscard]] RedisServer& primary();
    // Requires: replicated.
    [[nodiscard]] ReplicatedRedis& servers() { return *servers_; }
    // Nodes of an odd index have a wire between them and the server, which is not replicated. What
    // travels that way is lost, or with a proxy held back, in silence.
    void cut_wire(TcpProxy::Way way);
    void heal_wire();
    struct Wire {
        std::string_view kind;  // "a proxy"
        std::string why;        // it is not what was asked for; empty: it is
    };
    [[nodiscard]] const Wire& wire() const { return wire_; }
    [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
    [[nodiscard]] bool writer_lives() const;

    void stop_node(std::size_t index) { nodes_.at(index).program->signal(SIGSTOP); }
    void continue_node(std::size_t index) { nodes_.at(index).program->signal(SIGCONT); }
    // SIGKILL, and another one in its place.
    void replace_node(std::size_t index);
    // Begins those that have ended themselves again. Returns how many.
    std::size_t replace_dead_writers();
    // How many lines of the server's log hold `text`.
    [[nodiscard]] std::size_t in_server_log(const std::string& text) const;

    // SIGTERM, and waits; those that have ended themselves stay so.
    void end_writers();
    void end_nodes();

    // How the members that have ended ended, other than as they were told to: crashes.
    [[nodiscard]] const std::vector<std::string>& crashes() const { return crashes_; }
    [[nodiscard]] std::vector<std::string> living_nodes() const;
    [[nodiscard]] Story story() const;

private:
    struct Member {
        std::string name;
        std::unique_ptr<Program> program;
        std::size_t incarnation = 0;
    };

    void begin(Member& member, const std::string& role, const std::string& redis);
    void begin_servers();
    [[nodiscard]] std::string url(bool by_wire) const;
    void begin_node(std::size_t index);
    void begin_writer(std::size_t index);
    void await_work(const Member& member) const;
    void end(Member& member);
    void expect_end(Member& member, int code);
    [[nodiscard]] std::string journal_of(const Member& member) const;

    const Setup setup_;
    TemporaryFolder folder_;
    Wire wire_{.kind = "a proxy", .why = {}};
    std::optional<PrivateNetwork> network_;  // before all that is to be in it
    // The one server, and the proxy unless there is a network; or many.
    std::optional<RedisServer> redis_;
    std::optional<TcpProxy> proxy_;
    std::optional<ReplicatedRedis> servers_;
    std::deque<Member> nodes_;
    std::deque<Member> writers_;
    std::vector<std::string> crashes_;
};

}  // namespace tests::fault
