// What a gateway keeps of the ends that it is told of, with a database that a test scripts.
#include "api-gateway/jobs/result_keeper.hpp"

#include <gmock/gmock.h>

#include <map>
#include <mutex>

#include "common/jobs/job_queue_in_process.hpp"
#include "integration/api_gateway/support.hpp"
#include "unit/api_gateway/jobs/one_worker.hpp"

namespace tutti::services::gateway::jobs {
namespace {

using namespace tutti::services::testing;
using services::jobs::Completed;
using services::jobs::Failed;

class Table final : public JobResults {
public:
    Result<void> store(const JobResult& result) override {
        const std::lock_guard lock(mutex_);
        ++tries_;
        if (away_ > 0 && away_-- > 0) return fail(Errc::unavailable, "store", "scripted");
        rows_.emplace(result.job_id, result);
        return {};
    }
    Result<std::optional<JobResult>> find(const std::string& job_id) override {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(job_id);
        return found == rows_.end() ? std::nullopt : std::optional(found->second);
    }
    Result<std::optional<Delivery>> confirm(const std::string&) override { return std::nullopt; }

    void be_away(int tries) {
        const std::lock_guard lock(mutex_);
        away_ = tries;
    }
    int tries() {
        const std::lock_guard lock(mutex_);
        return tries_;
    }

private:
    std::mutex mutex_;
    std::map<std::string, JobResult> rows_;
    int away_ = 0;
    int tries_ = 0;
};

class Keeper : public ::testing::Test {
protected:
    void end(const std::string& id, const services::jobs::JobOutcome& outcome,
             const std::string& channel = "500") {
        const services::jobs::Job job{.job_id = id,
                                      .request_id = "r-" + id,
                                      .name = "llm-generation",
                                      .data = "{}",
                                      .reply = {.channel = channel, .reference = "7"}};
        ASSERT_TRUE(queue.enqueue({&job, 1}, {}));
        ASSERT_TRUE(worker.take());
        worker.finish(id, outcome);
    }
    bool is_kept(const std::string& id) {
        return eventually([&] { return table.find(id)->has_value(); });
    }

    services::jobs::InProcessJobQueue queue;
    OneWorker worker{queue};
    Table table;
    ResultKeeper keeper{queue, table, {.retry = {.first = 1ms, .last = 5ms}}};
    services::jobs::JobSubscription told =
        queue.on_finished([this](const std::string& id) { keeper.job_ended(id); });
};

TEST_F(Keeper, WhatAJobLeftForAChannelIsKept) {
    end("llm-1", Completed{R"({"content":"hi"})"});
    end("llm-2", Failed{.cause = "no model"});

    ASSERT_TRUE(is_kept("llm-1") && is_kept("llm-2"));
    EXPECT_EQ((*table.find("llm-1"))->result, R"({"content":"hi"})");
    EXPECT_EQ((*table.find("llm-1"))->request_id, "r-llm-1");
    EXPECT_EQ((*table.find("llm-2"))->result,
              R"({"requestId":"r-llm-2","success":false,"error":"no model"})");
}

TEST_F(Keeper, WhatIsForNoChannelIsNotKept) {
    end("llm-1", Completed{"{}"}, "");
    end("audio-1", Completed{"{}"});
    end("llm-2", Completed{"{}"});

    ASSERT_TRUE(is_kept("llm-2"));
    EXPECT_EQ(table.tries(), 1);
}

TEST_F(Keeper, ADatabaseThatIsAwayIsTriedAgain) {
    table.be_away(3);

    end("llm-1", Completed{"{}"});

    EXPECT_TRUE(is_kept("llm-1"));
    EXPECT_EQ(table.tries(), 4);
}

TEST_F(Keeper, AStopDoesNotWaitForADatabaseThatIsAway) {
    table.be_away(1'000'000);
    end("llm-1", Completed{"{}"});
    ASSERT_TRUE(eventually([&] { return table.tries() > 0; }));

    const auto began = Boottime::now();
    keeper.stop();

    EXPECT_LT(Boottime::now() - began, 5s);
}

}  // namespace
}  // namespace tutti::services::gateway::jobs
