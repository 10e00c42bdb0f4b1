// Two gateways with databases of their own on one Redis, and a stand-in for OpenRouter that counts.
#pragma once

#include <thread>
#include <vector>

#include "integration/api_gateway/support.hpp"
#include "provider-stand-in/stand_in.hpp"
#include "support/redis_server.hpp"

namespace tutti::services::testing {

class TwoGateways : public GatewayTest {
protected:
    TwoGateways() {
        redis_url_ = redis.url();
        openrouter_url_ = stand_in->url();
    }
    void SetUp() override {}  // each test says what there is before they start
    void TearDown() override {
        second_.reset();
        gateway_.reset();
    }

    void start_one() { start({}); }
    void start_both() {
        start({});
        auto with = options();
        with.name = "api-gateway-2";
        with.database_path = folder_.file("second.db");
        auto started = start_gateway(std::move(with));
        ASSERT_TRUE(started) << started.error().message();
        second_ = *std::move(started);
        second_url_ = "http://127.0.0.1:" + std::to_string(second_->port());
    }

    // `call` on each of `count` threads at once, every other one at the second gateway.
    template <class Call>
    std::vector<http::Response> at_once(std::size_t count, Call call) {
        std::vector<http::Response> responses(count);
        std::vector<std::jthread> threads;
        threads.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            threads.emplace_back([&, i] { responses[i] = call(i % 2 == 0 ? url_ : second_url_); });
        }
        threads.clear();
        return responses;
    }
    void behave(stand_in::ProviderStandIn::Behaviour behaviour) {
        ASSERT_TRUE(stand_in->behave(behaviour));
    }

    tests::RedisServer redis;
    std::unique_ptr<stand_in::ProviderStandIn> stand_in = *stand_in::ProviderStandIn::start({});
    std::unique_ptr<gateway::Gateway> second_;
    std::string second_url_;
};

}  // namespace tutti::services::testing
