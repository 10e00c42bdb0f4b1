// One worker of the queue of jobs, beside one of BullMQ (peers/bullmq.mjs; needs `npm ci` in
// peers/) on the same redis-server in the same run: jobs of 1 kB whose handler returns at once, at
// least once in both.
//   jobs a second   all of them wait, then the worker begins: from the first one's start to the
//                   last one's end
//   start           the worker waits, and a job comes when the one before has ended: from before
//                   `enqueue` until the handler runs
//   redis           what the server worked for each job of the first figure, its enqueueing
//   included
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/statistics.hpp"
#include "common/jobs/job_queue_redis.hpp"
#include "common/jobs/job_runner.hpp"
#include "common/jobs/job_source_redis.hpp"
#include "common/process/settings.hpp"
#include "support/line_process.hpp"
#include "support/redis_server.hpp"
#include "tutti/clock.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::services;

constexpr std::size_t job_bytes = 1'000;
constexpr int jobs_a_round = 2'000;
constexpr int starts_a_round = 150;
constexpr int rounds = 9;
constexpr auto patience = 2min;

struct Starts {
    double p50 = 0;  // microseconds
    double p99 = 0;
};

class Contender {
public:
    virtual ~Contender() = default;
    virtual void fill() = 0;  // with the jobs of a round
    virtual double jobs_a_second(std::size_t concurrency) = 0;
    virtual Starts starts(std::size_t concurrency) = 0;
};

double micros(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

void wait_for(const std::function<bool()>& done) {
    const TimePoint until = Boottime::now() + patience;
    while (!done()) {
        if (Boottime::now() > until) throw std::runtime_error("the jobs do not end");
        std::this_thread::sleep_for(1ms);
    }
}

class Tutti final : public Contender {
public:
    explicit Tutti(const std::string& url)
        : producer_(client({.url = url})),
          claiming_(client({.url = url, .reply_bytes_max = jobs::claim_reply_bytes_max})),
          waiting_(client({.url = url, .connections_max = 1})),
          queue_(*producer_, {.queue = "jobs"}),
          source_(*claiming_, *waiting_, {.queue = "jobs"}) {}

    void fill() override {
        for (int n = 0; n < jobs_a_round; ++n) enqueue();
    }
    double jobs_a_second(std::size_t concurrency) override {
        std::atomic<Duration::rep> begun{0};
        auto runner = run(concurrency, [&] {
            Duration::rep none = 0;
            begun.compare_exchange_strong(none, Boottime::now().time_since_epoch().count());
        });
        wait_for([&] { return runner->figures().completed == jobs_a_round; });
        const Duration took = Boottime::now().time_since_epoch() - Duration(begun.load());
        return jobs_a_round / std::chrono::duration<double>(took).count();
    }

    Starts starts(std::size_t concurrency) override {
        std::atomic<Duration::rep> started{0};
        auto runner =
            run(concurrency, [&] { started.store(Boottime::now().time_since_epoch().count()); });
        std::this_thread::sleep_for(300ms);
        std::vector<double> took;
        for (std::uint64_t n = 1; n <= starts_a_round; ++n) {
            const TimePoint from = Boottime::now();
            enqueue();
            wait_for([&] { return runner->figures().completed == n; });
            took.push_back(micros(Duration(started.load()) - from.time_since_epoch()));
            std::this_thread::sleep_for(2ms);
        }
        return {bench::percentile(took, 0.5), bench::percentile(took, 0.99)};
    }

private:
    static std::unique_ptr<redis::RedisClient> client(redis::RedisClient::Options options) {
        return redis::RedisClient::create(std::move(options)).value();
    }

    void enqueue() {
        const std::string id = std::to_string(next_++);
        const std::array<jobs::Job, 1> one{
            jobs::Job{.job_id = "llm-" + id,
                      .request_id = id,
                      .name = jobs::reply_job,
                      .data = R"({"text":")" + std::string(job_bytes, 'x') + R"("})"}};
        queue_.enqueue(one, Boottime::now() + 2s).value();
    }

    std::unique_ptr<jobs::JobRunner> run(std::size_t concurrency, std::function<void()> note) {
        return std::make_unique<jobs::JobRunner>(
            source_,
            [note = std::move(note)](const jobs::Job&, const jobs::JobContext&) {
                note();
                return jobs::Completed{R"({"text":"done"})"};
            },
            jobs::JobRunner::Options{.worker = "bench-" + std::to_string(next_++),
                                     .concurrency = concurrency});
    }

    std::unique_ptr<redis::RedisClient> producer_;
    std::unique_ptr<redis::RedisClient> claiming_;
    std::unique_ptr<redis::RedisClient> waiting_;
    jobs::RedisJobQueue queue_;
    jobs::RedisJobSource source_;
    std::uint64_t next_ = 0;
};

class BullMq final : public Contender {
public:
    explicit BullMq(const std::string& url)
        : peer_({"node", TUTTI_PEERS "/bullmq.mjs", url, std::to_string(job_bytes)}) {
        (void)peer_.read();  // it is ready
    }

    void fill() override { ask("fill", jobs_a_round, 0); }
    double jobs_a_second(std::size_t concurrency) override {
        double rate = 0;
        ask("rate", jobs_a_round, concurrency) >> rate;
        return rate;
    }
    Starts starts(std::size_t concurrency) override {
        Starts starts;
        ask("starts", starts_a_round, concurrency) >> starts.p50 >> starts.p99;
        return starts;
    }

private:
    std::istringstream ask(const std::string& what, int count, std::size_t concurrency) {
        peer_.write(what + ' ' + std::to_string(count) + ' ' + std::to_string(concurrency));
        return std::istringstream(peer_.read(patience));
    }

    tests::LineProcess peer_;
};

// Seconds that the server has worked.
double worked(tests::RedisServer& server) {
    const std::string info = server.command({"INFO", "cpu"});
    double seconds = 0;
    for (const std::string name : {"\nused_cpu_sys:", "\nused_cpu_user:"}) {
        seconds += std::stod(info.substr(info.find(name) + name.size()));
    }
    return seconds;
}

struct Figures {
    std::vector<double> rate{};
    std::vector<double> redis{};  // microseconds a job
    std::vector<double> p50{};
    std::vector<double> p99{};
};

void measure(Contender& contender, tests::RedisServer& server, std::size_t concurrency,
             Figures& figures) {
    contender.fill();
    const double before = worked(server);
    figures.rate.push_back(contender.jobs_a_second(concurrency));
    figures.redis.push_back((worked(server) - before) * 1e6 / jobs_a_round);
    const Starts starts = contender.starts(concurrency);
    figures.p50.push_back(starts.p50);
    figures.p99.push_back(starts.p99);
}

void print(const char* what, const std::vector<double>& ours, const std::vector<double>& theirs) {
    const double a = bench::percentile(ours, 0.5);
    std::printf("  %-16s %8.0f (%.0f to %.0f)", what, a, std::ranges::min(ours),
                std::ranges::max(ours));
    if (!theirs.empty()) {
        const double b = bench::percentile(theirs, 0.5);
        std::printf(" %8.0f (%.0f to %.0f)   tutti / bullmq %.2f", b, std::ranges::min(theirs),
                    std::ranges::max(theirs), a / b);
    }
    std::printf("\n");
}

}  // namespace

int main() {
    tests::RedisServer server;
    Tutti tutti(server.url());
    std::unique_ptr<BullMq> bull;
    if (std::filesystem::exists(TUTTI_PEERS "/node_modules/bullmq")) {
        bull = std::make_unique<BullMq>(server.url());
    } else {
        std::printf("BullMQ is left out: run `npm ci` in bench/peers first\n");
    }
    std::printf("medians of %d rounds in turns (from least to most): tutti, bullmq\n", rounds);
    for (const std::size_t concurrency :
         {std::size_t{1}, static_cast<std::size_t>(process::Settings{}.worker_concurrency)}) {
        Figures ours;
        Figures theirs;
        for (int round = 0; round < rounds; ++round) {
            measure(tutti, server, concurrency, ours);
            if (bull) measure(*bull, server, concurrency, theirs);
        }
        std::printf("concurrency %zu\n", concurrency);
        print("jobs a second", ours.rate, theirs.rate);
        print("redis, us a job", ours.redis, theirs.redis);
        print("start, p50 us", ours.p50, theirs.p50);
        print("start, p99 us", ours.p99, theirs.p99);
    }
    return 0;
}
