// What a hit of the memory tier costs: `MemoryCache` (exact LRU, TTL, one mutex) beside a floor
// that does none of it, a std::unordered_map under a std::shared_mutex. Keys are Discord ids as
// text, read in random order. The last lines are the ratios of the medians.
#include "tutti/memory_cache.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tutti/detail/key_hash.hpp"

namespace {

using namespace std::chrono_literals;

class Tutti {
public:
    explicit Tutti(std::size_t limit) : cache_({.ttl = 1h, .bound = tutti::entries(limit)}) {}
    void put(const std::string& key, std::uint64_t value) { cache_.put(key, value); }
    std::optional<std::uint64_t> get(std::string_view key) { return cache_.get(key); }

private:
    tutti::MemoryCache<std::string, std::uint64_t> cache_;
};

// What is left when the contract is taken away: no bound, no order, no age.
class Floor {
public:
    explicit Floor(std::size_t) {}
    void put(const std::string& key, std::uint64_t value) {
        const std::unique_lock lock(mutex_);
        map_.insert_or_assign(key, value);
    }
    std::optional<std::uint64_t> get(std::string_view key) {
        const std::shared_lock lock(mutex_);
        const auto found = map_.find(key);
        return found == map_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    struct Hash : tutti::KeyHash<std::string> {
        using is_transparent = void;
    };
    std::shared_mutex mutex_;
    std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> map_;
};

// In random order, of a fixed seed: the order is the same for both.
const std::vector<std::string>& keys(std::size_t count) {
    static std::map<std::size_t, std::vector<std::string>> all;
    std::vector<std::string>& some = all[count];
    if (some.empty()) {
        for (std::size_t i = 0; i < count; ++i) {
            some.push_back(std::to_string(1'100'000'000'000'000'000 + i * 4'194'304));
        }
        std::ranges::shuffle(some, std::mt19937_64(1));
    }
    return some;
}

// Built by the first of the benchmark's threads, used by all.
template <class Cache>
Cache& filled(std::size_t count) {
    static std::mutex mutex;
    static std::map<std::size_t, std::unique_ptr<Cache>> all;
    const std::lock_guard lock(mutex);
    std::unique_ptr<Cache>& cache = all[count];
    if (!cache) {
        cache = std::make_unique<Cache>(count);
        std::uint64_t value = 0;
        std::vector<std::string> order = keys(count);  // not the order in which they are read
        std::ranges::sort(order);
        for (const std::string& key : order) cache->put(key, value++);
    }
    return *cache;
}

template <class Cache>
void hit(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    Cache& cache = filled<Cache>(count);
    const std::vector<std::string>& order = keys(count);
    std::size_t next = count / 2 * static_cast<std::size_t>(state.thread_index());
    std::uint64_t misses = 0;
    for (auto _ : state) {
        const auto value = cache.get(order[next]);
        misses += !value;
        benchmark::DoNotOptimize(value);
        if (++next == count) next = 0;
    }
    if (misses > 0) state.SkipWithError("a hit was expected");
}

// Prints as usual, and keeps the medians.
class Ratios : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        ConsoleReporter::ReportRuns(runs);
        for (const Run& run : runs) {
            if (run.aggregate_name != "median") continue;
            const std::string& contender = run.run_name.function_name;
            // Per operation as a caller sees it, whatever the number of threads.
            const double ns = run.GetAdjustedRealTime() * static_cast<double>(run.threads);
            medians_[run.run_name.args + " entries, " + run.run_name.threads][contender] = ns;
        }
    }

    void print() const {
        for (const auto& [name, of] : medians_) {
            if (!of.contains("tutti") || !of.contains("floor")) continue;
            std::printf("hit, %-25s tutti %6.1f ns, floor %6.1f ns, ratio %.2f\n", name.c_str(),
                        of.at("tutti"), of.at("floor"), of.at("tutti") / of.at("floor"));
        }
    }

private:
    std::map<std::string, std::map<std::string, double>> medians_;
};

void arrange(benchmark::internal::Benchmark* one) {
    one->Arg(1000)->Arg(100'000)->Threads(1)->Threads(2)->UseRealTime();
    one->Repetitions(5)->ReportAggregatesOnly();
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    for (const std::size_t count : {1000U, 100'000U}) keys(count);  // before there are threads
    arrange(benchmark::RegisterBenchmark("tutti", hit<Tutti>));
    arrange(benchmark::RegisterBenchmark("floor", hit<Floor>));
    Ratios ratios;
    benchmark::RunSpecifiedBenchmarks(&ratios);
    ratios.print();
}
