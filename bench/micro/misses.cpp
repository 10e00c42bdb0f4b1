// What a miss of a declared cache costs beside its loader, which answers at once: nanoseconds, and
// calls of operator new.
//
//   bench_misses [misses]
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "tutti/node.hpp"

namespace {

constinit thread_local std::uint64_t allocations = 0;  // of this thread

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
// Not inlined: GCC would take `free` for the wrong partner of `new`.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace std::chrono_literals;

template <class K, bool coherent>
void measure(const char* what, std::size_t misses, K (*key)(std::uint64_t)) {
    constexpr std::size_t places = 1024;
    tutti::CacheOptions<K, std::uint64_t> options{
        .name = "bench",
        .caches = "values",
        .stale = coherent ? tutti::Stale::wrong : tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(places),
        .load = [](const K&, tutti::LoadContext,
                   tutti::Completion<tutti::Loaded<std::uint64_t>> done) {
            done(std::uint64_t{});
        }};
    const auto node = tutti::Node::create({.name = "bench", .app = "bench"}).value();
    const auto read = [&](const auto& handle) {
        node->start().value();
        std::uint64_t next = 0;
        const auto miss = [&] {
            if (!handle.get(key(next++))) std::abort();
        };
        while (next < 2 * places) miss();
        const std::uint64_t allocated = allocations;
        const auto begun = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < misses; ++i) miss();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begun;
        const auto count = static_cast<double>(misses);
        std::printf("%-18s %4.0f ns, %4.1f allocations\n", what, took.count() / count,
                    static_cast<double>(allocations - allocated) / count);
    };
    if constexpr (coherent) {
        options.channel = "bench";
        read(node->coherent(std::move(options)));
    } else {
        read(node->local(std::move(options)));
    }
}

std::uint64_t number(std::uint64_t i) { return i; }
std::string text(std::uint64_t i) { return std::to_string(10'000'000'000'000'000'000U + i); }

}  // namespace

int main(int argc, char** argv) {
    const std::size_t misses = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300'000;
    measure<std::uint64_t, false>("local 8 + 8", misses, number);
    measure<std::uint64_t, true>("coherent 8 + 8", misses, number);
    measure<std::string, true>("coherent 20 + 8", misses, text);
}
