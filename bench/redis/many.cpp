// What `get_many` of 200 cold keys takes beside the read of one, in the same run, in medians: from
// a source that takes 2 ms for a query, whatever it asks for, and with a redis-server behind a wire
// on which a round trip takes 20 ms, so that a second one shows. Fails when it takes more than
// twice as long, or more than one query. What each further key costs is printed: over a shorter
// wire that is most of it.
//
// Beside it a floor: 200 GETs of hiredis in one pipeline over the same wire, of the same values.
// The last line is of a `shared` cache, whose readers wait until what was loaded is stored.
//
//   bench_many [rounds] [milliseconds of a round trip]
#include <hiredis/hiredis.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/redis/slow_wire.hpp"
#include "bench/statistics.hpp"
#include "support/redis_server.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using Keys = std::vector<std::string>;
using Options = tutti::CacheOptions<std::string, std::string>;

constexpr std::size_t many = 200;
constexpr auto query = 2ms;
constexpr std::size_t value_bytes = 100;

void must(bool good) {
    if (!good) std::abort();
}

class Source {
public:
    [[nodiscard]] Options options(std::string name) {
        return {.name = std::move(name),
                .caches = "values",
                .stale = tutti::Stale::wrong,
                .ttl = 1h,
                .bound = tutti::entries(1'000'000),
                .load_many =
                    [this](std::span<const std::string> keys, tutti::LoadContext&) {
                        ++queries;
                        std::this_thread::sleep_for(query);
                        std::unordered_map<std::string, std::string> rows;
                        for (const std::string& key : keys)
                            rows.emplace(key, std::string(value_bytes, 'x'));
                        return rows;
                    },
                .channel = "bench"};
    }
    std::atomic<std::size_t> queries = 0;
};

double milliseconds(const std::function<void()>& work) {
    const auto begun = tutti::Boottime::now();
    work();
    return std::chrono::duration<double, std::milli>(tutti::Boottime::now() - begun).count();
}

// Never the same in a run.
Keys fresh_keys(std::size_t count) {
    static std::size_t next = 0;
    Keys keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back("key" + std::to_string(next++));
    return keys;
}

using Read = std::function<double(const Keys&)>;

// A reader is answered before the store has what was loaded.
void await_store() { std::this_thread::sleep_for(100ms); }

double get_many(const auto& cache, const Keys& keys) {
    await_store();
    return milliseconds([&] {
        for (const auto& found : cache.get_many(keys)) must(found.has_value());
    });
}

// Prints how both compare; true if it is at most twice as long, in that many queries.
bool compare(const char* what, std::size_t rounds, Source& source, std::size_t queries,
             const Read& read) {
    std::vector<double> ones;
    std::vector<double> all;
    std::size_t asked = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        ones.push_back(read(fresh_keys(1)));
        const std::size_t before = source.queries;
        all.push_back(read(fresh_keys(many)));
        asked = std::max(asked, source.queries - before);
    }
    const double one = bench::percentile(ones, 0.5);
    const double of_all = bench::percentile(all, 0.5);
    const double further = (of_all - one) / (many - 1) * 1000;
    std::printf(
        "%-22s one key %5.2f ms, %zu keys %5.2f ms in %zu queries: ratio %.2f, %3.0f us for each "
        "further key\n",
        what, one, many, of_all, asked, of_all / one, further);
    return of_all <= 2 * one && asked == queries;
}

// No protocol but Redis' own.
class Pipeline {
public:
    explicit Pipeline(std::uint16_t port) : context_(::redisConnect("127.0.0.1", port)) {
        must(context_ != nullptr && context_->err == 0);
    }
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;
    ~Pipeline() { ::redisFree(context_); }

    [[nodiscard]] std::size_t sets(const Keys& keys) {
        const std::string value(value_bytes, 'x');
        return run(keys, [&](const std::string& key) {
            ::redisAppendCommand(context_, "SET %s %s", key.c_str(), value.c_str());
        });
    }
    [[nodiscard]] std::size_t gets(const Keys& keys) {
        return run(keys, [&](const std::string& key) {
            ::redisAppendCommand(context_, "GET %s", key.c_str());
        });
    }

private:
    // Returns how many bytes came back.
    std::size_t run(const Keys& keys, const auto& append) {
        for (const std::string& key : keys) append(key);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            void* answer = nullptr;
            must(::redisGetReply(context_, &answer) == REDIS_OK && answer != nullptr);
            bytes += static_cast<redisReply*>(answer)->len;
            ::freeReplyObject(answer);
        }
        return bytes;
    }

    redisContext* const context_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::size_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 51;
    const std::chrono::milliseconds round_trip(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20);
    tests::RedisServer server;
    bench::SlowWire wire(server.port(), round_trip / 2);
    const std::string url = "redis://127.0.0.1:" + std::to_string(wire.port());
    Source source;
    Source untouched;  // what another instance has stored is not asked for
    const auto node = [&](const std::string& name) {
        return tutti::Node::create({.name = name, .redis = url, .app = "bench"}).value();
    };
    const auto first = node("first");
    const auto second = node("second");
    const tutti::StoreTier<std::string> tier{.ttl = 1h, .codec = tutti::bytes_codec()};
    const auto stored = [&](Source& from) {
        Options options = from.options("stored");
        options.store = tier;
        return options;
    };
    const auto in_memory = first->coherent(source.options("in-memory"));
    const auto loads = first->coherent(stored(source));
    const auto takes = second->coherent(stored(untouched));
    const auto shares = first->shared(Options{.name = "shared",
                                              .caches = "values",
                                              .stale = tutti::Stale::acceptable,
                                              .load_many = source.options("shared").load_many,
                                              .store = tier});
    must(first->start().has_value() && second->start().has_value());

    bool good = compare("from the source", rounds, source, 1,
                        [&](const Keys& keys) { return get_many(in_memory, keys); });
    good &= compare("and into the store", rounds, source, 1,
                    [&](const Keys& keys) { return get_many(loads, keys); });
    good &= compare("from the store", rounds, untouched, 0, [&](const Keys& keys) {
        get_many(loads, keys);
        return get_many(takes, keys);
    });
    good &= compare("and wait for the store", rounds, source, 1,
                    [&](const Keys& keys) { return get_many(shares, keys); });
    Pipeline bare(wire.port());
    compare("the floor: bare GETs", rounds, untouched, 0, [&](const Keys& keys) {
        must(bare.sets(keys) == 2 * keys.size());
        return milliseconds([&] { must(bare.gets(keys) == value_bytes * keys.size()); });
    });
    return good ? 0 : 1;
}
