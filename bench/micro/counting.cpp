// What counting costs on a hit in memory: the same hits in this process, which counts them, and in
// bench_uncounted, where the memory of a cache counts no hits. In turns, in the same run; one
// thread, and two that read one cache.
//
//   bench_counting          nanoseconds a hit, medians, and their ratio
//   bench_uncounted         the other half: for each line "<threads>" prints nanoseconds a hit
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "support/line_process.hpp"
#include "tutti/clock.hpp"
#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t keys = 1'000;
constexpr std::size_t hits_a_thread = 500'000;
constexpr int rounds = 21;

class Reader {
public:
    Reader() {
        node_->start().value();
        for (std::size_t n = 0; n < keys; ++n) {
            names_.push_back("channel-" + std::to_string(n));
            (void)cache_.get(names_.back());
        }
    }

    // Nanoseconds a hit.
    double measure(int threads) {
        std::vector<double> took(static_cast<std::size_t>(threads));
        {
            std::vector<std::jthread> readers;
            for (double& each : took) readers.emplace_back([&] { each = read(); });
        }
        return bench::percentile(took, 0.5);
    }

private:
    double read() {
        const tutti::TimePoint begun = tutti::Boottime::now();
        for (std::size_t n = 0; n < hits_a_thread; ++n) {
            if (!cache_.get(names_[n % keys])) std::abort();
        }
        const std::chrono::duration<double, std::nano> all = tutti::Boottime::now() - begun;
        return all.count() / hits_a_thread;
    }

    std::unique_ptr<tutti::Node> node_ = tutti::Node::create({.name = "bench"}).value();
    tutti::Local<std::string, int> cache_ = node_->local<std::string, int>(
        {.name = "counted",
         .caches = "numbers",
         .stale = tutti::Stale::acceptable,
         .ttl = 1h,
         .bound = tutti::entries(2 * keys),
         .load = [](const std::string&, tutti::LoadContext&) -> tutti::Result<int> { return 7; }});
    std::vector<std::string> names_;
};

#ifdef TUTTI_UNCOUNTED
int serve() {
    Reader reader;
    std::printf("ready\n");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        std::printf("%.3f\n", reader.measure(std::stoi(line)));
        std::fflush(stdout);
    }
    return 0;
}
#else
void compare(Reader& reader, tests::LineProcess& uncounted, int threads) {
    std::vector<double> with;
    std::vector<double> without;
    for (int round = 0; round < rounds; ++round) {
        with.push_back(reader.measure(threads));
        uncounted.write(std::to_string(threads));
        without.push_back(std::stod(uncounted.read(1min)));
    }
    const double a = bench::percentile(with, 0.5);
    const double b = bench::percentile(without, 0.5);
    std::printf(
        "%d thread%s   counted %6.1f ns (%.1f to %.1f)   not counted %6.1f ns (%.1f to %.1f)"
        "   ratio %.2f\n",
        threads, threads == 1 ? " " : "s", a, bench::percentile(with, 0.1),
        bench::percentile(with, 0.9), b, bench::percentile(without, 0.1),
        bench::percentile(without, 0.9), a / b);
}
#endif

}  // namespace

int main() {
#ifdef TUTTI_UNCOUNTED
    return serve();
#else
    Reader reader;
    tests::LineProcess uncounted({TUTTI_UNCOUNTED_PROGRAM});
    (void)uncounted.read();  // it is ready
    std::printf("a hit in memory, medians of %d rounds in turns (a tenth to nine tenths)\n",
                rounds);
    for (const int threads : {1, 2}) compare(reader, uncounted, threads);
    return 0;
#endif
}
