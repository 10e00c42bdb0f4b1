// Workers in processes of their own that die or are stopped at every call of a job, over a real
// Redis that is killed and loses everything. What is counted: every job ends, once; at the
// provider, which is another Redis, each is paid for once at most; what nobody knows is bounded and
// reported.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/jobs/job_runner.hpp"
#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/accident.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::HasSubstr;

constexpr auto lease_length = 400ms;

// The provider counts each call that is billed, and answers a moment later.
class Provider {
public:
    Provider(const std::string& url, Accident& accident)
        : client_(*redis::RedisClient::create({.url = url})), accident_(accident) {}

    Result<std::string> ask(const std::string& job_id) {
        accident_.happen("ask", false);
        const auto billed = client_->command({"HINCRBY", "billed", job_id, "1"}, soon());
        if (!billed) return fail(billed.error());
        std::this_thread::sleep_for(lease_length / 2);
        accident_.happen("ask", true);
        return "\"answer of " + job_id + '"';
    }

private:
    std::unique_ptr<redis::RedisClient> client_;
    Accident& accident_;
};

[[noreturn]] void work(const Urls& urls, const std::string& name, Moment moment) {
    Accident accident(moment);
    Provider provider(urls.outside, accident);
    const auto client = *redis::RedisClient::create({.url = urls.redis});
    const auto waiting = *redis::RedisClient::create({.url = urls.redis, .connections_max = 1});
    jobs::RedisJobSource source(
        *client, *waiting,
        {.queue = "jobs", .leases = {.lease = lease_length, .retry_after = 100ms}, .block = 50ms});
    EndangeredSource endangered(source, accident);
    const jobs::JobRunner runner(
        endangered,
        [&](const jobs::Job& job, const jobs::JobContext& context) -> jobs::JobOutcome {
            const auto answer = context.paid.once("chat", [&] { return provider.ask(job.job_id); });
            if (answer) return jobs::Completed{*answer};
            return jobs::Failed{.cause = answer.error().cause, .retry = true};
        },
        {.worker = name, .concurrency = 3, .lease = lease_length, .block = 100ms});
    while (true) ::pause();
}

class Worker : public Fork {
public:
    Worker(const Urls& urls, const std::string& name, Moment moment = {})
        : Fork([&] { work(urls, name, moment); }) {}
};

class Accidents : public OverRedis {
protected:
    // Made when it is first needed: a worker that is forked before has nothing of it.
    jobs::JobQueue& queue() {
        if (!queue_) {
            client_ = *redis::RedisClient::create({.url = server.url()});
            queue_ = std::make_unique<jobs::RedisJobQueue>(
                *client_, jobs::RedisJobQueue::Options{.queue = "jobs"});
        }
        return *queue_;
    }
    // Its result goes to the bots.
    static jobs::Job asked(const std::string& id, std::vector<std::string> children = {}) {
        jobs::Job made = parent_of(id, std::move(children));
        made.reply = {.channel = "c", .reference = id};
        return made;
    }
    void enqueue(const std::vector<jobs::Job>& jobs) {
        ASSERT_TRUE(eventually([&] { return queue().enqueue(jobs, soon()).has_value(); }));
        for (const jobs::Job& job : jobs) enqueued_.push_back(job.job_id);
    }
    bool all_ended() {
        return std::ranges::all_of(enqueued_, [&](const std::string& id) {
            const auto found = queue().status(id, soon());
            return found && *found && (*found)->ended();
        });
    }
    std::map<std::string, int> announced(const std::string& stream) {
        std::map<std::string, int> times;
        std::istringstream lines(server.command({"XRANGE", stream, "-", "+"}));
        for (std::string line; std::getline(lines, line);) {
            if (line == "jobId" && std::getline(lines, line)) ++times[line];
        }
        return times;
    }
    // Lost 0, twice 0, and what is unknown is reported: such a job has failed, and says why.
    void expect_each_once() {
        const auto ends = announced("jobs:finished");
        std::uint64_t unknown = 0;
        for (const std::string& id : enqueued_) {
            EXPECT_EQ(ends.contains(id) ? ends.at(id) : 0, 1) << id << " ended";
            const std::string billed = outside.command({"HGET", "billed", id});
            EXPECT_TRUE(billed == "1" || billed == "(nil)") << id << " was billed " << billed;
            const auto status = **queue().status(id, soon());
            if (status.status == "completed") {
                EXPECT_EQ(status.result, "\"answer of " + id + '"');
                EXPECT_EQ(billed, "1");
                continue;
            }
            ++unknown;
            EXPECT_THAT(status.error.value_or(""), HasSubstr("nothing is known")) << id;
        }
        for (const auto& [id, times] : announced("job-results")) EXPECT_EQ(times, 1) << id;
        const auto metrics = *queue().metrics(soon());
        EXPECT_LE(unknown, metrics.unknown_paid);
        EXPECT_EQ(metrics.dead, unknown);
        EXPECT_EQ(metrics.active, 0U);
        EXPECT_EQ(metrics.waiting, 0U);
        EXPECT_EQ(server.command({"XLEN", "jobs"}), "0");
        EXPECT_EQ(server.command({"XPENDING", "jobs", "workers"}).substr(0, 1), "0");
        unknown_ = unknown;
    }

    std::vector<std::string> enqueued_;

private:
    std::unique_ptr<redis::RedisClient> client_;
    std::unique_ptr<jobs::RedisJobQueue> queue_;
};

class AtEveryCall : public Accidents, public ::testing::WithParamInterface<Moment> {};

TEST_P(AtEveryCall, TheJobEndsOnceAndIsPaidForOnce) {
    Worker doomed(urls, "doomed", GetParam());
    enqueue({asked("child"), asked("parent", {"child"})});
    ASSERT_TRUE(eventually([&] { return doomed.had_accident(); }));

    const Worker other(urls, "other");

    EXPECT_TRUE(eventually([&] { return all_ended(); }));
    doomed.send(SIGCONT);
    // Both have enough to do that what the doomed one had left to say is said.
    enqueue({asked("1"), asked("2"), asked("3"), asked("4"), asked("5"), asked("6"), asked("7")});
    EXPECT_TRUE(eventually([&] { return all_ended(); }));
    expect_each_once();
    EXPECT_LE(unknown_, 1U);
    if (!leaves_unknown(GetParam(), "ask")) {
        EXPECT_EQ(unknown_, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Jobs, AtEveryCall,
                         ::testing::ValuesIn(moments_at({"claim", "renew", "begin_paid", "ask",
                                                         "store_paid", "children", "end"})),
                         ::testing::PrintToStringParamName());

TEST_F(Accidents, WorkersThatDieAndAServerThatIsKilledLoseNothingAndDoNothingTwice) {
    std::mt19937 random(20'260'821);  // NOLINT: a fixed seed
    std::vector<std::unique_ptr<Worker>> workers;
    int names = 0;
    const auto hire = [&] { return std::make_unique<Worker>(urls, "w" + std::to_string(++names)); };
    for (int i = 0; i < 3; ++i) workers.push_back(hire());

    for (int round = 0; round < 12; ++round) {
        const std::string id = std::to_string(round);
        enqueue({asked("a" + id), asked("b" + id), asked("p" + id, {"a" + id, "b" + id})});
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
        auto& victim = workers[random() % workers.size()];
        switch (round % 4) {
        case 0: victim = hire(); break;
        case 1: victim->send(SIGSTOP); break;
        case 2: server.restart(); break;
        default:
            for (const auto& worker : workers) worker->send(SIGCONT);
        }
    }
    for (const auto& worker : workers) worker->send(SIGCONT);

    EXPECT_TRUE(eventually([&] { return all_ended(); }, 60s));
    expect_each_once();
    std::cout << "of " << enqueued_.size() << " jobs " << unknown_
              << " failed because nothing is known of a paid call\n";
    EXPECT_LE(unknown_, 12U);
}

class ThatForgets : public Accidents, public ::testing::WithParamInterface<const char*> {};

TEST_P(ThatForgets, WhatWorkersHadIsAnnouncedToNobodyAndWhatComesNextIsDone) {
    const Worker one(urls, "one");
    const Worker two(urls, "two");
    enqueue({asked("before-1"), asked("before-2")});
    ASSERT_TRUE(eventually([&] { return outside.command({"HLEN", "billed"}) == "2"; }));

    forget(GetParam());
    enqueued_.clear();
    enqueue({asked("after-1"), asked("after-2"), asked("after-3", {"after-1", "after-2"})});

    EXPECT_TRUE(eventually([&] { return all_ended(); }));
    expect_each_once();
    EXPECT_EQ(unknown_, 0U);
    EXPECT_EQ(announced("jobs:finished").size(), 3U);
    EXPECT_EQ(announced("job-results").size(), 3U);
}
TUTTI_IN_EACH_WAY_TO_FORGET(Jobs, ThatForgets);

}  // namespace
}  // namespace tutti::services
