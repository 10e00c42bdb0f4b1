// Bots in processes of their own that die or are stopped at every step of a delivery, over a real
// Redis that is killed and loses everything. What is counted, in another Redis: every reply is said
// once, or nothing is known of it, which is reported; none is said twice.
#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bot-client/reply_delivery.hpp"
#include "common/jobs/deliveries.hpp"
#include "common/jobs/job_runner.hpp"
#include "integration/api_gateway/support.hpp"
#include "integration/common/jobs/accident.hpp"
#include "integration/common/jobs/job_worlds.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using ::testing::HasSubstr;

constexpr auto lease_length = 400ms;

// A channel and a gateway that count, in a Redis that nobody kills.
class World final : public bot::Sender, public bot::ReplyApi {
public:
    World(const std::string& url, Accident& accident)
        : client_(*redis::RedisClient::create({.url = url})), accident_(accident) {}

    Result<std::string> say(const bot::LaterReply& reply, TimePoint) override {
        return count("say", "said", reply.nonce);
    }
    Result<std::optional<std::string>> find(const bot::LaterReply& reply, TimePoint) override {
        const auto said = client_->command({"HGET", "said", reply.nonce}, soon());
        if (!said) return fail(said.error());
        if (said->kind == redis::RedisReply::Kind::nil) return std::nullopt;
        return std::optional("message of " + reply.nonce);
    }
    bot::GatewayResult<std::string> transcribe(const bot::TranscribeBody&, TimePoint) override {
        return std::unexpected(bot::GatewayFailure{});
    }
    bot::GatewayResult<bool> confirm_delivery(const std::string& job_id, TimePoint) override {
        return count("confirm", "confirmed", job_id).has_value();
    }
    bot::GatewayResult<bot::QueuedReply> generate(const bot::GenerateBody&, const std::string&,
                                                  TimePoint) override {
        return std::unexpected(bot::GatewayFailure{});
    }
    bot::GatewayResult<std::optional<bot::ReplyJob>> read_job(const std::string&,
                                                              TimePoint) override {
        return std::unexpected(bot::GatewayFailure{});
    }

private:
    Result<std::string> count(const char* call, const char* what, const std::string& id) {
        accident_.happen(call, false);
        const auto counted = client_->command({"HINCRBY", what, id, "1"}, soon());
        if (!counted) return fail(counted.error());
        std::this_thread::sleep_for(lease_length / 2);
        accident_.happen(call, true);
        return "message of " + id;
    }

    std::unique_ptr<redis::RedisClient> client_;
    Accident& accident_;
};

void deliver(const Urls& urls, const std::string& name, Moment moment) {
    Accident accident(moment);
    World world(urls.outside, accident);
    bot::AwaitedReplies awaited(world, world, {});
    const bot::ReplyDelivery delivery(world, world, awaited, {});
    const auto client = *redis::RedisClient::create(
        {.url = urls.redis, .reply_bytes_max = jobs::claim_reply_bytes_max});
    const auto waiting = *redis::RedisClient::create({.url = urls.redis, .connections_max = 1});
    auto leases = jobs::delivery_leases(lease_length);
    leases.retry_after = 100ms;
    jobs::RedisJobSource source(*client, *waiting,
                                {.queue = jobs::deliveries_queue, .leases = leases, .block = 50ms});
    EndangeredSource endangered(source, accident);
    const jobs::JobRunner runner(
        endangered,
        [&](const jobs::Job& job, const jobs::JobContext& context) {
            return delivery.deliver(job, context);
        },
        {.worker = name, .concurrency = 3, .lease = lease_length, .block = 100ms});
    while (true) ::pause();
}

class Bot : public Fork {
public:
    Bot(const Urls& urls, const std::string& name, Moment moment = {})
        : Fork([&] { deliver(urls, name, moment); }) {}
};

class BotAccidents : public OverRedis {
protected:
    // Jobs that have ended, as a worker ends them.
    void leave(const std::vector<std::string>& ids) {
        if (!client_) {
            client_ = *redis::RedisClient::create({.url = server.url()});
            waiting_ = *redis::RedisClient::create({.url = server.url(), .connections_max = 1});
        }
        jobs::RedisJobQueue queue(*client_, {.queue = "jobs"});
        jobs::RedisJobSource worker(*client_, *waiting_, {.queue = "jobs", .block = 50ms});
        for (const std::string& id : ids) {
            jobs::Job asked = job(id);
            asked.reply = {.channel = "c", .reference = id};
            ASSERT_TRUE(queue.enqueue(std::vector{asked}, soon()));
            const auto leased = *worker.claim("w", soon());
            ASSERT_TRUE(leased);
            ASSERT_EQ(*worker.end(leased->lease, jobs::Completed{R"({"content":"hi"})"}, soon()),
                      jobs::Hold::held);
            left_.push_back(asked.job_id);
        }
    }
    bool all_ended() { return server.command({"XLEN", jobs::deliveries_queue}) == "0"; }
    std::string counted(const char* what, const std::string& id) {
        return outside.command({"HGET", what, id});
    }
    // Lost 0, twice 0, and what is unknown is reported.
    void expect_each_once() {
        std::uint64_t unsaid = 0;
        for (const std::string& id : left_) {
            const std::string said = counted("said", id);
            EXPECT_TRUE(said == "1" || said == "(nil)") << id << " was said " << said;
            if (said != "1") ++unsaid;
        }
        jobs::RedisJobQueue queue(*client_, {.queue = jobs::deliveries_queue});
        const auto metrics = *queue.metrics(soon());
        EXPECT_LE(unsaid, metrics.dead);
        EXPECT_LE(metrics.dead, metrics.unknown_paid);
        EXPECT_EQ(metrics.waiting + metrics.active, 0U);
        if (metrics.dead > 0) {
            EXPECT_THAT(server.command({"XRANGE", "job-results:dead", "-", "+"}),
                        HasSubstr("nothing is known"));
        }
        unknown_ = metrics.unknown_paid;
        unsaid_ = unsaid;
    }

    std::vector<std::string> left_;
    std::uint64_t unsaid_ = 0;

private:
    std::unique_ptr<redis::RedisClient> client_;
    std::unique_ptr<redis::RedisClient> waiting_;
};

class AtEveryStep : public BotAccidents, public ::testing::WithParamInterface<Moment> {};

TEST_P(AtEveryStep, TheReplyIsSaidOnceOrReportedAsUnknown) {
    Bot doomed(urls, "doomed", GetParam());
    leave({"1"});
    ASSERT_TRUE(eventually([&] { return doomed.had_accident(); }));

    const Bot other(urls, "other");

    // One that was stopped goes on while the other one works.
    if (GetParam().signal == SIGSTOP) {
        std::this_thread::sleep_for(3 * lease_length);
        doomed.send(SIGCONT);
    }
    EXPECT_TRUE(eventually([&] { return all_ended(); }));
    leave({"2", "3", "4"});
    EXPECT_TRUE(eventually([&] { return all_ended(); }));
    expect_each_once();
    EXPECT_LE(unknown_, 1U);
    if (!leaves_unknown(GetParam(), "say")) {
        EXPECT_EQ(unknown_, 0U);
    }
    if (GetParam().signal == SIGSTOP) {
        EXPECT_EQ(unsaid_, 0U) << "it was only late";
    }
}
INSTANTIATE_TEST_SUITE_P(Deliveries, AtEveryStep,
                         ::testing::ValuesIn(moments_at({"claim", "renew", "begin_paid", "say",
                                                         "store_paid", "confirm", "end"})),
                         ::testing::PrintToStringParamName());

TEST_F(BotAccidents, ARedisThatIsKilledLosesNoReply) {
    const Bot one(urls, "one");
    const Bot two(urls, "two");
    leave({"1", "2", "3", "4", "5", "6"});

    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(lease_length / 2);
        server.restart();
    }

    EXPECT_TRUE(eventually([&] { return all_ended(); }, 40s));
    expect_each_once();
    EXPECT_EQ(unsaid_, 0U);
}

class RedisThatForgets : public BotAccidents, public ::testing::WithParamInterface<const char*> {};

TEST_P(RedisThatForgets, WhatComesNextIsSaidOnceAndNothingTwice) {
    const Bot one(urls, "one");
    const Bot two(urls, "two");
    leave({"before-1", "before-2"});
    ASSERT_TRUE(eventually([&] { return outside.command({"HLEN", "said"}) == "2"; }));

    forget(GetParam());
    leave({"after-1", "after-2"});

    EXPECT_TRUE(
        eventually([&] { return all_ended() && outside.command({"HLEN", "said"}) == "4"; }));
    expect_each_once();
    EXPECT_EQ(unsaid_, 0U);
}
TUTTI_IN_EACH_WAY_TO_FORGET(Deliveries, RedisThatForgets);

}  // namespace
}  // namespace tutti::services
