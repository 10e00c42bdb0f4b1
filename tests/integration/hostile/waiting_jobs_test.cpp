// Jobs that wait for a worker are Redis's memory, not the gateway's: as many as may wait, small
// ones and such that all of them together are ten times what the gateway may have.
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "common/domain/limits.hpp"
#include "common/jobs/job_queue.hpp"
#include "common/process/settings.hpp"
#include "integration/hostile/victim.hpp"
#include "support/redis_server.hpp"

namespace tests {
namespace {

using namespace tutti::services;

constexpr std::size_t small_bytes = 1'000;
constexpr std::size_t large_bytes = 50'000;
static_assert(jobs::job_waiting_max * large_bytes < domain::waiting_bytes_max);

class GatewayWithManyJobs {
public:
    explicit GatewayWithManyJobs(std::size_t message_bytes) : message_(message_bytes, 'x') {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 4; ++i) clients.emplace_back([this] { enqueue(); });
    }

    [[nodiscard]] std::size_t queued() const { return queued_; }
    std::string waiting() {
        return redis_.command({"HGET", process::Settings{}.queue_name + ":figures", "waiting"});
    }
    std::size_t peak_mib() { return victim_.program().peak_mib(); }
    void expect_well() { victim_.expect_well(); }

private:
    void enqueue() {
        for (std::size_t n = next_++; n < jobs::job_waiting_max; n = next_++) {
            http::Request request{.method = "POST", .path = "/ai/generate"};
            request.headers.set("X-Service-Auth", Victim::secret);
            request.body = R"({"personality":{"name":"maestro"},"message":")" + std::to_string(n) +
                           ' ' + message_ + R"(","context":{"userId":"100"}})";
            if (victim_.send(std::move(request)).status == 202) ++queued_;
        }
    }

    RedisServer redis_;
    Victim victim_{ServiceKind::gateway, {{"REDIS_URL", redis_.url()}}};
    const std::string message_;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::size_t> queued_{0};
};

TEST(WaitingJobs, CostTheGatewayNoMemoryThatGrowsWithTheirSize) {
    // Bodies, replies and what an allocator keeps for the threads that handle them.
    constexpr std::size_t growth_mib_max = 24;
    std::size_t peak_with_small_ones = 0;
    {
        GatewayWithManyJobs gateway(small_bytes);
        ASSERT_EQ(gateway.queued(), jobs::job_waiting_max);
        peak_with_small_ones = gateway.peak_mib();
    }

    GatewayWithManyJobs gateway(large_bytes);

    ASSERT_EQ(gateway.queued(), jobs::job_waiting_max);
    EXPECT_EQ(gateway.waiting(), std::to_string(jobs::job_waiting_max));
    EXPECT_LT(gateway.peak_mib(), peak_with_small_ones + growth_mib_max)
        << jobs::job_waiting_max * large_bytes / (1U << 20U) << " MiB wait";
    gateway.expect_well();
    std::cout << "peaks: " << peak_with_small_ones << " and " << gateway.peak_mib() << " MiB\n";
}

}  // namespace
}  // namespace tests
