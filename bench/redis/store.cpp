// GETs per second of the store, beside hiredis on the same redis-server in the same run:
//   one at a time   each waits for the one before: latency
//   4 threads       each of them one at a time; hiredis has a connection for each
//   in flight       64 outstanding: the store pipelines by itself, hiredis by redisAppendCommand
#include <hiredis/hiredis.h>

#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "redis/open.hpp"
#include "runtime/runtime.hpp"
#include "support/redis_server.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int window = 64;
constexpr int serial_gets = 5'000;
constexpr int pipelined_gets = 100'000;
constexpr int threads = 4;
constexpr int turns = 5;

double per_second(int count, const std::function<void()>& work) {
    const auto begun = tutti::Boottime::now();
    work();
    const std::chrono::duration<double> took = tutti::Boottime::now() - begun;
    return count / took.count();
}

// Keeps at most `in_flight` GETs of the store outstanding.
class Driver {
public:
    explicit Driver(tutti::Store& store) : store_(store) {}

    void run(int count, int in_flight) {
        std::unique_lock lock(mutex_);
        for (int sent = 0; sent < count; ++sent) {
            changed_.wait(lock, [&] { return outstanding_ < in_flight; });
            ++outstanding_;
            lock.unlock();
            store_.get("key", tutti::Boottime::now() + 5s, [this](const auto& answer) {
                if (!answer || !*answer) std::abort();
                const std::lock_guard guard(mutex_);
                --outstanding_;
                changed_.notify_one();
            });
            lock.lock();
        }
        changed_.wait(lock, [&] { return outstanding_ == 0; });
    }

private:
    tutti::Store& store_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int outstanding_ = 0;
};

void hiredis_serial(redisContext* context, int count) {
    for (int n = 0; n < count; ++n) freeReplyObject(redisCommand(context, "GET key"));
}

void hiredis_pipelined(redisContext* context, int count) {
    for (int sent = 0; sent < count; sent += window) {
        for (int n = 0; n < window; ++n) redisAppendCommand(context, "GET key");
        for (int n = 0; n < window; ++n) {
            void* reply = nullptr;
            if (redisGetReply(context, &reply) != REDIS_OK) std::abort();
            freeReplyObject(reply);
        }
    }
}

void on_threads(const std::function<void(int number)>& work) {
    std::vector<std::jthread> all;
    for (int number = 0; number < threads; ++number) all.emplace_back(work, number);
}

void print(const char* name, const std::vector<double>& ours, const std::vector<double>& theirs) {
    const double a = bench::percentile(ours, 0.5);
    const double b = bench::percentile(theirs, 0.5);
    std::printf("%-16s %12.0f %12.0f %10.2f\n", name, a, b, a / b);
}

}  // namespace

int main() {
    tests::RedisServer server;
    server.command({"SET", "key", std::string(100, 'x')});
    tutti::Runtime runtime;
    runtime.start();
    auto opened = tutti::redis::open_redis(runtime, {.url = server.url(), .app = "bench"},
                                           tutti::Boottime::now() + 5s);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message().c_str());
        return 1;
    }
    std::vector<redisContext*> contexts;
    for (int n = 0; n < threads; ++n) contexts.push_back(redisConnect("127.0.0.1", server.port()));
    redisContext* context = contexts.front();
    Driver driver(*opened->store);
    std::vector<double> ours_serial, theirs_serial, ours_threads, theirs_threads;
    std::vector<double> ours_pipelined, theirs_pipelined;
    for (int turn = 0; turn < turns; ++turn) {
        ours_serial.push_back(per_second(serial_gets, [&] { driver.run(serial_gets, 1); }));
        theirs_serial.push_back(
            per_second(serial_gets, [&] { hiredis_serial(context, serial_gets); }));
        ours_threads.push_back(per_second(threads * serial_gets, [&] {
            on_threads([&](int) { Driver(*opened->store).run(serial_gets, 1); });
        }));
        theirs_threads.push_back(per_second(threads * serial_gets, [&] {
            on_threads([&](int number) { hiredis_serial(contexts[number], serial_gets); });
        }));
        ours_pipelined.push_back(
            per_second(pipelined_gets, [&] { driver.run(pipelined_gets, window); }));
        theirs_pipelined.push_back(
            per_second(pipelined_gets, [&] { hiredis_pipelined(context, pipelined_gets); }));
    }
    std::printf("%-16s %12s %12s %10s\n", "GETs a second", "tutti", "hiredis", "ratio");
    print("one at a time", ours_serial, theirs_serial);
    print("4 threads", ours_threads, theirs_threads);
    print("64 in flight", ours_pipelined, theirs_pipelined);
    for (redisContext* each : contexts) redisFree(each);
    opened->bus->close();
    runtime.stop();
}
