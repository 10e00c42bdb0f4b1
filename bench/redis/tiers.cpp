// What a read costs by the tier that answers it, beside a floor of that tier in the same run:
//   memory   `coherent` and `local` beside a bare MemoryCache, one thread
//   store    `shared` without memory beside hiredis GET on the same redis-server, one by one
#include <hiredis/hiredis.h>

#include <cstdio>
#include <functional>

#include "bench/statistics.hpp"
#include "support/redis_server.hpp"
#include "tutti/memory_cache.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using Options = tutti::CacheOptions<std::string, std::string>;

constexpr int memory_reads = 2'000'000;
constexpr int store_reads = 5'000;
constexpr int turns = 5;

double nanoseconds_each(int count, const std::function<void()>& read) {
    const auto begun = tutti::Boottime::now();
    for (int n = 0; n < count; ++n) read();
    return static_cast<double>((tutti::Boottime::now() - begun).count()) / count;
}

Options options(std::string name) {
    return {.name = std::move(name),
            .caches = "values",
            .stale = tutti::Stale::acceptable,
            .load = [](const std::string&, tutti::LoadContext&) { return std::string(100, 'x'); }};
}

Options in_memory(std::string name) {
    Options made = options(std::move(name));
    made.ttl = 1h;
    made.bound = tutti::entries(1000);
    return made;
}

struct Row {
    const char* name;
    std::function<void()> read;
    int count;
    std::size_t floor;  // which row it is compared with
    std::vector<double> costs = {};
};

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

int main() {
    tests::RedisServer server;
    auto node =
        tutti::Node::create({.name = "bench", .redis = server.url(), .app = "bench"}).value();
    Options coherent_options = in_memory("coherent");
    coherent_options.channel = "bench";
    Options shared_options = options("shared");
    shared_options.store = tutti::StoreTier<std::string>{.ttl = 1h, .codec = tutti::bytes_codec()};
    const auto coherent = node->coherent(std::move(coherent_options));
    const auto local = node->local(in_memory("local"));
    const auto shared = node->shared(std::move(shared_options));
    must(node->start().has_value());
    const std::string key = "300000000000000001";
    tutti::MemoryCache<std::string, std::shared_ptr<const std::string>> memory(
        {.ttl = 1h, .bound = tutti::entries(1000)});
    memory.put(key, std::make_shared<const std::string>(100, 'x'));
    must(coherent.get(key) && local.get(key) && shared.get(key));
    server.command({"SET", "plain", std::string(100, 'x')});
    redisContext* context = redisConnect("127.0.0.1", server.port());

    std::vector<Row> rows{
        {"memory: MemoryCache", [&] { must(memory.get(key).has_value()); }, memory_reads, 0},
        {"memory: local", [&] { must(local.get(key)->found()); }, memory_reads, 0},
        {"memory: coherent", [&] { must(coherent.get(key)->found()); }, memory_reads, 0},
        {"store: hiredis GET", [&] { freeReplyObject(redisCommand(context, "GET plain")); },
         store_reads, 3},
        {"store: shared", [&] { must(shared.get(key)->tier() == tutti::Tier::store); }, store_reads,
         3},
    };
    for (int turn = 0; turn < turns; ++turn) {
        for (Row& row : rows) row.costs.push_back(nanoseconds_each(row.count, row.read));
    }
    std::printf("%-24s %12s %10s\n", "one read", "ns, median", "ratio");
    for (const Row& row : rows) {
        const double cost = bench::percentile(row.costs, 0.5);
        std::printf("%-24s %12.0f %10.2f\n", row.name, cost,
                    cost / bench::percentile(rows[row.floor].costs, 0.5));
    }
    redisFree(context);
}
