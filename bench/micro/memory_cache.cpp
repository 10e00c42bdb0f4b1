// What `MemoryCache` costs beside caches that were written by hand for the purpose
// (peers/hand_caches.hpp), and what a declared cache, read through its handle, costs beside
// `MemoryCache` and the clock.
//
//   bench_memory_cache [part of a contender's name]  ns for each operation and thread, and ratios
//   bench_memory_cache handles                       the same of declared caches
//   bench_memory_cache big                           reads of a million entries, huge pages or not
//   bench_memory_cache bytes NAME 8|20               bytes for each of a million entries
//   bench_memory_cache pauses                        single operations, growing to 10 million
//
// 65,536 entries of which 61,440 are in use, keys drawn by Zipf's law (0.99), TTL on. `read`: all
// hit; `mixed`: one in four overwrites; `write`: all overwrite; `load`: ten times as many keys as
// places, a miss puts.
//
// Works on a busy machine, too: what is timed is a slice of 16,384 operations; contenders take
// turns; a slice counts only if the other threads got on meanwhile; reported is the lower quartile
// of many.
#include "tutti/memory_cache.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/peers/hand_caches.hpp"
#include "bench/statistics.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using Nanoseconds = std::chrono::duration<double, std::nano>;

constexpr std::size_t slice = 16'384;  // operations

template <class K, class V, tutti::Eviction eviction>
class Tutti {
public:
    explicit Tutti(std::size_t limit) : Tutti(tutti::entries(limit)) {}
    std::optional<V> get(bench::ViewOf<K> key) { return cache_.get(key); }
    void put(K key, const V& value) { cache_.put(std::move(key), value); }

protected:
    explicit Tutti(tutti::Bound bound)
        : cache_({.ttl = 1h, .bound = bound, .eviction = eviction}) {}

private:
    tutti::MemoryCache<K, V> cache_;
};

template <class K, class V>
class InHugePages : public Tutti<K, V, tutti::Eviction::adaptive> {
public:
    explicit InHugePages(std::size_t limit)
        : Tutti<K, V, tutti::Eviction::adaptive>(tutti::entries(limit).in_huge_pages()) {}
};

// A declared cache whose loader answers at once: what is not there is loaded by the read.
template <class K, class V, bool coherent>
class Declared {
public:
    explicit Declared(std::size_t limit) {
        tutti::CacheOptions<K, V> options{
            .name = "bench",
            .caches = "values",
            .stale = coherent ? tutti::Stale::wrong : tutti::Stale::acceptable,
            .ttl = 1h,
            .bound = tutti::entries(limit),
            .load = [](const K&, tutti::LoadContext, tutti::Completion<tutti::Loaded<V>> done) {
                done(V{});
            }};
        if constexpr (coherent) {
            options.channel = "bench";
            handle_.emplace(node_->coherent(std::move(options)));
        } else {
            handle_.emplace(node_->local(std::move(options)));
        }
        if (auto started = node_->start(); !started) throw tutti::BadResult(started.error());
    }
    // What a read has returned; true if it was a hit.
    struct Got {
        tutti::Result<tutti::Lookup<V>> answer;

        explicit operator bool() const { return answer && answer->tier() == tutti::Tier::memory; }
        const V& operator*() const { return **answer; }
    };
    Got get(const K& key) { return {handle_->get(key)}; }
    void put(const K& key, const V&) { (void)handle_->get(key); }

private:
    using Handle = std::conditional_t<coherent, tutti::Coherent<K, V>, tutti::Local<K, V>>;
    std::unique_ptr<tutti::Node> node_ =
        tutti::Node::create({.name = "bench", .app = "bench"}).value();
    std::optional<Handle> handle_;
};

// What a look at the machine's clock costs beside `MemoryCache`.
template <class K, class V>
class AndClock : public Tutti<K, V, tutti::Eviction::adaptive> {
public:
    using Tutti<K, V, tutti::Eviction::adaptive>::Tutti;
    std::optional<V> get(bench::ViewOf<K> key) {
        benchmark::DoNotOptimize(tutti::Boottime::now());
        return Tutti<K, V, tutti::Eviction::adaptive>::get(key);
    }
};

struct Hundred {
    char bytes[100];
};
template <class V>
V value_of(std::uint64_t number) {
    V value{};
    std::memcpy(&value, &number, sizeof number);
    return value;
}
template <class K>
K key_of(std::uint64_t number) {
    const std::uint64_t id = bench::scrambled(number + 1);
    if constexpr (std::is_same_v<K, std::string>) {
        return std::to_string(10'000'000'000'000'000'000U + id % 8'400'000'000'000'000'000U);
    } else {
        return id;
    }
}

// Ranks by Zipf's law, by the method of Gray et al. (SIGMOD 1994).
class Zipf {
public:
    explicit Zipf(std::size_t count) : count_(static_cast<double>(count)) {
        for (std::size_t i = 1; i <= count; ++i) zeta_ += std::pow(static_cast<double>(i), -skew);
        eta_ = (1 - std::pow(2 / count_, 1 - skew)) / (1 - (1 + std::pow(0.5, skew)) / zeta_);
    }
    std::uint64_t operator()(std::uint64_t& state) const {
        state += 0x9e3779b97f4a7c15;
        const double u = static_cast<double>(bench::scrambled(state) >> 11) * 0x1p-53;
        if (u * zeta_ < 1) return 0;
        if (u * zeta_ < 1 + std::pow(0.5, skew)) return 1;
        const double rank = count_ * std::pow(eta_ * u - eta_ + 1, 1 / (1 - skew));
        return static_cast<std::uint64_t>(std::min(rank, count_ - 1));
    }

private:
    static constexpr double skew = 0.99;
    double count_;
    double zeta_ = 0;
    double eta_ = 0;
};

template <class K>
std::vector<K> trace(std::size_t keys, std::uint64_t seed) {
    constexpr std::size_t length = 1U << 20;
    const Zipf zipf(keys);
    std::vector<K> drawn;
    drawn.reserve(length);
    for (std::size_t i = 0; i < length; ++i) drawn.push_back(key_of<K>(zipf(seed)));
    return drawn;
}

enum class Work { read, mixed, write, load };
constexpr const char* names_of_work[] = {"read", "mixed", "write", "load"};

struct Tally {
    std::uint64_t gets = 0;
    std::uint64_t hits = 0;
};

template <class V, class Cache, class K>
void work_on(Cache& cache, const K* keys, Work work, Tally& tally) {
    for (std::size_t i = 0; i < slice; ++i) {
        if (work == Work::write || (work == Work::mixed && i % 4 == 3)) {
            cache.put(keys[i], value_of<V>(i));
            continue;
        }
        ++tally.gets;
        if (const auto got = cache.get(keys[i])) {
            benchmark::DoNotOptimize(*got);
            ++tally.hits;
        } else if (work == Work::load) {
            cache.put(keys[i], value_of<V>(i));
        }
    }
}

// What the slices of all threads took, for each operation.
template <class V, class Cache, class K>
std::vector<double> run(Cache& cache, const std::vector<std::vector<K>>& traces, Work work,
                        std::size_t threads, Tally& total) {
    struct alignas(64) Worker {
        std::atomic<std::size_t> done{0};
        std::vector<double> took;
        Tally tally;
    };
    constexpr std::size_t slices = 8;
    static std::size_t begin = 0;
    begin += slices * slice;
    std::vector<Worker> workers(threads);
    std::atomic<std::size_t> ready{0};
    const auto done_by_others = [&](std::size_t me) {
        std::size_t sum = 0;
        for (std::size_t t = 0; t < threads; ++t) sum += t == me ? 0 : workers[t].done.load();
        return sum;
    };
    const auto body = [&](std::size_t me) {
        const auto& keys = traces[me % traces.size()];
        const std::size_t offset = begin + me / traces.size() * (keys.size() / 4);
        ++ready;
        while (ready < threads) std::this_thread::yield();
        for (std::size_t i = 0; i < slices; ++i) {
            const std::size_t others = done_by_others(me);
            const auto start = std::chrono::steady_clock::now();
            work_on<V>(cache, &keys[(offset + i * slice) % keys.size()], work, workers[me].tally);
            const Nanoseconds took = std::chrono::steady_clock::now() - start;
            ++workers[me].done;
            if (threads == 1 || done_by_others(me) > others)
                workers[me].took.push_back(took / 1ns / slice);
        }
    };
    {
        std::vector<std::jthread> running;
        for (std::size_t t = 0; t < threads; ++t) running.emplace_back(body, t);
    }
    std::vector<double> took;
    for (const Worker& worker : workers) {
        took.insert(took.end(), worker.took.begin(), worker.took.end());
        total.gets += worker.tally.gets;
        total.hits += worker.tally.hits;
    }
    return took;
}

std::string only;  // contenders of this name

// One contender: runs a round, and knows all its slices.
struct Contender {
    std::string name;
    std::function<void(Work, std::size_t threads)> round;
    std::shared_ptr<std::vector<double>> took = std::make_shared<std::vector<double>>();
    std::shared_ptr<Tally> tally = std::make_shared<Tally>();
};

template <class K, class V>
struct Traces {
    std::size_t capacity = 65'536;
    std::size_t in_use = capacity - capacity / 16;
    std::vector<std::vector<K>> hits = {trace<K>(in_use, 1), trace<K>(in_use, 2)};
    std::vector<std::vector<K>> loads = {trace<K>(capacity * 10, 3), trace<K>(capacity * 10, 4)};
};

template <class Cache, class K, class V>
Contender contender(const char* name, const Traces<K, V>& traces) {
    auto full = std::make_shared<Cache>(traces.capacity);
    for (std::size_t i = 0; i < traces.in_use; ++i) full->put(key_of<K>(i), value_of<V>(i));
    auto filling = std::make_shared<Cache>(traces.capacity);
    Contender one{.name = name, .round = {}};
    one.round = [=, &traces, took = one.took, tally = one.tally](Work work, std::size_t threads) {
        const bool load = work == Work::load;
        const auto some = run<V>(load ? *filling : *full, load ? traces.loads : traces.hits, work,
                                 threads, *tally);
        took->insert(took->end(), some.begin(), some.end());
    };
    return one;
}

void compare(const char* content, std::vector<Contender>& contenders, Work work,
             std::size_t threads) {
    constexpr int rounds = 10;
    std::erase_if(contenders, [](const auto& one) { return !one.name.contains(only); });
    for (auto& one : contenders) one.took->clear();
    for (int round = 0; round < rounds; ++round) {
        for (auto& one : contenders) {
            *one.tally = {};
            one.round(work, threads);
        }
    }
    std::printf("%-5s %-8s %zu threads", names_of_work[static_cast<int>(work)], content, threads);
    double first = 0;
    for (auto& one : contenders) {
        if (one.took->empty()) continue;
        const double ns = bench::percentile(*one.took, 0.25);
        if (first == 0) first = ns;
        std::printf(" | %s %6.1f (%.2f)", one.name.c_str(), ns, first / ns);
        if (work == Work::load) {
            std::printf(" hits %.3f",
                        static_cast<double>(one.tally->hits) /
                            static_cast<double>(std::max<std::uint64_t>(one.tally->gets, 1)));
        }
    }
    std::printf("\n");
    std::fflush(stdout);
}

template <class K, class V>
void compare_all(const char* content) {
    const Traces<K, V> traces;
    std::vector<Contender> contenders = {
        contender<Tutti<K, V, tutti::Eviction::adaptive>>("tutti", traces),
        contender<bench::HandSieve<K, V>>("sieve", traces),
        contender<bench::HandFlat<K, V>>("flat", traces),
        contender<bench::HandLru<K, V>>("list", traces),
        contender<Tutti<K, V, tutti::Eviction::lru>>("tutti-lru", traces),
    };
    for (const Work work : {Work::read, Work::mixed, Work::write, Work::load}) {
        for (const std::size_t threads : {1U, 2U, 8U}) compare(content, contenders, work, threads);
    }
}

template <class K, class V>
void compare_handles(const char* content) {
    const Traces<K, V> traces;
    std::vector<Contender> contenders = {
        contender<AndClock<K, V>>("tutti and clock", traces),
        contender<Tutti<K, V, tutti::Eviction::adaptive>>("tutti", traces),
        contender<Declared<K, V, false>>("local", traces),
        contender<Declared<K, V, true>>("coherent", traces),
    };
    for (const std::size_t threads : {1U, 2U, 8U}) {
        compare(content, contenders, Work::read, threads);
    }
    for (const std::size_t threads : {1U, 2U}) compare(content, contenders, Work::load, threads);
}

template <class K, class V>
void compare_big(const char* content) {
    const Traces<K, V> traces{.capacity = 1U << 20U};
    std::vector<Contender> contenders = {
        contender<bench::HandSieve<K, V>>("sieve", traces),
        contender<Tutti<K, V, tutti::Eviction::adaptive>>("tutti", traces),
        contender<InHugePages<K, V>>("tutti in huge pages", traces),
        contender<bench::HandFlat<K, V>>("flat", traces),
    };
    for (const std::size_t threads : {1U, 2U}) compare(content, contenders, Work::read, threads);
}

double resident_bytes() {
    long pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

template <class Cache, class K>
void weigh() {
    constexpr std::size_t count = 1'000'000;
    const double before = resident_bytes();
    Cache cache(count + count / 8);
    for (std::size_t i = 0; i < count; ++i) cache.put(key_of<K>(i), i);
    std::printf("%.1f bytes for each entry\n", (resident_bytes() - before) / count);
}

template <class K>
int weigh(std::string_view name) {
    if (name == "tutti") weigh<Tutti<K, std::uint64_t, tutti::Eviction::adaptive>, K>();
    if (name == "huge") weigh<InHugePages<K, std::uint64_t>, K>();
    if (name == "local") weigh<Declared<K, std::uint64_t, false>, K>();
    if (name == "sieve") weigh<bench::HandSieve<K, std::uint64_t>, K>();
    if (name == "flat") weigh<bench::HandFlat<K, std::uint64_t>, K>();
    if (name == "list") weigh<bench::HandLru<K, std::uint64_t>, K>();
    return 0;
}

int show_pauses() {
    constexpr std::size_t count = 10'000'000;
    Tutti<std::uint64_t, std::uint64_t, tutti::Eviction::adaptive> cache(count);
    std::vector<double> puts;
    std::vector<double> gets;
    const auto timed = [](auto operation) {
        const auto start = std::chrono::steady_clock::now();
        operation();
        return Nanoseconds(std::chrono::steady_clock::now() - start) / 1ns;
    };
    for (std::size_t i = 0; i < count; ++i) {
        puts.push_back(timed([&] { cache.put(key_of<std::uint64_t>(i), i); }));
        const std::size_t some = bench::scrambled(i) % (i + 1);
        gets.push_back(timed([&] { (void)cache.get(key_of<std::uint64_t>(some)); }));
    }
    for (const auto& [name, of] : {std::pair{"put", &puts}, std::pair{"get", &gets}}) {
        std::printf(
            "%s: median %.0f ns, p99.9 %.0f ns, p99.99 %.0f ns, p99.999 %.0f ns, longest %.0f us\n",
            name, bench::percentile(*of, 0.5), bench::percentile(*of, 0.999),
            bench::percentile(*of, 0.9999), bench::percentile(*of, 0.99999),
            bench::percentile(*of, 1) / 1000);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && words[0] == "pauses") return show_pauses();
    if (words.size() == 3 && words[0] == "bytes") {
        return words[2] == "8" ? weigh<std::uint64_t>(words[1]) : weigh<std::string>(words[1]);
    }
    if (!words.empty() && words[0] == "handles") {
        compare_handles<std::uint64_t, std::uint64_t>("8 + 8");
        compare_handles<std::string, Hundred>("20 + 100");
        return 0;
    }
    if (!words.empty() && words[0] == "big") {
        compare_big<std::uint64_t, std::uint64_t>("8 + 8");
        compare_big<std::string, Hundred>("20 + 100");
        return 0;
    }
    if (!words.empty()) only = words[0];
    compare_all<std::uint64_t, std::uint64_t>("8 + 8");
    compare_all<std::string, Hundred>("20 + 100");
}
