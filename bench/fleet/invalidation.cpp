// How long an invalidation takes from the call until the last of 4 and of 16 instances has dropped
// the key (tutti), and until the caller knows that all of them have (acked), beside two peers on
// the same redis-server in the same run, in turn:
//   raw     PUBLISH and SUBSCRIBE with hiredis, a thread and a connection an instance: the floor
//   ioredis the plain pattern of the TypeScript services (peers/fanout.mjs); `npm ci` in peers/
// An instance of ours has its two connections, its thread, its log and its lease, as in production.
#include <hiredis/hiredis.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "bench/statistics.hpp"
#include "node/engine.hpp"
#include "node/parts.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/detail/wait_for.hpp"

namespace {

using namespace std::chrono_literals;
using Microseconds = std::vector<double>;

constexpr int rounds = 300;
constexpr int turns = 3;

double microseconds(tutti::Duration duration) {
    return static_cast<double>(duration.count()) / 1000;
}

// A node whose channel can be looked into.
class Instance {
public:
    explicit Instance(const std::string& url)
        : options_{.name = "bench", .redis = url, .app = "bench", .workers = 1},
          threads_(std::make_shared<tutti::NodeThreads>(options_)),
          engine_(std::make_shared<tutti::Engine>(options_,
                                                  tutti::make_parts(options_, threads_).value())),
          cache_(engine_->declare(tutti::Pattern::coherent, spec())) {
        const auto started = tutti::detail::wait_for<tutti::Result<void>>(
            [&](auto done) { engine_->start(10s, std::move(done)); });
        if (!started) throw std::runtime_error(started.error().message());
    }
    ~Instance() {
        std::promise<void> stopped;
        engine_->stop([&] { stopped.set_value(); });
        stopped.get_future().wait();
        threads_->runtime().stop();
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    void invalidate(const std::string& key) {
        cache_->invalidate(tutti::KeySet::of(key), {}, [](const tutti::Invalidation&) {});
    }
    // Until the outcome.
    tutti::Invalidation invalidate_everywhere(const std::string& key) {
        std::promise<tutti::Invalidation> outcome;
        cache_->invalidate(tutti::KeySet::of(key), {.ack = tutti::Ack::every_instance},
                           [&](tutti::Invalidation given) { outcome.set_value(std::move(given)); });
        return outcome.get_future().get();
    }
    [[nodiscard]] tutti::ChannelStatus status() const { return engine_->channels().front(); }

private:
    static tutti::detail::CacheSpec spec() {
        return tutti::detail::untyped(tutti::CacheOptions<std::string, int>{
            .name = "bench",
            .caches = "bench",
            .stale = tutti::Stale::wrong,
            .ttl = 30s,
            .bound = tutti::entries(1000),
            .load = [](const std::string&, tutti::LoadContext&) { return 1; },
            .channel = "cache:bench",
            .plain = tutti::PlainEvent{"channel", "channelId"},
        });
    }

    tutti::NodeOptions options_;
    std::shared_ptr<tutti::NodeThreads> threads_;
    std::shared_ptr<tutti::Engine> engine_;
    std::shared_ptr<tutti::detail::Cache> cache_;
};

using Instances = std::vector<std::unique_ptr<Instance>>;

Instances start_instances(const std::string& url, int count) {
    Instances instances;
    for (int n = 0; n < count; ++n) instances.push_back(std::make_unique<Instance>(url));
    return instances;
}

Microseconds measure_acked(const Instances& instances) {
    std::this_thread::sleep_for(4s);  // before, every wait is waited out
    Microseconds took;
    for (int round = 0; round < rounds; ++round) {
        const auto outcome =
            instances.front()->invalidate_everywhere("key-" + std::to_string(round));
        if (outcome.by != tutti::Invalidation::By::acknowledgements) {
            throw std::runtime_error("not acknowledged: " + outcome.reason);
        }
        took.push_back(microseconds(outcome.took));
    }
    return took;
}

Microseconds measure_tutti(const Instances& instances) {
    Microseconds took;
    for (int round = 0; round < rounds; ++round) {
        const auto target = instances.front()->status().applied + 1;
        const auto begun = tutti::Boottime::now();
        instances.front()->invalidate("key-" + std::to_string(round));
        tutti::TimePoint last;
        for (const auto& instance : instances) {
            auto status = instance->status();
            while (status.applied < target) {
                std::this_thread::sleep_for(200us);
                status = instance->status();
            }
            last = std::max(last, status.applied_at);
        }
        took.push_back(microseconds(last - begun));
    }
    return took;
}

class RawSubscriber {
public:
    explicit RawSubscriber(int port) : context_(redisConnect("127.0.0.1", port)) {
        freeReplyObject(redisCommand(context_, "SUBSCRIBE raw"));
        thread_ = std::thread([this] {
            void* reply = nullptr;
            while (redisGetReply(context_, &reply) == REDIS_OK) {
                const auto now = tutti::Boottime::now();
                freeReplyObject(reply);
                received_at.store(now.time_since_epoch().count());
                received.fetch_add(1);
            }
        });
    }
    ~RawSubscriber() {
        ::shutdown(context_->fd, SHUT_RDWR);
        thread_.join();
        redisFree(context_);
    }
    RawSubscriber(const RawSubscriber&) = delete;
    RawSubscriber& operator=(const RawSubscriber&) = delete;

    std::atomic<int> received = 0;
    std::atomic<tutti::Duration::rep> received_at = 0;  // before `received` counts it

private:
    redisContext* context_;
    std::thread thread_;
};

Microseconds measure_raw(int port, int count) {
    std::vector<std::unique_ptr<RawSubscriber>> subscribers;
    for (int n = 0; n < count; ++n) subscribers.push_back(std::make_unique<RawSubscriber>(port));
    redisContext* publisher = redisConnect("127.0.0.1", port);
    Microseconds took;
    for (int round = 1; round <= rounds; ++round) {
        const auto begun = tutti::Boottime::now();
        freeReplyObject(redisCommand(
            publisher, "PUBLISH raw {\"type\":\"channel\",\"channelId\":\"%d\"}", round));
        tutti::Duration::rep last = 0;
        for (const auto& subscriber : subscribers) {
            while (subscriber->received.load() < round) std::this_thread::sleep_for(200us);
            last = std::max(last, subscriber->received_at.load());
        }
        took.push_back(microseconds(tutti::TimePoint{tutti::Duration{last}} - begun));
    }
    redisFree(publisher);
    return took;
}

Microseconds measure_ioredis(tests::LineProcess& peer, int count) {
    peer.write(std::to_string(count) + " " + std::to_string(rounds));
    std::istringstream line(peer.read(60s));
    Microseconds took;
    for (double value = 0; line >> value;) took.push_back(value);
    return took;
}

void print(int count, const char* name, const Microseconds& took, double floor) {
    const double p50 = bench::percentile(took, 0.5);
    std::printf("%9d  %-8s %10.0f %10.0f %10.2f\n", count, name, p50, bench::percentile(took, 0.99),
                p50 / floor);
}

}  // namespace

int main() {
    tests::RedisServer redis;
    std::unique_ptr<tests::LineProcess> peer;
    if (std::filesystem::exists(TUTTI_PEERS "/node_modules")) {
        peer = std::make_unique<tests::LineProcess>(
            std::vector<std::string>{"node", TUTTI_PEERS "/fanout.mjs", redis.url()});
        peer->read();
    } else {
        std::printf("ioredis is left out: run `npm ci` in bench/peers first\n");
    }
    std::printf("%9s  %-8s %10s %10s %10s   (%d rounds)\n", "instances", "", "p50 us", "p99 us",
                "p50 / raw", rounds * turns);
    for (const int count : {4, 16}) {
        std::map<std::string, Microseconds> all;
        const auto add = [&](const char* name, const Microseconds& took) {
            all[name].insert(all[name].end(), took.begin(), took.end());
        };
        for (int turn = 0; turn < turns; ++turn) {
            add("raw", measure_raw(redis.port(), count));
            const Instances instances = start_instances(redis.url(), count);
            add("tutti", measure_tutti(instances));
            add("acked", measure_acked(instances));
            if (peer) add("ioredis", measure_ioredis(*peer, count));
        }
        const double floor = bench::percentile(all["raw"], 0.5);
        for (const auto& [name, took] : all) print(count, name.c_str(), took, floor);
    }
}
