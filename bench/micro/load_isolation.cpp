// What a source that hangs costs the readers of another cache of the same node: 40 keys of a cache
// whose loader takes two seconds are asked for, and meanwhile a cache whose loader returns at once
// is read, a key that it does not have each time. Beside it, in the same run, the same reads while
// nothing hangs, and a further key of the slow cache, which is what sharing one queue would cost.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;
using Cache = tutti::Local<std::string, int>;

constexpr int reads = 400;
constexpr int slow_keys = 40;

Cache declare(tutti::Node& node, const std::string& name, tutti::Duration takes) {
    return node.local<std::string, int>({
        .name = name,
        .caches = "numbers",
        .stale = tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(10'000),
        .load =
            [takes](const std::string&, tutti::LoadContext&) {
                if (takes > 0s) std::this_thread::sleep_for(takes);
                return 1;
            },
        .load_deadline = 60s,
    });
}

double read(const Cache& cache, const std::string& key) {
    const auto begin = tutti::Boottime::now();
    if (!cache.get(key, {.deadline = 60s})) std::puts("a read failed");
    return std::chrono::duration<double, std::micro>(tutti::Boottime::now() - begin).count();
}

void measure(const char* what, const Cache& cache) {
    std::vector<double> took;
    for (int i = 0; i < reads; ++i) took.push_back(read(cache, what + std::to_string(i)));
    std::printf("%-40s p50 %9.0f us, p99 %9.0f us\n", what, bench::percentile(took, 0.5),
                bench::percentile(took, 0.99));
}

}  // namespace

int main() {
    const auto node = tutti::Node::create({.name = "bench"}).value();
    const auto slow = declare(*node, "slow", 2s);
    const auto quick = declare(*node, "quick", 0s);
    if (!node->start()) return 1;

    measure("nothing hangs", quick);
    std::atomic<int> answered = 0;
    for (int i = 0; i < slow_keys; ++i) {
        slow.get(std::to_string(i), {.deadline = 60s}, [&](const auto&) { ++answered; });
    }
    measure("40 keys of another cache hang", quick);
    const int before = answered;
    std::printf("%-40s     %9.0f us\n", "a further key of that cache", read(slow, "further"));
    return before == 0 && answered == slow_keys ? 0 : 1;
}
