// A worker's threads, on the queue in this process and on a real Redis.
#include "common/jobs/job_runner.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// What handlers wait at until the test opens it.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    // False when it was stopped before.
    bool pass(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        ++waiting_;
        const bool passed = changed_.wait(lock, stop, [this] { return open_; });
        --waiting_;
        return passed;
    }
    int waiting() {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool open_ = false;
    int waiting_ = 0;
};

constexpr auto lease = 600ms;

class Runner : public OnBothWorlds {
protected:
    Runner() : OnBothWorlds({.lease = lease, .retry_after = 1ms}) {}

    std::unique_ptr<jobs::JobRunner> run(jobs::JobHandler handler,
                                         jobs::JobRunner::Options options = {}) {
        options.worker = "w" + std::to_string(++workers_);
        options.lease = lease;
        options.block = 100ms;
        return std::make_unique<jobs::JobRunner>(world->source(), std::move(handler), options);
    }
    bool becomes(const std::string& id, const std::string& wanted) {
        return eventually([&] { return status(id).status == wanted; });
    }

private:
    int workers_ = 0;
};
TUTTI_ON_BOTH_WORLDS(Runner);

TEST_P(Runner, EndsJobsWithWhatTheHandlerReturns) {
    ASSERT_TRUE(enqueue({job("1"), job("2")}));

    const auto runner = run([](const jobs::Job& one, const jobs::JobContext&) -> jobs::JobOutcome {
        if (one.job_id == "llm-2") return jobs::Failed{"no"};
        return jobs::Completed{"\"" + one.job_id + "\""};
    });

    EXPECT_TRUE(becomes("llm-1", "completed"));
    EXPECT_TRUE(becomes("llm-2", "failed"));
    EXPECT_EQ(status("llm-1").result, "\"llm-1\"");
    EXPECT_EQ(status("llm-2").error, "no");
    EXPECT_TRUE(eventually([&] { return runner->figures().running == 0; }));
    EXPECT_EQ(runner->figures().attempts, 2U);
    EXPECT_EQ(runner->figures().completed, 1U);
    EXPECT_EQ(runner->figures().failed, 1U);
    EXPECT_TRUE(runner->healthy());
}

TEST_P(Runner, CarriesOutAsManyAtOnceAsItMay) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3"), job("4"), job("5")}));

    const auto runner = run(
        [&](const jobs::Job&, const jobs::JobContext&) -> jobs::JobOutcome {
            gate.pass();
            return jobs::Completed{"{}"};
        },
        {.concurrency = 2});

    EXPECT_TRUE(eventually([&] { return gate.waiting() == 2; }));
    EXPECT_EQ(metrics().waiting, 3U) << "what it cannot begin stays with the queue";
    gate.open();
    EXPECT_TRUE(eventually([&] { return metrics().completed == 5; }));
}

TEST_P(Runner, AJobThatTakesLongerThanALeaseKeepsIt) {
    ASSERT_TRUE(enqueue({job("1")}));
    std::atomic<int> calls{0};
    const auto handler = [&](const jobs::Job&, const jobs::JobContext& context) {
        ++calls;
        std::this_thread::sleep_for(4 * lease);
        EXPECT_FALSE(context.stop.stop_requested());
        return jobs::JobOutcome(jobs::Completed{"{}"});
    };

    const auto first = run(handler);
    ASSERT_TRUE(eventually([&] { return calls == 1; }));
    EXPECT_TRUE(becomes("llm-1", "completed"));

    EXPECT_EQ(calls, 1);
    EXPECT_EQ(first->figures().lost_leases, 0U);
}

TEST_P(Runner, ALostLeaseStopsTheHandlerAndItsOutcomeChangesNothing) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1")}));
    std::atomic<bool> stopped{false};
    const auto runner = run([&](const jobs::Job&, const jobs::JobContext& context) {
        stopped = !gate.pass(context.stop);
        return jobs::JobOutcome(jobs::Completed{"late"});
    });
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));

    world->flush();

    EXPECT_TRUE(eventually([&] { return stopped.load(); }));
    EXPECT_TRUE(eventually([&] { return runner->figures().running == 0; }));
    EXPECT_EQ(runner->figures().lost_leases, 1U);
    EXPECT_EQ(runner->figures().completed, 0U);
    EXPECT_EQ(status("llm-1").status, "(none)");
    ASSERT_TRUE(enqueue({job("2")}));
    gate.open();
    EXPECT_TRUE(becomes("llm-2", "completed")) << "it goes on";
}

TEST_P(Runner, WhatAHandlerThrowsIsAFailureThatIsRetriedAndNotShownToUsers) {
    ASSERT_TRUE(enqueue({job("1")}));
    std::atomic<int> calls{0};

    const auto runner = run([&](const jobs::Job&, const jobs::JobContext& context) {
        EXPECT_EQ(context.attempt, ++calls);
        if (calls < 3) throw std::runtime_error("oops");
        return jobs::JobOutcome(jobs::Failed{.cause = "still not", .retry = true});
    });

    EXPECT_TRUE(becomes("llm-1", "failed"));
    EXPECT_EQ(status("llm-1").error, "still not");
    EXPECT_EQ(metrics().dead, 1U);
}

TEST_P(Runner, AStopGivesJobsBackAndAnotherWorkerBeginsThemAnew) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1"), job("2"), job("3")}));
    auto first = run(
        [&](const jobs::Job&, const jobs::JobContext& context) -> jobs::JobOutcome {
            gate.pass(context.stop);
            return jobs::Failed{.cause = "stopped", .retry = false};
        },
        {.concurrency = 2});
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 2; }));

    EXPECT_EQ(first->stop(Boottime::now() + 5s), 0U);

    EXPECT_EQ(first->figures().given_back, 2U);
    EXPECT_EQ(metrics().waiting, 3U);
    std::mutex mutex;
    std::vector<int> attempts;
    const auto second = run([&](const jobs::Job&, const jobs::JobContext& context) {
        const std::lock_guard lock(mutex);
        attempts.push_back(context.attempt);
        return jobs::JobOutcome(jobs::Completed{"{}"});
    });
    EXPECT_TRUE(eventually([&] { return metrics().completed == 3; }));
    EXPECT_THAT(attempts, ElementsAre(1, 1, 1));
}

TEST_P(Runner, WhatCompletesDuringAStopHasEnded) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1")}));
    auto runner = run([&](const jobs::Job&, const jobs::JobContext& context) {
        gate.pass(context.stop);
        return jobs::JobOutcome(jobs::Completed{"\"just in time\""});
    });
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));

    runner->stop(Boottime::now() + 5s);

    EXPECT_EQ(status("llm-1").result, "\"just in time\"");
    EXPECT_EQ(runner->figures().given_back, 0U);
}

TEST_P(Runner, AHandlerThatDoesNotReturnIsLeftBehindWithoutItsJob) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1")}));
    std::atomic<int> calls{0};
    const auto handler = [&](const jobs::Job&, const jobs::JobContext&) {
        if (++calls == 1) gate.pass();
        return jobs::JobOutcome(jobs::Completed{"\"" + std::to_string(calls.load()) + "\""});
    };
    auto first = run(handler);
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));

    EXPECT_EQ(first->stop(Boottime::now() + 50ms), 1U);

    const auto second = run(handler);
    EXPECT_TRUE(becomes("llm-1", "completed"));
    EXPECT_EQ(status("llm-1").result, "\"2\"");
    gate.open();
    first.reset();
    EXPECT_EQ(status("llm-1").result, "\"2\"");
    EXPECT_EQ(metrics().completed, 1U);
}

TEST_P(Runner, AStopWithoutJobsIsQuick) {
    auto runner = run([](const jobs::Job&, const jobs::JobContext&) {
        return jobs::JobOutcome(jobs::Completed{"{}"});
    });

    const auto begin = Boottime::now();
    EXPECT_EQ(runner->stop(begin + 10s), 0U);
    EXPECT_EQ(runner->stop(begin + 10s), 0U);

    EXPECT_LT(Boottime::now() - begin, 3s);
}

TEST_P(Runner, TheDeadlineOfAJobStopsItsHandler) {
    Gate never;
    ASSERT_TRUE(enqueue({job("1")}));

    const auto runner = run(
        [&](const jobs::Job&, const jobs::JobContext& context) -> jobs::JobOutcome {
            EXPECT_FALSE(never.pass(context.stop));
            EXPECT_GE(Boottime::now(), context.deadline);
            return jobs::Failed{"took too long"};
        },
        {.job_deadline = 100ms});

    EXPECT_TRUE(becomes("llm-1", "failed"));
}

// A callback of the handler's may do what it likes, also ask the runner.
TEST_P(Runner, NoLockIsHeldWhileAStopCallsTheHandlersCallbacks) {
    Gate gate;
    ASSERT_TRUE(enqueue({job("1")}));
    std::unique_ptr<jobs::JobRunner> runner;
    std::atomic<bool> asked{false};
    std::atomic<bool> set{false};
    runner = run([&](const jobs::Job&, const jobs::JobContext& context) {
        (void)eventually([&] { return set.load(); });
        const std::stop_callback callback(context.stop,
                                          [&] { asked = runner->figures().running == 1; });
        gate.pass(context.stop);
        return jobs::JobOutcome(jobs::Failed{"stopped"});
    });
    set = true;
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));

    runner->stop(Boottime::now() + 5s);

    EXPECT_TRUE(asked);
}

TEST_P(Runner, AParentsHandlerSeesHowItsChildrenEnded) {
    ASSERT_TRUE(enqueue({job("a"), job("b"), parent_of("p", {"a", "b"})}));

    const auto runner =
        run([](const jobs::Job& one, const jobs::JobContext& context) -> jobs::JobOutcome {
            if (one.job_id == "llm-a") return jobs::Completed{"\"A\""};
            if (one.job_id == "llm-b") return jobs::Failed{"no such picture"};
            std::string seen;
            for (const auto& child : context.children) {
                const auto* completed = std::get_if<jobs::Completed>(&child.outcome);
                seen += child.job_id + '=' +
                        (completed != nullptr ? completed->result
                                              : std::get<jobs::Failed>(child.outcome).cause) +
                        ' ';
            }
            return jobs::Completed{seen};
        });

    EXPECT_TRUE(becomes("llm-p", "completed"));
    EXPECT_EQ(status("llm-p").result, "llm-a=\"A\" llm-b=no such picture ");
}

TEST_P(Runner, WhatAPaidCallAnsweredIsNotPaidForAgain) {
    ASSERT_TRUE(enqueue({job("1")}));
    std::atomic<int> paid{0};

    const auto runner = run([&](const jobs::Job&, const jobs::JobContext& context) {
        const auto answer = context.paid.once("vision-0", [&] {
            ++paid;
            return Result<std::string>("a cat");
        });
        EXPECT_EQ(answer, "a cat");
        if (context.attempt < 3) throw std::runtime_error("after the answer");
        return jobs::JobOutcome(jobs::Completed{*answer});
    });

    EXPECT_TRUE(becomes("llm-1", "completed"));
    EXPECT_EQ(paid, 1);
    EXPECT_EQ(metrics().unknown_paid, 0U);
}

TEST_P(Runner, APaidCallThatMayHaveBeenBilledIsNotMadeAgainAndOneThatWasNotIs) {
    ASSERT_TRUE(enqueue({job("refused"), job("cut")}));
    std::atomic<int> refused{0};
    std::atomic<int> cut{0};

    const auto runner =
        run([&](const jobs::Job& one, const jobs::JobContext& context) -> jobs::JobOutcome {
            const bool may_be_billed = one.job_id == "llm-cut";
            const auto answer = context.paid.once("chat", [&]() -> Result<std::string> {
                if (may_be_billed) {
                    ++cut;
                    return fail(Errc::timeout, "ask", "no answer");
                }
                if (++refused < 3) return fail(Errc::unavailable, "ask", "no connection");
                return "hi";
            });
            if (answer) return jobs::Completed{*answer};
            if (may_be_billed && context.attempt > 1) {
                EXPECT_EQ(answer.error().code, Errc::suspect);
            }
            return jobs::Failed{.cause = answer.error().cause, .retry = true};
        });

    EXPECT_TRUE(becomes("llm-refused", "completed"));
    EXPECT_TRUE(becomes("llm-cut", "failed"));
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(cut, 1);
    EXPECT_EQ(metrics().unknown_paid, 1U);
    EXPECT_THAT(*status("llm-cut").error, HasSubstr("nothing is known"));
}

class RedisRunner : public ::testing::Test {
protected:
    std::unique_ptr<jobs::JobRunner> run(jobs::JobHandler handler) {
        return std::make_unique<jobs::JobRunner>(
            world.source(), std::move(handler),
            jobs::JobRunner::Options{.worker = "w", .lease = 2s, .block = 300ms});
    }
    static jobs::JobHandler completes() {
        return [](const jobs::Job&, const jobs::JobContext&) {
            return jobs::JobOutcome(jobs::Completed{"{}"});
        };
    }
    bool is_completed(const std::string& id) {
        const auto found = world.queue().status(id, soon());
        return found && *found && (*found)->status == "completed";
    }

    RedisJobs world{{.lease = 2s},
                    {.config = {"appendonly yes", "appendfsync always"}, .password = {}}};
};

TEST_F(RedisRunner, IsRedWithinTwoBlockingTimesOfAServerThatDoesNotAnswerAndGreenAgain) {
    const auto runner = run(completes());
    ASSERT_TRUE(eventually([&] { return runner->figures().last_read_age < 200ms; }));
    EXPECT_TRUE(runner->healthy());

    world.server.pause();
    const auto paused_at = Boottime::now();
    EXPECT_TRUE(eventually([&] { return !runner->healthy(); }));
    EXPECT_LT(Boottime::now() - paused_at, 800ms);
    EXPECT_GE(runner->figures().last_read_age, 600ms);

    world.server.resume();
    EXPECT_TRUE(eventually([&] { return runner->healthy(); }));
}

TEST_F(RedisRunner, AHandlerThatWorksIsNoSilence) {
    Gate gate;
    const auto runner = std::make_unique<jobs::JobRunner>(
        world.source(),
        [&](const jobs::Job&, const jobs::JobContext&) {
            gate.pass();
            return jobs::JobOutcome(jobs::Completed{"{}"});
        },
        jobs::JobRunner::Options{.worker = "w", .concurrency = 1, .lease = 2s, .block = 50ms});
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));
    std::this_thread::sleep_for(200ms);

    EXPECT_TRUE(runner->healthy());
    gate.open();
    EXPECT_TRUE(eventually([&] { return is_completed("llm-1"); }));
    EXPECT_TRUE(runner->healthy());
}

TEST_F(RedisRunner, TheEndOfAJobBringsTheNextOne) {
    for (const char* id : {"1", "2", "3"}) {
        ASSERT_TRUE(world.queue().enqueue(std::vector{job(id)}, soon()));
    }
    std::vector<std::string> tokens;
    const jobs::JobRunner runner(
        world.source(),
        [&](const jobs::Job& job, const jobs::JobContext&) {
            tokens.push_back(world.server.command({"HGET", "jobs:job:" + job.job_id, "token"}));
            return jobs::JobOutcome(jobs::Completed{"{}"});
        },
        {.worker = "w",
         .concurrency = 1,
         .lease = 2s,
         .block = 300ms,
         .make_token = [n = 0]() mutable { return "by an end " + std::to_string(++n); }});

    ASSERT_TRUE(eventually([&] { return runner.figures().completed == 3; }));

    EXPECT_THAT(tokens, ElementsAre(Not(HasSubstr("by an end")), "by an end 1", "by an end 2"));
    EXPECT_EQ(runner.figures().attempts, 3U);
}

TEST_F(RedisRunner, AnEndThatTheServerDidNotAnswerIsRepeatedUntilItDoes) {
    Gate gate;
    const auto runner = run([&](const jobs::Job&, const jobs::JobContext&) {
        gate.pass();
        return jobs::JobOutcome(jobs::Completed{"{}"});
    });
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));
    ASSERT_TRUE(eventually([&] { return gate.waiting() == 1; }));

    world.server.kill();
    gate.open();
    std::this_thread::sleep_for(100ms);
    world.server.start();

    EXPECT_TRUE(eventually([&] { return is_completed("llm-1"); }));
    EXPECT_TRUE(eventually([&] { return runner->figures().completed == 1U; }));
    EXPECT_EQ(runner->figures().attempts, 1U);
}

TEST_F(RedisRunner, GoesOnAfterOutagesShorterAndLongerThanABlock) {
    const auto runner = run(completes());
    int next = 0;
    const auto works = [&] {
        const std::string id = std::to_string(++next);
        EXPECT_TRUE(eventually(
            [&] { return world.queue().enqueue(std::vector{job(id)}, soon()).has_value(); }));
        EXPECT_TRUE(eventually([&] { return is_completed("llm-" + id); })) << id;
    };
    works();

    for (const auto outage : {20ms, 700ms}) {
        world.server.kill();
        std::this_thread::sleep_for(outage);
        world.server.start();
        works();
        world.server.pause();
        std::this_thread::sleep_for(outage);
        world.server.resume();
        works();
    }
    world.flush();
    works();
    EXPECT_TRUE(runner->healthy());
}

TEST_F(RedisRunner, LeavesNothingBehindInTheGroup) {
    auto runner = run(completes());
    ASSERT_TRUE(world.queue().enqueue(std::vector{job("1")}, soon()));
    ASSERT_TRUE(eventually([&] { return is_completed("llm-1"); }));

    runner->stop(Boottime::now() + 5s);

    EXPECT_EQ(world.server.command({"XINFO", "CONSUMERS", "jobs", "workers"}), "");
}

}  // namespace
}  // namespace tutti::services
