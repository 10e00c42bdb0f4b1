// How long a fleet of 1 and of 16 nodes goes on after the way to its Redis is back: until each node
// has read what was changed meanwhile (fresh), and until the last one is ready again (ready). The
// nodes go through a proxy; the change is made by a node that reaches the server directly, in the
// middle of the outage.
//
//   lost     packets are lost in both directions, and no connection is closed
//   refused  all connections are closed, and new ones refused
//   stopped  SIGSTOP and SIGCONT of the server
//
// `connections` is how many a node makes for each outage. A row for each outage; --rounds N.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "support/redis_server.hpp"
#include "support/tcp_proxy.hpp"
#include "tutti/cache.hpp"
#include "tutti/clock.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using tutti::Boottime;
using tutti::Duration;
using tutti::TimePoint;

constexpr const char* key = "k";

class Instance {
public:
    Instance(const std::string& url, const std::atomic<int>& source)
        : node_(tutti::Node::create({.name = "bench", .redis = url, .app = "bench", .workers = 1})
                    .value()),
          cache_(node_->coherent(tutti::CacheOptions<std::string, int>{
              .name = "versions",
              .caches = "versions",
              .stale = tutti::Stale::wrong,
              .ttl = 1h,
              .bound = tutti::entries(10),
              .load = [&source](const std::string&, tutti::LoadContext&) { return source.load(); },
              .channel = "cache:versions"})) {
        if (const auto started = node_->start(); !started) {
            throw std::runtime_error(started.error().message());
        }
    }

    [[nodiscard]] int read() const {
        const auto found = cache_.get(key);
        return found ? found->value() : -1;
    }
    [[nodiscard]] bool serves_from_memory() const {
        const auto found = cache_.get(key);
        return found && found->tier() == tutti::Tier::memory;
    }
    [[nodiscard]] bool is_ready() const { return node_->health().ready; }
    void invalidate() const {
        const auto outcome = cache_.invalidate(key);
        if (!outcome.published()) throw std::runtime_error("not published: " + outcome.reason);
    }

private:
    std::unique_ptr<tutti::Node> node_;
    tutti::Coherent<std::string, int> cache_;
};

struct Outage {
    const char* name;
    Duration lasts;
    std::function<void(tests::RedisServer&, tests::TcpProxy&)> begin;
    std::function<void(tests::RedisServer&, tests::TcpProxy&)> end;
};

double milliseconds(Duration duration) {
    return static_cast<double>(std::max(duration, Duration::zero()).count()) / 1e6;
}

struct Took {
    std::vector<double> fresh;  // of each node
    std::vector<double> ready;  // of the fleet
    std::size_t connections = 0;
};

class Fleet {
public:
    explicit Fleet(std::size_t count) {
        for (std::size_t n = 0; n < count; ++n) {
            nodes_.push_back(std::make_unique<Instance>(
                "redis://127.0.0.1:" + std::to_string(wire_.port()), source_));
        }
    }

    void suffer(const Outage& outage, Took& took) {
        settle();
        const std::size_t before = connections();
        // The server may stand still: then the change comes when it goes on.
        const bool stops = std::string_view(outage.name) == "stopped";
        outage.begin(redis_, wire_);
        std::this_thread::sleep_for(outage.lasts / 2);
        ++source_;
        if (!stops) writer_.invalidate();
        std::this_thread::sleep_for(outage.lasts / 2);
        outage.end(redis_, wire_);
        const TimePoint back = Boottime::now();
        if (stops) writer_.invalidate();
        watch(back, took);
        took.connections += connections() - before;
    }

private:
    // Every node serves from memory what the source has, and has no more to do.
    void settle() {
        const auto calm = [this](const auto& node) {
            return node->is_ready() && node->serves_from_memory() && node->read() == source_;
        };
        for (const TimePoint limit = Boottime::now() + 20s; !std::ranges::all_of(nodes_, calm);) {
            if (Boottime::now() > limit) throw std::runtime_error("the fleet does not settle");
            std::this_thread::sleep_for(10ms);
        }
        // Where in the period of the renewals it is, is left to chance.
        std::this_thread::sleep_for(300ms + std::chrono::milliseconds(std::rand() % 1000));
    }

    void watch(TimePoint back, Took& took) {
        std::vector<TimePoint> fresh(nodes_.size());
        TimePoint ready = back;
        const auto is_fresh = [](TimePoint at) { return at != TimePoint{}; };
        while (!std::ranges::all_of(fresh, is_fresh) || Boottime::now() < ready + 2s) {
            for (std::size_t n = 0; n < nodes_.size(); ++n) {
                if (!is_fresh(fresh[n]) && nodes_[n]->read() == source_) fresh[n] = Boottime::now();
                if (!nodes_[n]->is_ready()) ready = Boottime::now();
            }
            if (Boottime::now() > back + 20s) throw std::runtime_error("the fleet stays stale");
            std::this_thread::sleep_for(200us);
        }
        for (const TimePoint at : fresh) took.fresh.push_back(milliseconds(at - back));
        took.ready.push_back(milliseconds(ready - back));
    }

    std::size_t connections() {
        const std::string info = redis_.command({"INFO", "stats"});
        constexpr std::string_view field = "total_connections_received:";
        // Without the one that asks.
        return std::stoul(info.substr(info.find(field) + field.size())) - ++asked_;
    }

    std::atomic<int> source_ = 0;
    tests::RedisServer redis_;
    tests::TcpProxy wire_{redis_.port()};
    Instance writer_{redis_.url(), source_};
    std::vector<std::unique_ptr<Instance>> nodes_;
    std::size_t asked_ = 0;
};

std::vector<Outage> outages() {
    using Redis = tests::RedisServer;
    using Proxy = tests::TcpProxy;
    const auto lose = [](Redis&, Proxy& wire) { wire.lose(); };
    const auto refuse = [](Redis&, Proxy& wire) { wire.refuse(); };
    const auto heal = [](Redis&, Proxy& wire) { wire.heal(); };
    return {{"lost", 500ms, lose, heal},
            {"lost", 5s, lose, heal},
            {"refused", 500ms, refuse, heal},
            {"refused", 10s, refuse, heal},
            {"stopped", 500ms, [](Redis& redis, Proxy&) { redis.pause(); },
             [](Redis& redis, Proxy&) { redis.resume(); }}};
}

void print(std::size_t nodes, const Outage& outage, std::size_t rounds, const Took& took) {
    const auto at = [](const std::vector<double>& values, double fraction) {
        return bench::percentile(values, fraction);
    };
    std::printf("%5zu  %-8s %6.0f ms  %8.0f %8.0f  %8.0f %8.0f  %8.1f\n", nodes, outage.name,
                milliseconds(outage.lasts), at(took.fresh, 0.5), at(took.fresh, 1),
                at(took.ready, 0.5), at(took.ready, 1),
                static_cast<double>(took.connections) / static_cast<double>(rounds * nodes));
    std::fflush(stdout);
}

std::size_t rounds_in(std::span<char*> words) {
    if (words.empty()) return 5;
    if (words.size() == 2 && std::string_view(words[0]) == "--rounds") {
        const int rounds = std::atoi(words[1]);
        if (rounds > 0) return static_cast<std::size_t>(rounds);
    }
    throw std::invalid_argument("usage: bench_recovery [--rounds N], N from 1 on");
}

}  // namespace

int main(int count, char** words) try {
    const std::size_t rounds =
        rounds_in(std::span(words, static_cast<std::size_t>(count)).subspan(1));
    std::printf("%5s  %-8s %9s  %8s %8s  %8s %8s  %8s   (ms from the way's return, %zu rounds)\n",
                "nodes", "", "outage", "fresh", "max", "ready", "max", "connects", rounds);
    for (const std::size_t nodes : {1UL, 16UL}) {
        Fleet fleet(nodes);
        for (const Outage& outage : outages()) {
            Took took;
            for (std::size_t round = 0; round < rounds; ++round) fleet.suffer(outage, took);
            print(nodes, outage, rounds, took);
        }
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_recovery: %s\n", error.what());
    return 1;
}
