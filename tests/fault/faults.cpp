#include "fault/faults.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fault/fleet.hpp"
#include "fault/promise.hpp"
#include "support/redis_server.hpp"
#include "support/replicated_redis.hpp"
#include "support/tcp_proxy.hpp"
#include "tutti/clock.hpp"

namespace tests::fault {

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::Duration;
using tutti::TimePoint;

void pause(Duration duration) { std::this_thread::sleep_for(duration); }

// `round` gets the number of the round, from zero, and returns how often it struck.
template <class Round>
std::size_t rounds(TimePoint end, Round round) {
    std::size_t strikes = 0;
    for (std::size_t number = 0; Boottime::now() < end; ++number) strikes += round(number);
    return strikes;
}

// Shorter than a lease, and longer than one every other time.
Duration some_time(std::size_t round) { return round % 2 == 0 ? 300ms : lease + 500ms; }

// Each round is good times and then bad ones, so that the last bad time ends as the fault does.

std::size_t kill_redis_as_it_is(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(1300ms);
        fleet.redis().kill();
        pause(some_time(round));
        fleet.redis().start();
        return 1U;
    });
}

std::size_t kill_redis_behind_a_save(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(500ms);
        fleet.redis().command({"SAVE"});
        pause(800ms);
        fleet.redis().kill();
        pause(some_time(round));
        fleet.redis().start();
        return 1U;
    });
}

std::size_t stop_redis(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(800ms);
        fleet.redis().pause();
        pause(some_time(round));
        fleet.redis().resume();
        return 1U;
    });
}

// Half of the nodes, others each time.
std::size_t stop_nodes(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        const auto each = [&](auto act) {
            for (std::size_t i = round % 2; i < fleet.nodes(); i += 2) act(i);
        };
        pause(300ms);
        each([&](std::size_t node) { fleet.stop_node(node); });
        pause(some_time(round / 2));
        each([&](std::size_t node) { fleet.continue_node(node); });
        return 1U;
    });
}

std::size_t kill_nodes(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(400ms);
        fleet.replace_node(round % fleet.nodes());
        return 1U;
    });
}

std::size_t kill_clients(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(round % 10 == 9 ? Duration{1s} : Duration{70ms});
        const std::string type = round % 3 == 2 ? "normal" : "pubsub";
        return std::stoul(fleet.redis().command({"CLIENT", "KILL", "TYPE", type}));
    });
}

std::size_t cut_one_way(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(600ms);
        fleet.cut_wire(round % 2 == 0 ? TcpProxy::Way::to_client : TcpProxy::Way::to_server);
        pause(some_time(round / 2 + 1));
        fleet.heal_wire();
        return 1U;
    });
}

// A node does not read while a writer publishes more than sockets hold: until the server has had
// enough of it, which on a busy machine takes a while.
std::size_t stall_a_reader(Fleet& fleet, TimePoint end) {
    constexpr Duration patience = 10s;
    const auto disconnected = [&fleet] {
        return fleet.in_server_log("overcoming of output buffer limits");
    };
    (void)rounds(end, [&](std::size_t round) {
        const std::size_t node = round % fleet.nodes();
        pause(500ms);
        const std::size_t before = disconnected();
        fleet.stop_node(node);
        const TimePoint until = Boottime::now() + patience;
        while (disconnected() == before && Boottime::now() < until) pause(50ms);
        pause(500ms);
        fleet.continue_node(node);
        return 1U;
    });
    return disconnected();
}

// The primary is replaced: as an operator asks for it, after SIGKILL, after SIGSTOP. The old one is
// back as a primary, until the Sentinels see it.
std::size_t fail_over(Fleet& fleet, TimePoint end) {
    ReplicatedRedis& servers = fleet.servers();
    return rounds(end, [&](std::size_t round) {
        pause(1300ms);
        const std::string before = servers.primary();
        RedisServer& primary = servers.server(before);
        switch (round % 3) {
        case 0:
            while (!servers.fail_over()) pause(200ms);
            servers.wait_for_another_primary(before);
            break;
        case 1:
            primary.kill();
            servers.wait_for_another_primary(before);
            primary.start();
            break;
        case 2:
            primary.pause();
            servers.wait_for_another_primary(before);
            primary.resume();
            break;
        }
        pause(700ms);
        servers.wait_until_whole();
        return 1U;
    });
}

std::size_t flush_scripts(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t) {
        pause(20ms);
        fleet.redis().command({"SCRIPT", "FLUSH"});
        return 1U;
    });
}

std::size_t flush_everything(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(round % 4 == 3 ? Duration{1500ms} : Duration{150ms});
        fleet.redis().command({"FLUSHALL"});
        return 1U;
    });
}

std::size_t fill_memory(Fleet& fleet, TimePoint end) {
    return rounds(end, [&](std::size_t round) {
        pause(600ms);
        fleet.redis().command({"CONFIG", "SET", "maxmemory", "1"});
        pause(some_time(round));
        fleet.redis().command({"CONFIG", "SET", "maxmemory", "0"});
        return 1U;
    });
}

// They end themselves, behind a commit. At the end nothing takes their place.
std::size_t kill_writers(Fleet& fleet, TimePoint end) {
    const std::size_t replaced = rounds(end, [&](std::size_t) {
        pause(50ms);
        return fleet.replace_dead_writers();
    });
    while (fleet.writer_lives()) pause(20ms);
    return replaced;
}

constexpr unsigned commits_of_a_writer = 10;

// Where the server itself is killed a read in a million reaches its own deadline: such reads are
// counted, and not judged. So are those of nodes that stand still.
std::vector<Fault> all_faults() {
    std::vector<Fault> all{
        {.name = "kill-redis-empty",
         .what = "SIGKILL of the server, which comes back without anything",
         .apply = kill_redis_as_it_is,
         .reads_may_fail = true},
        {.name = "kill-redis-aof",
         .what = "SIGKILL of the server, which comes back with everything (appendfsync always)",
         .setup = {.redis = {"appendonly yes", "appendfsync always"}},
         .apply = kill_redis_as_it_is,
         .reads_may_fail = true},
        {.name = "kill-redis-old-rdb",
         .what = "SIGKILL of the server, which comes back as it was some 800 ms before",
         .apply = kill_redis_behind_a_save,
         .reads_may_fail = true},
        {.name = "stop-redis", .what = "SIGSTOP and SIGCONT of the server", .apply = stop_redis},
        {.name = "sentinel-failover",
         .what = "a primary with two replicas is replaced: by hand, after SIGKILL, after SIGSTOP",
         .setup = {.replicated = true},
         .apply = fail_over,
         .reads_may_fail = true},
        {.name = "stop-nodes",
         .what = "SIGSTOP and SIGCONT of half of the nodes",
         .apply = stop_nodes,
         .reads_may_fail = true},
        {.name = "kill-nodes",
         .what = "SIGKILL of one node after the other, another in its place",
         .apply = kill_nodes},
        {.name = "client-kill",
         .what = "CLIENT KILL of all subscriptions, and of all other connections",
         .apply = kill_clients},
        {.name = "cut-one-way",
         .what = "of half of the nodes one direction is dropped in silence",
         .setup = {.loses_packets = true},
         .apply = cut_one_way,
         .by_wire = true},
        {.name = "output-buffer",
         .what = "client-output-buffer-limit pubsub 64kb, and a node that does not read",
         .setup = {.redis = {"client-output-buffer-limit pubsub 64kb 64kb 1"}, .padding_keys = 50},
         .apply = stall_a_reader,
         .reads_may_fail = true},
        {.name = "script-flush", .what = "SCRIPT FLUSH every 20 ms", .apply = flush_scripts},
        {.name = "flushall", .what = "FLUSHALL, several a second", .apply = flush_everything},
        {.name = "maxmemory-1",
         .what = "CONFIG SET maxmemory 1, for a while each time",
         .apply = fill_memory},
        {.name = "kill-writers",
         .what = "SIGKILL of each writer between a commit and its invalidation, with an outbox",
         .setup = {.outbox = true, .dies_after = commits_of_a_writer},
         .apply = kill_writers,
         .writers_end_with_it = true,
         .commit_bound = outbox_bound},
        {.name = "wrong:without-outbox",
         .what = "kill-writers without the outbox: what it is for",
         .setup = {.dies_after = commits_of_a_writer},
         .apply = kill_writers,
         .writers_end_with_it = true,
         .commit_bound = outbox_bound,
         .breaks = "committed"},
        {.name = "wrong:deaf-node",
         .what = "script-flush, and a node that answers for ever what it was answered first",
         .setup = {.lie = "deaf"},
         .apply = flush_scripts,
         .breaks = "acknowledged"},
        {.name = "wrong:past-lease-node",
         .what = "cut-one-way by a proxy, and a node that serves from memory past its lease",
         .setup = {.lie = "past-lease"},
         .apply = cut_one_way,
         .by_wire = true,
         .breaks = "acknowledged"},
    };
    return all;
}

}  // namespace

const std::vector<Fault>& faults() {
    static const std::vector<Fault> all = all_faults();
    return all;
}

}  // namespace tests::fault
