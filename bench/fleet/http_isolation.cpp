// How long activation lookups take while another upstream stalls: over one pool of connections for
// both upstreams, and over a pool for each, in turn in the same run. Both pools have the same
// bounds, and the gateway answers at once in either case: what differs is only who waits for whom.
//
//     bench_http_isolation [seconds for each measurement, default 3]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti::services;
using tutti::Boottime;

constexpr std::size_t pool_size = 8;
constexpr int stalled_callers = 16;  // so that the pool is full and its queue is not empty
constexpr int lookup_callers = 2;
constexpr auto stall = 100ms;         // until the other upstream answers
constexpr auto lookup_deadline = 5s;  // of an activation
constexpr auto background_deadline = 2s;

// Answers after a while, until it is let go.
class StallingUpstream {
public:
    ~StallingUpstream() {
        {
            const std::lock_guard lock(mutex_);
            let_go_ = true;
        }
        changed_.notify_all();
        server_->stop();
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }

private:
    http::Response answer() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stall, [this] { return let_go_; });
        return http::text_response(200, "late");
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool let_go_ = false;
    std::unique_ptr<http::Server> server_ =
        *http::Server::start({.limits = {.internal = {.workers = 32}}},
                             [this](const http::Request&) { return answer(); });
};

struct Measured {
    std::vector<double> milliseconds;
    int failed = 0;
};

class Lookups {
public:
    Lookups(http::Client& client, std::string url) : client_(client), url_(std::move(url)) {}

    void run(const std::atomic<bool>& stop) {
        std::vector<double> taken;
        int failed = 0;
        while (!stop) {
            const auto begun = Boottime::now();
            const auto answer =
                client_.send(url_, {.path = "/user/channel/500"}, begun + lookup_deadline);
            failed += answer && answer->ok() ? 0 : 1;
            taken.push_back(
                std::chrono::duration<double, std::milli>(Boottime::now() - begun).count());
        }
        const std::lock_guard lock(mutex_);
        measured_.milliseconds.insert(measured_.milliseconds.end(), taken.begin(), taken.end());
        measured_.failed += failed;
    }
    [[nodiscard]] const Measured& measured() const { return measured_; }

private:
    http::Client& client_;
    std::string url_;
    std::mutex mutex_;
    Measured measured_;
};

struct Upstreams {
    std::string gateway;
    std::string other;
};

Measured measure(http::Client& for_lookups, http::Client& for_other, const Upstreams& upstreams,
                 std::chrono::seconds duration) {
    std::atomic<bool> stop{false};
    Lookups lookups(for_lookups, upstreams.gateway);
    std::vector<std::jthread> threads;
    for (int i = 0; i < stalled_callers; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                (void)for_other.send(upstreams.other, {}, Boottime::now() + background_deadline);
            }
        });
    }
    while (for_other.metrics().in_flight < pool_size) std::this_thread::yield();
    for (int i = 0; i < lookup_callers; ++i) threads.emplace_back([&] { lookups.run(stop); });
    std::this_thread::sleep_for(duration);
    stop = true;
    threads.clear();
    return lookups.measured();
}

http::Client::Options pool(std::string name) {
    return {.name = std::move(name), .concurrent_max = pool_size, .idle_max = pool_size};
}

void print(const char* name, const Measured& of) {
    std::printf("%-16s %10zu %8d %10.2f %10.2f %10.2f\n", name, of.milliseconds.size(), of.failed,
                bench::percentile(of.milliseconds, 0.5), bench::percentile(of.milliseconds, 0.99),
                bench::percentile(of.milliseconds, 1.0));
}

}  // namespace

int main(int argc, char** argv) {
    const std::chrono::seconds duration(argc > 1 ? std::max(1, std::atoi(argv[1])) : 3);
    const StallingUpstream stalling;
    const auto gateway = *http::Server::start({}, [](const http::Request&) {
        return http::json_response(200, R"({"isActivated":false})");
    });
    const Upstreams upstreams{.gateway = "http://127.0.0.1:" + std::to_string(gateway->port()),
                              .other = stalling.url()};

    Measured shared;
    Measured isolated;
    {
        http::Client both(pool("shared"));
        shared = measure(both, both, upstreams, duration);
    }
    {
        http::Client interactive(pool("gateway-interactive"));
        http::Client other(pool("other"));
        isolated = measure(interactive, other, upstreams, duration);
    }

    std::printf(
        "activation lookups while another upstream takes %lld ms, pools of %zu, %d callers of the "
        "other\n%-16s %10s %8s %10s %10s %10s\n",
        static_cast<long long>(stall.count()), pool_size, stalled_callers, "", "lookups", "failed",
        "p50 ms", "p99 ms", "max ms");
    print("one shared pool", shared);
    print("isolated pools", isolated);
    const double ratio = bench::percentile(shared.milliseconds, 0.99) /
                         bench::percentile(isolated.milliseconds, 0.99);
    std::printf("p99 shared / isolated: %.0f x\n", ratio);
    return 0;
}
